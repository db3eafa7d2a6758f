"""Inquiries: what a free text is about, found before its turn, with the fact that answers it.

Ranking only calculates, but a live fact has to be waited for, and a turn must not wait. What was
found is checked again in the turn: an inquiry is a finding, not a decision.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from bot.channels.channel import Inbound
from bot.turns.house import House
from flows.customer import Channel, Customer
from flows.events import Heard
from flows.helping import OFFER_LASTS, topic_of
from flows.intent import Intent, Remark
from flows.journey import Journey, Stage
from flows.lines import FactMissing, Line
from messages.folding import fold
from messages.hearing import Spoken, understand
from messages.remarks import remark_on
from messages.topics import Clear, Fact, Several, Topics, choose
from storage.changes import CountUnfound, Decision
from storage.memory import Key, Memory, QuestionRow
from storage.store import Store

FREE = (Intent.QUESTION, Intent.MAYBE_OPT_OUT)
STATUS = "status"  # beside the topics: what a fact is told for
VEIL = "#"  # before the hash of a word that few have used
VEILED_TIMES = 2  # so often a word is counted without being known
LOOKS_BACK = timedelta(weeks=3)  # and this week
MOST_HASHED = 10_000
_LONGEST_STATUS = 40  # characters
_PICK = re.compile(r"(?:nr|no|nummer|number|antwort|answer|option)?\W*([1-9])\W*")
_OWN_LINE_IS_OVER = (Stage.NEW, Stage.HELD_OUT, Stage.ENDED)


class Facts(Protocol):
    """Who can tell a live fact about a customer."""

    def knows(self, fact: Fact) -> bool:
        """Tell whether there is such a fact at all."""

    async def about(self, customer: Customer, fact: Fact) -> Line | None:
        """Tell it, or that it cannot be told now; None where there is no such fact."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a text was found to be about. `told` is the fact read for `told_for`."""

    topic: str | None = None
    offered: tuple[str, ...] = ()
    pick: int | None = None
    remark: Remark | None = None
    nearest: str = ""
    words: tuple[str, ...] = ()
    told: Line | None = None
    told_for: str | None = None


NOTHING = Inquiry()


@dataclass(frozen=True, slots=True)
class _Who:
    """Who wrote, at an address that is proven to be theirs."""

    customer: Customer
    journey: Journey


