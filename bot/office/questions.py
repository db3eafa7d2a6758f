"""Questions are answered in the managers' chat: by a reply to the card, a button, or /answer.

Each act is one turn that remembers the manager's message, changes the question, and queues both
what the customer and what the manager gets: whatever is killed in between, it happens once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from bot.broadcasting.telling import to_manager
from bot.channels.channel import Inbound, Message, Place
from bot.office.question_acts import Asked, answered, commanded, is_plain
from bot.office.question_cards import (
    MARK,
    choices,
    name_of_taker,
    number_of,
    queue,
    taker_of,
)
from bot.office.question_places import QuestionPlaces
from bot.setting_values import Role
from bot.turns.composing import Composition
from bot.turns.house import House
from bot.turns.routing import choose
from flows.broadcast import BroadcastError
from flows.customer import Address, Channel
from flows.effects import Purpose, Say
from flows.lines import PersonAnswered
from messages.segments import count
from storage.changes import (
    AnswerQuestion,
    Audit,
    Change,
    CloseRequest,
    Decision,
    Remember,
    TakeQuestion,
)
from storage.memory import InboxKey, Key, Memory, QuestionRow
from storage.store import Store

MOST_LISTED = 20
MOST_SEGMENTS = 10


class _Refused(Exception):
    """The act is not done; the message says why."""


@dataclass(frozen=True, slots=True)
class QuestionDesk:
    """Lets managers answer questions. `team` is what customers read where no name is known."""

    broadcasts: Broadcasts
    team: str = "Team"

    @property
    def store(self) -> Store:
        """What is kept."""
        return self.broadcasts.store

    @property
    def house(self) -> House:
        """What every turn needs."""
        return self.broadcasts.house

    async def heard(self, actor: Actor, inbound: Inbound) -> bool:
        """Do what a manager wants with a question; False if it is about something else."""
        asked = await self._asked(actor, inbound)
        if asked is None:
            return False
        act = asked.act
        try:
            await self.broadcasts.authority.allow(actor, Role.MANAGER, f"question {act}", "")
        except BroadcastError as error:
            refused = Message(f"⛔ {escape(str(error))}")
            await self._once(inbound, Key(), lambda _: (refused, ()))
            return True
        if act == "list":
            waiting = await self.store.questions.waiting(MOST_LISTED)
            told = Message(queue(waiting, self.house.terms.current.zone))
            await self._once(inbound, Key(), lambda _: (told, ()))
        elif act in ("here", "private"):
            await self._settle(inbound, act)
        elif act == "answer" and not asked.text:
            await self._begin(actor, inbound, asked.number)
        else:
            await self._act(actor, inbound, asked)
        return True

    async def _asked(self, actor: Actor, inbound: Inbound) -> Asked | None:
        """Find out what is wanted: an act by name, or the words that an act waits for."""
        asked = commanded(inbound)
        if asked is not None or not is_plain(inbound):
            return asked
        begun = await self.store.get(_begun_by(actor))
        return answered(inbound, number_of(begun) if begun else None)

    async def _settle(self, inbound: Inbound, act: str) -> None:
        """Show questions in this group from now on, or in the managers' own chats again."""
        places = QuestionPlaces(self.store)
        if act == "private":
            await places.adopt(None)
            told = Message("Questions come to each manager's own chat from now on.")
        elif inbound.place is None:
            told = Message("Write /here in the managers' group to have questions there.")
        else:
            await places.adopt(inbound.place)
            how = ", a topic for each customer" if inbound.place.is_forum else ""
            told = Message(f"Questions come here from now on{how}. /private takes that back.")
        await self._once(inbound, Key(), lambda _: (told, ()))

    async def _begin(self, actor: Actor, inbound: Inbound, number: int) -> None:
        """Wait for the answer: the next thing that this manager writes."""
        question = await self.store.questions.question(number)
        if question is None:
            told = Message(f"There is no question Q{number}.")
        else:
            await self.store.put(_begun_by(actor), str(number))
            told = Message(
                f"{MARK} Q{number} · your answer to customer {escape(question.customer)}? Reply"
                f" to this message. It is sent as you write it, signed"
                f" {escape(self._name(inbound))}. /questions stops this."
            )
        await self._once(inbound, Key(), lambda _: (told, ()))

    async def _act(self, actor: Actor, inbound: Inbound, asked: Asked) -> None:
        number = asked.number

        def decide(memory: Memory) -> tuple[Message, tuple[Change, ...]]:
            question = memory.question
            if question is None:
                return Message(f"⛔ There is no question Q{number}."), ()
            try:
                return _ACT[asked.act](self, memory, question, actor, inbound, asked.text)
            except _Refused as why:
                return Message(f"⛔ {escape(str(why))}"), ()

        await self._once(inbound, Key(request=number), decide)
        # Behind the turn: a message that comes again after a crash must find its question again.
        await self.store.put(_begun_by(actor), "")

    # --- what can be done, each as changes and what the manager is told

    def answer(
        self, memory: Memory, question: QuestionRow, actor: Actor, inbound: Inbound, text: str
    ) -> tuple[Message, tuple[Change, ...]]:
        """Send the customer an answer, once: whoever comes second learns who was first."""
        _refuse_second(question, actor)
        assert memory.customer is not None  # noqa: S101 - a question is somebody's
        now, name = self.house.clock(), self._name(inbound)
        turn = Composition(self.house, memory, memory.customer, now)
        to = self._way_to(memory, question)
        line = PersonAnswered(text, name)
        length = count(turn.word(line, to).text) if to.channel is Channel.SMS else None
        if length is not None and length.segments > MOST_SEGMENTS:
            most = f"at most {MOST_SEGMENTS}"
            raise _Refused(f"That is {length.segments} SMS, {most}. Nothing was sent.")
        turn.tell(Say(line, Purpose.ANSWER), to)
        kept = AnswerQuestion(question.request, question.customer, name, text, now)
        is_taken = question.state == "taken"
        closed = () if is_taken else (CloseRequest(question.request, now, actor.name),)
        how = f"{length.segments} SMS" if length else "Telegram"
        told = f"✔ Q{question.request}: your answer is on its way to the customer ({how})."
        after = replace(question, answered_by=name, answered_at=now)
        after = after if is_taken else replace(after, closed_at=now)
        noted = self._noted(actor, "answer", question)
        return Message(told, choices(after)), (*turn.changes, kept, *closed, noted)

    def take(
        self, memory: Memory, question: QuestionRow, actor: Actor, inbound: Inbound, text: str
    ) -> tuple[Message, tuple[Change, ...]]:
        """Let whatever the customer writes reach this manager, and not the bot."""
        del text
        if question.state == "taken" and taker_of(question) != actor.id:
            raise _Refused(f"Q{question.request} is taken by {name_of_taker(question)}.")
        told = (
            f"Q{question.request} is yours, {escape(self._name(inbound))}: what the customer writes"
            " comes to you, and the bot is silent but for its words of command."
        )
        by = f"{actor.id} {self._name(inbound)}"
        after = replace(question, taken_by=by, closed_at=None)
        taken = TakeQuestion(question.request, by)
        return Message(told, choices(after)), (taken, self._noted(actor, "take", question))

    def back(
        self, memory: Memory, question: QuestionRow, actor: Actor, inbound: Inbound, text: str
    ) -> tuple[Message, tuple[Change, ...]]:
        """Give a question back: the bot answers again, and everybody may."""
        del memory, inbound, text
        if question.state != "taken":
            raise _Refused(f"Q{question.request} is taken by nobody.")
        now, number = self.house.clock(), question.request
        is_answered = question.answered_at is not None and question.answered_at >= question.asked_at
        closed = (CloseRequest(number, now, actor.name),) if is_answered else ()
        after = replace(question, taken_by=None, closed_at=now if is_answered else None)
        state = "closed" if is_answered else "open for everybody again"
        told = Message(f"Q{number} is {state}, and the bot answers.", choices(after))
        return told, (
            TakeQuestion(number, None),
            *closed,
            self._noted(actor, "hand back", question),
        )

    def close(
        self, memory: Memory, question: QuestionRow, actor: Actor, inbound: Inbound, text: str
    ) -> tuple[Message, tuple[Change, ...]]:
        """Let a question wait no longer, with or without an answer."""
        del memory, inbound, text
        number, now = question.request, self.house.clock()
        if question.closed_at is not None:
            raise _Refused(f"Q{number} is {question.state} already.")
        changes = (TakeQuestion(number, None), CloseRequest(number, now, actor.name))
        return Message(f"Q{number} is closed."), (*changes, self._noted(actor, "close", question))

    # --- what all have in common

    async def _once(
        self,
        inbound: Inbound,
        key: Key,
        decide: Callable[[Memory], tuple[Message, tuple[Change, ...]]],
    ) -> None:
        """Do something and tell the manager, in one turn; a repeated message repeats nothing."""
        inbox, now = InboxKey(inbound.source, inbound.provider_id), self.house.clock()

        def turn(memory: Memory) -> Decision[None]:
            if memory.seen is not None:
                return Decision(None)
            told, changes = decide(memory)
            place = inbound.place or Place(inbound.address)
            message = replace(told, callback=inbound.callback, thread=place.thread)
            row = to_manager(self.house, place.chat, message)
            return Decision(None, (Remember(inbox, b"", "", now), *changes, row))

        await self.store.turn(replace(key, inbox=inbox), turn)
        self.broadcasts.poke()

    def _way_to(self, memory: Memory, question: QuestionRow) -> Address:
        """Answer where it was asked, or where the customer can be reached if that is closed."""
        assert memory.customer is not None  # noqa: S101 - a question is somebody's
        asked_at = memory.customer.contact(question.address)
        is_open = asked_at is not None and asked_at.blocked_at is None
        if is_open and self.house.lanes.lane(question.address.channel) is not None:
            return question.address
        other = choose(memory.customer, Purpose.ANSWER, self.house.lanes)
        if other is None:
            raise _Refused(f"Q{question.request}: the customer can be reached nowhere any more.")
        return other.address

    def _name(self, inbound: Inbound) -> str:
        return inbound.sender.strip() or self.team

    def _noted(self, actor: Actor, act: str, question: QuestionRow) -> Audit:
        alias = self.house.keys.alias(question.customer)
        about = f"question {question.request} of customer {alias}"
        return Audit(self.house.clock(), actor.name, f"question {act}", about)


_ACT = {
    "answer": QuestionDesk.answer,
    "take": QuestionDesk.take,
    "back": QuestionDesk.back,
    "close": QuestionDesk.close,
}


def _refuse_second(question: QuestionRow, actor: Actor) -> None:
    """Refuse an answer where somebody else was first."""
    name = f"Q{question.request}"
    if question.state == "taken" and taker_of(question) != actor.id:
        raise _Refused(f"{name} is taken by {name_of_taker(question)}. Nothing was sent.")
    if question.state == "answered":
        raise _Refused(
            f"{name} was answered by {question.answered_by}. Nothing was sent;"
            " take it over if there is more to say."
        )
    if question.state == "closed":
        raise _Refused(f"{name} is closed. Nothing was sent.")


def _begun_by(actor: Actor) -> str:
    return f"answering.{actor.id}"
