"""Suggestions tell managers once a week which words found no topic, as wishes for new ones.

Words are counted without who said them, the first times by a keyed hash alone, for a name may be
among them; those that few used are forgotten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from html import escape

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from bot.broadcasting.telling import to_manager
from bot.channels.channel import Message
from bot.setting_values import Role
from bot.turns.inquiries import LOOKS_BACK, MOST_HASHED, VEIL, VEILED_TIMES, monday_of
from flows.calendar import at_wall, next_open
from flows.customer import Address
from storage.changes import Decision, Remember
from storage.memory import InboxKey, Key, Memory
from storage.questions import Questions, Unfound

MOST = 10
_KEPT = timedelta(weeks=12)
_WEEK = timedelta(weeks=1)


async def suggested(questions: Questions, now: datetime) -> tuple[Unfound, ...]:
    """List the words of the last weeks that found no topic, the most frequent first."""
    counted = await questions.unfound(monday_of(now) - LOOKS_BACK, 1, MOST_HASHED)
    plain = [one for one in counted if not one.word.startswith(VEIL)]
    return tuple(replace(one, asked=one.asked + VEILED_TIMES) for one in plain[:MOST])


@dataclass(slots=True)
class Suggesting:
    """Tells the managers on Monday, when the office opens; `roles` are theirs by Telegram id."""

    broadcasts: Broadcasts
    roles: Mapping[str, Role]
    _told: date | None = None  # for which week, as far as this process knows

    async def tick(self) -> datetime | None:
        """Tell what last week brought, once."""
        now = self.broadcasts.house.clock()
        monday = monday_of(now)
        opens = self._opens(monday)
        if now < opens:
            return opens
        if self._told != monday:
            if await self.broadcasts.store.get("suggestions.told") != monday.isoformat():
                await self._tell(monday, now)
            self._told = monday
        return self._opens(monday + _WEEK)

    def _opens(self, monday: date) -> datetime:
        terms = self.broadcasts.house.terms.current
        midnight = at_wall(datetime.combine(monday, datetime.min.time()), terms.zone)
        office, land = terms.help, terms.messages.land
        return next_open(
            midnight, terms.zone, office.hours, saturdays=office.saturdays, land=land
        ).astimezone(UTC)

    async def _tell(self, monday: date, now: datetime) -> None:
        store, house = self.broadcasts.store, self.broadcasts.house
        words = await suggested(store.questions, now)
        inbox = InboxKey("suggestions", monday.isoformat())
        rows = [to_manager(house, to, _message(words)) for to in self._managers()] if words else []

        def decide(memory: Memory) -> Decision[None]:
            if memory.seen is not None:
                return Decision(None)
            return Decision(None, (Remember(inbox, b"", "", now), *rows))

        await store.turn(Key(inbox=inbox), decide)
        await store.questions.forget_unfound(monday - _KEPT, (monday - _WEEK, VEILED_TIMES))
        await store.put("suggestions.told", monday.isoformat())
        self.broadcasts.poke()

    def _managers(self) -> tuple[Address, ...]:
        able = (i for i, role in self.roles.items() if Actor(i, role, i).may(Role.MANAGER))
        return tuple(Address(f"telegram:{id_}") for id_ in able)


def _message(words: Sequence[Unfound]) -> Message:
    rows = [
        f"{escape(one.word)} – {one.asked} times, nearest: {escape(one.topic) or 'none'}"
        for one in words
    ]
    head = "💡 <b>Asked for and not found</b>, in the last weeks. A topic for it, or more phrases?"
    return Message("\n".join([head, *rows]))
