"""Questions are shown to managers as they come: whole the first time, then what is added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from bot.broadcasting.telling import to_manager
from bot.channels.channel import Message, Place
from bot.office.question_cards import card, note, taker_of
from bot.office.question_places import OpenTopic, QuestionPlaces, no_topic
from bot.setting_values import Role
from flows.customer import Address
from storage.changes import Decision, Remember, ShowWords
from storage.memory import InboxKey, Key, Memory, QuestionRow
from storage.questions import Words

AT_A_TIME = 50
LAST_SAID = 3  # messages of ours on a card


@dataclass(frozen=True, slots=True)
class QuestionShowing:
    """Brings to the managers what customers ask; `roles` are theirs by Telegram id."""

    broadcasts: Broadcasts
    roles: Mapping[str, Role]
    open_topic: OpenTopic = no_topic

    async def tick(self) -> datetime | None:
        """Show what nobody was shown yet."""
        if not self._all_managers():
            return None
        rows = await self.broadcasts.store.questions.to_show(AT_A_TIME)
        rows = tuple(sorted(rows, key=lambda words: (words.request, words.id)))
        for request, words in groupby(rows, key=lambda words: words.request):
            await self._show(request, tuple(words))
        return None

    async def _show(self, request: int, new: Sequence[Words]) -> None:
        question = await self.broadcasts.store.questions.question(request)
        if question is None:
            return
        message, to = await self._message(question, new), await self._recipients(question)
        # Whoever shows the same words beside us stops here.
        inbox, now = InboxKey("question", str(new[0].id)), self.broadcasts.house.clock()

        def decide(memory: Memory) -> Decision[None]:
            shown = tuple(ShowWords(words.id, now) for words in new)
            if memory.seen is not None:
                return Decision(None, shown)
            house = self.broadcasts.house
            rows = [to_manager(house, at.chat, replace(message, thread=at.thread)) for at in to]
            return Decision(None, (Remember(inbox, b"", "", now), *shown, *rows))

        await self.broadcasts.store.turn(Key(inbox=inbox), decide)
        self.broadcasts.poke()

    async def _message(self, question: QuestionRow, new: Sequence[Words]) -> Message:
        store, zone = self.broadcasts.store, self.broadcasts.house.terms.current.zone
        said = await store.questions.words(question.request)
        is_known = any(not w.author and w.id < new[0].id for w in said)
        if question.state == "taken" or (is_known and question.answered_at is None):
            return note(question, "\n".join(words.text for words in new))
        dossier = await store.dossier(question.customer)
        last = await store.latest_messages(question.customer, LAST_SAID)
        journey = dossier.memory.journey if dossier is not None else None
        return card(question, journey, said, tuple(reversed(last)), zone)

    async def _recipients(self, question: QuestionRow) -> tuple[Place, ...]:
        """Show it in the group, else to whoever has taken it over or to all who may answer."""
        places = QuestionPlaces(self.broadcasts.store, self.open_topic)
        alias = self.broadcasts.house.keys.alias(question.customer)
        place = await places.of(alias, f"Q{question.request}")
        if place is not None:
            return (place,)
        taker = taker_of(question)
        ids = (taker,) if taker in self.roles else self._all_managers()
        return tuple(Place(Address(f"telegram:{id_}")) for id_ in ids)

    def _all_managers(self) -> tuple[str, ...]:
        return tuple(
            id_ for id_, role in self.roles.items() if Actor(id_, role, id_).may(Role.MANAGER)
        )