@dataclass(frozen=True, slots=True)
class Inquiries:
    """Looks into what is heard."""

    store: Store
    house: House
    facts: Facts | None = None

    @property
    def topics(self) -> Topics:
        """What can be asked about."""
        return self.house.wordbook.topics

    async def look(self, inbound: Inbound, spoken: Spoken) -> Inquiry | None:
        """Find what a free text, a topic's button or STATUS is about; None for all else."""
        if inbound.code is not None or inbound.is_start or inbound.proven_phone is not None:
            return None
        if inbound.intent is not None:
            intent = inbound.intent
        else:
            language = self.house.wordbook.languages[0]
            intent = understand(spoken, language).intent
        is_short = len(inbound.text) <= _LONGEST_STATUS
        if intent is Intent.STATUS and self.facts is not None and is_short:
            is_told = self.facts.knows(Fact.VOLUME)
            return await self._status(inbound, self.facts) if is_told else None
        if intent not in FREE:
            return None
        who = await self._who(inbound)
        return await self._look(inbound, who) if who is not None else None

    async def _status(self, inbound: Inbound, facts: Facts) -> Inquiry | None:
        who = await self._who(inbound)
        if who is None or not who.journey.is_member:
            return None
        told = await facts.about(who.customer, Fact.VOLUME)
        # STATUS asks for more than the volume: what cannot be told is left out.
        return None if isinstance(told, FactMissing) else Inquiry(told=told, told_for=STATUS)

    async def _look(self, inbound: Inbound, who: _Who) -> Inquiry:
        found = self._found(inbound, who.journey.language)
        if found.words:
            return replace(found, words=await self._countable(found.words))
        heard = Heard(
            at=self.house.clock(),
            intent=Intent.QUESTION,
            channel=inbound.address.channel,
            topic=found.topic,
            pick=found.pick,
        )
        meant = topic_of(who.journey, heard)
        topic = self.topics.known(meant, who.journey.language) if meant else None
        if topic is None or topic.fact is None or self.facts is None:
            return found
        told = await self.facts.about(who.customer, topic.fact)
        return replace(found, told=told, told_for=meant)

    def _found(self, inbound: Inbound, language: str) -> Inquiry:
        """Rank a text; a button's topic and a typed title need no ranking."""
        named = inbound.topic or self.topics.titled(inbound.text)
        if named is not None:
            known = self.topics.known(named, language)
            return Inquiry(topic=named) if known else NOTHING
        if (pick := _PICK.fullmatch(fold(inbound.text).strip())) is not None:
            return Inquiry(pick=int(pick[1]))
        ranked = self.topics.find(inbound.text, language)
        match choose(ranked):
            case Clear(topic):
                return Inquiry(topic=topic)
            case Several(topics):
                return Inquiry(offered=topics)
            case _:
                nearest = ranked[0].topic if ranked else ""
                remark = remark_on(inbound.text, self.topics)
                words = self.topics.telling(inbound.text)
                return Inquiry(remark=remark, nearest=nearest, words=words)

    async def _countable(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Count words by keyed hash, for a name may be among them; plainly from the third on."""
        since = monday_of(self.house.clock()) - LOOKS_BACK
        known = await self.store.questions.unfound(since, VEILED_TIMES, MOST_HASHED)
        often = {one.word for one in known}
        hashed = {word: VEIL + self.house.keys.seal("unfound", word) for word in words}
        return (*hashed.values(), *(word for word, hash_ in hashed.items() if hash_ in often))

    async def _who(self, inbound: Inbound) -> _Who | None:
        """Find whose proven address this is; a fact is told to nobody else."""

        def decide(memory: Memory) -> Decision[_Who | None]:
            customer, journey = memory.customer, memory.journey
            if customer is None or journey is None or journey.stage in _OWN_LINE_IS_OVER:
                return Decision(None)
            is_theirs = customer.contact(inbound.address) is not None
            is_proven = inbound.address.channel in (Channel.SMS, Channel.TELEGRAM)
            return Decision(_Who(customer, journey) if is_theirs and is_proven else None)

        return await self.store.turn(Key(address=inbound.address), decide)


def fact_for(inquiry: Inquiry, journey: Journey, heard: Heard) -> Line | None:
    """Give the fact that was read, if the turn still sees in the text what the inquiry saw."""
    if inquiry.told is None:
        return None
    if inquiry.told_for == STATUS:
        is_meant = heard.intent is Intent.STATUS and journey.is_member
    else:
        is_meant = heard.intent in FREE and topic_of(journey, heard) == inquiry.told_for
    return inquiry.told if is_meant and not heard.is_attended else None


def is_attended(question: QuestionRow | None) -> bool:
    """Tell whether a person of ours has taken the customer over."""
    return question is not None and question.state == "taken"


def follows_answer(question: QuestionRow | None, now: datetime) -> bool:
    """Tell whether a person of ours has answered so lately that this may belong to it."""
    answered_at = question.answered_at if question is not None else None
    return answered_at is not None and now < answered_at + OFFER_LASTS


def unfound(inquiry: Inquiry, now: datetime) -> tuple[CountUnfound, ...]:
    """Count what nothing was found for, by its telling words and without who asked."""
    if not inquiry.words or inquiry.remark is not None:
        return ()
    return (CountUnfound(monday_of(now), inquiry.words, inquiry.nearest),)


def monday_of(at: datetime) -> date:
    """Give the Monday of a week."""
    return at.date() - timedelta(days=at.weekday())
