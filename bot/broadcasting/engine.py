"""The engine of broadcasts: plans recipients in chunks, feeds the outbox by a valve, and finishes.

It keeps nothing in memory but when it last looked: whatever is killed, and whenever, the next tick
goes on where the database stands.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from html import escape

from bot.broadcasting.broadcasts import Broadcasts
from bot.broadcasting.telling import to_manager
from bot.broadcasting.texts import Facts, render, text_for
from bot.channels.channel import Choice, Message
from bot.turns.personal_links import PersonalLinks
from bot.turns.routing import BROADCAST_PRIORITY, choose, leaves_to
from bot.turns.saying import encode
from flows.broadcast import BroadcastState, Reason
from flows.customer import Address, Channel, Customer
from flows.effects import Purpose
from flows.journey import Stage
from messages.segments import count
from storage.broadcasts import Audience, BroadcastRow, Compose, Composed
from storage.changes import Audit, Decision, Enqueue, MintLink
from storage.memory import Key, Memory

VALVE = 1000  # rows of one broadcast that wait in the outbox at most
PATIENCE = timedelta(days=3)  # after which a text is stale
AGAIN = timedelta(seconds=1)
LATEST = timedelta(hours=12)  # behind its hour; then a person says whether it still makes sense
CHUNKS = 20  # planned before the outbox is looked after again
ENGINE = "engine"
BROADCAST = "Broadcast"


@dataclass(frozen=True, slots=True)
class BroadcastEngine:
    """A worker: every tick does what can be done now."""

    broadcasts: Broadcasts
    clock: Callable[[], datetime]
    rests: dict[int, datetime] = field(default_factory=dict)

    async def tick(self) -> datetime | None:
        """Work on every broadcast; tell when there is more to do."""
        keeper = self.broadcasts.keeper
        dues = []
        for number in await keeper.at_work():
            row = await keeper.find(number)
            if row is not None:
                dues.append(await self._work_on(row))
        return min((due for due in dues if due is not None), default=None)

    async def _work_on(self, row: BroadcastRow) -> datetime | None:
        match row.state:
            case BroadcastState.SCHEDULED:
                return await self._begin(row)
            case BroadcastState.RUNNING:
                return await self._run(row)
            case BroadcastState.CANCELLED:
                while await self.broadcasts.keeper.withdraw(row.id):
                    pass
                return None
            case _:
                return None

    async def _begin(self, row: BroadcastRow) -> datetime | None:
        now, starts_at = self.clock(), row.starts_at or self.clock()
        if starts_at > now:
            return starts_at
        if now - starts_at > LATEST:
            why = f"its hour passed on {starts_at:%Y-%m-%d}, and nobody worked; resume or cancel"
            await self._move(row, BroadcastState.SCHEDULED, BroadcastState.PAUSED, why)
            return None
        await self._move(row, BroadcastState.SCHEDULED, BroadcastState.RUNNING, "its hour has come")
        return now

    async def _run(self, row: BroadcastRow) -> datetime | None:
        now, until = self.clock(), self.rests.get(row.id)
        if row.is_planned and until is not None and now < until <= now + AGAIN:
            return until  # every turn of a customer wakes us, and there is no hurry
        self.rests[row.id] = now + AGAIN
        keeper, audience = self.broadcasts.keeper, self.broadcasts.previews.audience(row)
        reason = await self._alarm(row)
        if reason:
            await self._move(row, BroadcastState.RUNNING, BroadcastState.PAUSED, reason)
            return None
        compose, is_planning = self.composing(row), True
        while is_planning:
            is_planning = await self._plan(row.id, audience)
            fed = 0
            while more := await keeper.feed(row.id, compose, VALVE, self.clock()):
                fed += more
            if fed:  # a poke for nothing would keep the others from resting
                self.broadcasts.poke()
        return await self._rest(row)

    async def _plan(self, number: int, audience: Audience) -> bool:
        """Plan some chunks, each in a transaction, so that turns come in between."""
        for _ in range(CHUNKS):
            if not await self.broadcasts.keeper.plan(number, audience):
                return False
        return True

    async def _rest(self, row: BroadcastRow) -> datetime | None:
        """Finish once all recipients have come to an end; else tell when to look again."""
        keeper, now = self.broadcasts.keeper, self.clock()
        counts, stands = await keeper.counts(row.id), await keeper.find(row.id)
        left = counts.states.get("planned", 0) + counts.states.get("claimed", 0)
        if stands is not None and stands.is_planned and left == 0:
            await self._move(row, BroadcastState.RUNNING, BroadcastState.DONE, "")
            return None
        due = await keeper.next_unsent(row.id)
        return max(due, now + AGAIN) if due else now + AGAIN

    async def _alarm(self, row: BroadcastRow) -> str:
        """Say why a broadcast must not go on by itself; empty if it may."""
        counts = await self.broadcasts.keeper.counts(row.id)
        if row.draft.limit is not None and counts.planned > row.draft.limit:
            return f"more than the limit of {row.draft.limit} recipients"
        rule = self.broadcasts.house.terms.current.broadcasts
        seen = await self.broadcasts.keeper.lately(row.id, rule.watched)
        return rule.alarm(seen.sent, seen.failed, seen.opted_out)

    async def _move(
        self, row: BroadcastRow, before: BroadcastState, to: BroadcastState, reason: str
    ) -> None:
        now = self.clock()

        def moved(found: BroadcastRow) -> tuple[BroadcastRow, tuple[Audit, ...]]:
            if found.state is not before:
                return found, ()
            ended = now if to is BroadcastState.DONE else found.ended_at
            kept = reason if to is BroadcastState.PAUSED else ""
            audit = Audit(now, ENGINE, f"broadcast {to}", f"B{row.id}: {reason}".removesuffix(": "))
            return replace(found, state=to, reason=kept, ended_at=ended), (audit,)

        await self.broadcasts.keeper.move(row.id, moved)
        if to in (BroadcastState.PAUSED, BroadcastState.DONE):
            await self._tell_author(row, to, reason)

    async def _tell_author(self, row: BroadcastRow, to: BroadcastState, reason: str) -> None:
        """Tell who drafted it; who has no Telegram looks at `show`."""
        if not (
            row.draft.author.isdecimal() and self.broadcasts.house.lanes.lane(Channel.TELEGRAM)
        ):
            return
        message = Message(
            escape(f"B{row.id} is {to}" + (f": {reason}." if reason else ".")),
            (Choice("Show", command=f"show:B{row.id}"),),
        )
        chat, about = Address(f"telegram:{row.draft.author}"), f"B{row.id} {to} {self.clock()}"
        told = to_manager(self.broadcasts.house, chat, message, Purpose.NOTICE, about)
        await self.broadcasts.store.turn(Key(), lambda _: Decision(None, (told,)))
        self.broadcasts.poke()

    # --- one recipient

    def composing(self, row: BroadcastRow) -> Compose:
        """Make the function that words a broadcast for one customer."""

        def compose(memory: Memory, attempt: int) -> Composed | str:
            reason = _closed(memory)
            if reason is not None or memory.customer is None:
                return reason or Reason.NO_ADDRESS
            return self._composed(row, memory, memory.customer, attempt)

        return compose

    def _composed(
        self, row: BroadcastRow, memory: Memory, customer: Customer, attempt: int
    ) -> Composed | str:
        house, now = self.broadcasts.house, self.clock()
        contact = choose(customer, Purpose.REMINDER, house.lanes)
        lane = house.lanes.lane(contact.address.channel) if contact else None
        if contact is None or lane is None:
            return _no_way(customer)
        terms, channel = house.terms.current, contact.address.channel
        language = memory.journey.language if memory.journey else customer.language
        text = render(
            text_for(row.draft.texts, language, terms.messages.languages),
            _facts(memory, customer),
            channel,
        )
        due = leaves_to(customer, Purpose.REMINDER, now, terms)
        if due is None:
            return Reason.RECENTLY_CONTACTED
        message, links = self._message(text, customer, channel)
        enqueue = Enqueue(
            lane=lane,
            priority=BROADCAST_PRIORITY,
            recipient=contact.address.uri,
            line=BROADCAST,
            body=encode(message),
            due=due,
            created_at=now,
            customer=customer.number,
            use_by=due + PATIENCE,
            cost=count(text).segments if channel is Channel.SMS else 1,
            about=f"B{row.id}/{customer.number}/{attempt}",
        )
        return Composed(enqueue, links)

    def _message(
        self, text: str, customer: Customer, channel: Channel
    ) -> tuple[Message, tuple[MintLink, ...]]:
        """Make the message; an e-mail has a subject and a way out by one click."""
        if channel is not Channel.EMAIL:
            return Message(text), ()
        house = self.broadcasts.house
        links = PersonalLinks(house, customer, self.clock())
        subject, way_out = house.terms.current.operator.brand, links.unsubscribe
        minted = tuple(link for link in links.minted if isinstance(link, MintLink))
        return Message(text, subject=subject, unsubscribe=way_out), minted


def _closed(memory: Memory) -> str | None:
    """Tell why somebody must not be written to any more, whatever was planned."""
    journey = memory.journey
    if journey is None:
        return Reason.NO_CONSENT
    if journey.stage is Stage.HELD_OUT:
        return Reason.HELD_OUT
    return Reason.OPTED_OUT if journey.is_silent else None


def _no_way(customer: Customer) -> str:
    if not customer.contacts:
        return Reason.NO_ADDRESS
    is_opted_out = any(contact.opted_out_at for contact in customer.contacts)
    return Reason.OPTED_OUT if is_opted_out else Reason.BLOCKED


def _facts(memory: Memory, customer: Customer) -> Facts:
    kept = (c for c in memory.credits if c.state == "confirmed" and not c.takes_back)
    confirmed = sum(c.megabytes for c in kept)
    months = memory.journey.months_told if memory.journey else 0
    return Facts(customer.number, months, confirmed, dict(customer.attributes))
