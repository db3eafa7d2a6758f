"""A small house: the premises over a real SQLite file and a hand-set clock; no worker runs."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path

import msgspec
from pydantic import SecretStr

from bot.carrier.feed import Happening, Report, Taken
from bot.carrier.happenings import PREFIX
from bot.channels.channel import Inbound, Message
from bot.premises import Premises, open_premises
from bot.settings import Settings
from bot.turns.journal import first_broken, recompute
from bot.turns.personal_links import revealed
from bot.turns.timers import Timers
from flows.customer import Address, Customer
from flows.events import AppInstalled, Event, PortalRegistered, VideoWatched
from flows.journey import Journey
from flows.standing import state_of, step_of
from storage.changes import Change, Decision, PutCustomer, PutJourney
from storage.memory import CreditRow, Key
from storage.reading import Dossier, MessageRow
from storage.store import Store
from tests.bot.relay_bench import HandClock
from tests.cast import ALICE

TELEGRAM_BOT = "statt_hotline_bot"
IDS = count(1)  # no id comes twice, not even after a restart


@dataclass(slots=True)
class SmallHouse:
    """The premises, and everything that may happen to them."""

    premises: Premises
    clock: HandClock
    folder: Path

    @property
    def store(self) -> Store:
        return self.premises.store

    @property
    def now(self) -> datetime:
        return self.premises.clock()

    # --- what happens

    async def invite(self, customer: Customer = ALICE, *, is_held_out: bool = False) -> str:
        return await self.premises.turns.invite(customer, is_held_out=is_held_out)

    def said(self, text: str, address: Address = ALICE.contacts[0].address) -> Inbound:
        """Make a message with an id of its own."""
        return Inbound("phone", f"M{next(IDS)}", address, text, self.now)

    async def hear(self, text: str, address: Address = ALICE.contacts[0].address) -> Inbound:
        """Let somebody write."""
        inbound = self.said(text, address)
        await self.premises.conversations.heard(inbound)
        return inbound

    async def join(self, customer: Customer = ALICE) -> None:
        """Let somebody be invited and consent."""
        await self.invite(customer)
        for _ in range(2):
            await self.hear("JA", customer.contacts[0].address)

    async def do_all_steps(self, customer: str = ALICE.number) -> None:
        """Let a member do the three steps."""
        for event in (PortalRegistered, AppInstalled):
            await self.report(event(at=self.now), customer)
        await self.report(VideoWatched(at=self.now, share=1), customer)

    def told(
        self, what: Happening | None, customer: str | None = ALICE.number, name: str = ""
    ) -> Report:
        """Make a report of the operator; its digest follows from what it says."""
        at = what.at if isinstance(what, Event) else self.now
        digest = sha256(repr((what, customer)).encode()).digest()
        name = name or f"R{next(IDS)}"
        return Report("crm", name, f"{PREFIX}x.v1", customer, at, what, digest)

    async def report(
        self, what: Happening | None, customer: str | None = ALICE.number, name: str = ""
    ) -> Taken:
        """Let the operator report something."""
        return await self.premises.reports.happened(self.told(what, customer, name))

    async def change(self, *changes: Change) -> None:
        """Change something as a turn would."""
        await self.store.turn(Key(), lambda _: Decision(None, changes))

    async def put(self, customer: Customer, journey: Journey) -> None:
        """Put somebody into the middle of the programme."""
        journey = replace(journey, customer=customer.number)
        terms = self.premises.terms.of(journey)
        state, step = state_of(journey, terms).value, step_of(journey, terms)
        put = PutJourney(journey, state, step, journey.months_told, self.now)
        await self.change(PutCustomer(customer, self.now), put)

    async def pass_time(self, length: timedelta) -> None:
        """Let time pass and ring whatever became due, once it is over."""
        self.clock.at += length
        await Timers(self.store, self.premises.turns, self.premises.clock).tick()

    # --- what became of it

    async def dossier(self, customer: str = ALICE.number) -> Dossier:
        found = await self.store.dossier(customer)
        assert found is not None
        return found

    async def journey(self, customer: str = ALICE.number) -> Journey:
        journey = (await self.dossier(customer)).memory.journey
        assert journey is not None
        return journey

    async def credit(self, step: str, customer: str = ALICE.number) -> CreditRow:
        [credit] = [c for c in (await self.dossier(customer)).memory.credits if c.step == step]
        return credit

    async def messages(self, customer: str = ALICE.number) -> Sequence[MessageRow]:
        """List what was said, as it leaves: with the tokens that no stored text holds."""
        rows = sorted((await self.dossier(customer)).messages, key=lambda row: row.id)
        keys = self.premises.keys
        return [replace(row, body=revealed(row.body, keys)) for row in rows]

    async def lines(self, customer: str = ALICE.number) -> list[str]:
        """Name what was put into the outbox, in order."""
        return [row.line for row in await self.messages(customer)]

    async def check(self, customer: str = ALICE.number) -> None:
        """Check that the journal gives the journey, and holds together."""
        dossier = await self.dossier(customer)
        memory = dossier.memory
        assert memory.customer is not None
        terms = self.premises.terms.of(memory.journey)
        again = recompute(customer, memory.customer.language, dossier.journal, terms)
        assert again == memory.journey
        assert first_broken(dossier.journal) is None

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Look into the file, as nobody in the house does."""
        with closing(sqlite3.connect(self.folder / "bot.db")) as db:
            return db.execute(query).fetchall()

    def counts(self) -> dict[str, int]:
        """Count the rows of every table."""
        tables = self.rows("select name from sqlite_schema where type = 'table' order by name")
        return {
            str(name): int(str(self.rows(f"select count(*) from {name}")[0][0]))  # noqa: S608
            for (name,) in tables
        }


def words_of(row: MessageRow) -> str:
    """Read the text of a message."""
    return msgspec.json.decode(row.body, type=Message).text


@asynccontextmanager
async def small_house(
    folder: Path, campaign: Path | None = None, clock: HandClock | None = None
) -> AsyncIterator[SmallHouse]:
    """Open a house in a folder, or the one that stands there again."""
    hand = clock or HandClock()
    database = SecretStr(f"sqlite:///{folder}/bot.db")
    settings = Settings(database_url=database, campaign=campaign)

    async def name(_: Store) -> str | None:
        return TELEGRAM_BOT

    async with open_premises(settings, hand, name) as premises:
        yield SmallHouse(premises, hand, folder)
