"""The programme without channels: real store and turns, a hand-set clock, and people who speak."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bot.carrier.book import Move
from bot.carrier.feed import Report, Taken
from bot.channels.channel import Inbound
from bot.credits.credit_book import TurnedCredits
from bot.credits.decisions import Decisions
from bot.credits.sealing import seal_acts
from bot.keys import Keys
from bot.terms import Terms
from bot.turns.conversations import Conversations
from bot.turns.house import House
from bot.turns.intake import TurnedReports
from bot.turns.routing import Lanes
from bot.turns.timers import Timers
from bot.turns.turn import Turns
from flows.campaign import Campaign
from flows.credit import CreditState
from flows.customer import Channel, Customer
from flows.events import AppInstalled, Event, Feed, PortalRegistered, VideoWatched
from messages.wording import Wordbook
from storage.changes import Decision, SetWatermark
from storage.memory import CreditRow, Key
from storage.postgres.store import PostgresStore
from storage.reading import Dossier
from storage.sqlite.store import SqliteStore
from storage.store import Store
from tests.cast import ALICE, NOON, TERMS

WORDS = {"de": "JA", "en": "JOIN"}


@dataclass(slots=True)
class HandClock:
    """A clock that moves when it is told to."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


@dataclass(slots=True)
class ProgrammeHouse:
    """Everything that answers events; `pokes` counts how often workers were woken."""

    store: Store
    house: House
    clock: HandClock
    pokes: int = 0
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    name: str = ""  # where there are several

    def poke(self) -> None:
        """Count."""
        self.pokes += 1

    @property
    def turns(self) -> Turns:
        return Turns(self.store, self.house, self.poke)

    @property
    def conversations(self) -> Conversations:
        return Conversations(self.store, self.house, self.poke)

    @property
    def credits(self) -> TurnedCredits:
        return TurnedCredits(self.store, self.house, self.poke)

    @property
    def reports(self) -> TurnedReports:
        return TurnedReports(self.store, self.house, self.poke)

    @property
    def decisions(self) -> Decisions:
        return Decisions(self.store, self.house, self.poke)

    @property
    def timers(self) -> Timers:
        return Timers(self.store, self.turns, self.clock)

    # --- what people do

    async def invite(self, customer: Customer = ALICE) -> None:
        """Invite a customer."""
        await self.turns.invite(customer, is_held_out=False)

    async def say(self, text: str, customer: Customer = ALICE) -> None:
        """Let a customer write."""
        number = f"{self.name}m{next(self.numbers)}"
        address = customer.contacts[0].address
        await self.conversations.heard(Inbound("sms", number, address, text, self.clock()))

    async def join(self, customer: Customer = ALICE) -> None:
        """Invite a customer who joins and consents."""
        await self.invite(customer)
        word = WORDS[customer.language]
        await self.say(word, customer)
        await self.say(word, customer)

    async def report(self, event: Event, customer: Customer = ALICE) -> Taken:
        """Let the operator report an event."""
        name = f"{self.name}e{next(self.numbers)}"
        kind = type(event).__name__
        told = Report("test", name, kind, customer.number, event.at, event, name.encode())
        return await self.reports.happened(told)

    async def do_steps(self, customer: Customer = ALICE) -> None:
        """Let a customer do all three steps now."""
        at = self.clock()
        for event in (
            PortalRegistered(at=at),
            VideoWatched(at=at, share=1),
            AppInstalled(at=at),
        ):
            await self.report(event, customer)

    async def book(self, step: str, customer: Customer = ALICE) -> None:
        """Let the operator take and book a credit."""
        for state in (CreditState.REQUESTED, CreditState.ACCEPTED, CreditState.CONFIRMED):
            await self.move(step, state, customer)

    async def move(self, step: str, to: CreditState, customer: Customer = ALICE) -> None:
        """Bring a credit into another state."""
        await self._move(await self.credit(step, customer), to)

    async def take_back(self, step: str, customer: Customer = ALICE) -> None:
        """Let the operator take back a credit that somebody has reversed."""
        known = (await self.dossier(customer)).memory.credits
        [back] = [credit.id for credit in known if credit.step == step and credit.takes_back]
        for state in (CreditState.REQUESTED, CreditState.CONFIRMED):
            known = (await self.dossier(customer)).memory.credits
            [seen] = [credit for credit in known if credit.id == back]
            await self._move(seen, state)

    async def _move(self, seen: CreditRow, to: CreditState) -> None:
        step = seen.step
        name = f"T-{step}" if to not in (CreditState.REQUESTED, CreditState.UNKNOWN) else None
        moved = await self.credits.move(
            Move(seen=seen, to=to, at=self.clock(), provider_id=name, poll_at=self.clock())
        )
        assert moved, (seen, to)

    # --- what is looked at

    async def dossier(self, customer: Customer = ALICE) -> Dossier:
        """Read everything about a customer."""
        dossier = await self.store.dossier(customer.number)
        assert dossier is not None
        return dossier

    async def credit(self, step: str, customer: Customer = ALICE) -> CreditRow:
        """Read one credit."""
        known = (await self.dossier(customer)).memory.credits
        [credit] = [credit for credit in known if credit.step == step and not credit.takes_back]
        return credit

    async def lines(self, customer: Customer = ALICE) -> list[str]:
        """Name what was said to a customer, in order."""
        return [message.line for message in (await self.dossier(customer)).messages]

    # --- time

    async def feeds(self, until: datetime, *feeds: Feed) -> None:
        """Say that feeds are complete up to a moment; without a name all of them."""
        marks = tuple(SetWatermark(feed, until) for feed in feeds or tuple(Feed))
        await self.store.turn(Key(), lambda _: Decision(None, marks))

    async def pass_time(self, days: float) -> None:
        """Let due wakes happen, one after the other, until so many days have passed."""
        end = self.clock() + timedelta(days=days)
        while (due := await self.timers.tick()) is not None and due <= end:
            self.clock.at = max(due, self.clock())
        self.clock.at = end
        await self.timers.tick()


@asynccontextmanager
async def programme_house(
    folder: Path,
    terms: Campaign = TERMS,
    clock: HandClock | None = None,
    url: str | None = None,
) -> AsyncIterator[ProgrammeHouse]:
    """Open a house with its database in a folder, or in the PostgreSQL of this address."""
    clock = clock or HandClock()
    tokens = itertools.count()
    store: Store = await (PostgresStore.open(url) if url else SqliteStore.open(folder / "bot.db"))
    house = House(
        terms=Terms(terms, {terms.version: terms}),
        wordbook=Wordbook.load(terms),
        lanes=Lanes(((Channel.SMS, "sms"), (Channel.TELEGRAM, "telegram"))),
        keys=Keys(b"key", lambda: f"token{next(tokens):017}"),
        clock=clock,
    )
    try:
        await seal_acts(store, house.keys)
        yield ProgrammeHouse(store, house, clock)
    finally:
        await store.close()
