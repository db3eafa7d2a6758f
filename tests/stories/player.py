"""Plays stories against the real sandbox: store, turns, relay, carrier over HTTP, a hand-set clock.

Only the machine's clock is missing: time stands still but for what a story lets pass, and for a
moment after each act in which the bot may answer.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.applications import Starlette

from bot.app import Stage, open_stage
from bot.channels.simulator_phones import Opened, chat_of, plain
from bot.channels.simulator_screens import Direction
from bot.clock import Clock
from bot.premises import Premises, open_premises
from bot.sandbox.sandbox import BOT_NAME
from bot.settings import Settings
from bot.stories import (
    Act,
    At,
    Cast,
    Happens,
    Invited,
    OpensLink,
    Reads,
    Silent,
    Stands,
    Story,
    Taps,
    Waits,
    Writes,
    exact_span,
    says,
)
from bot.turns.journal import first_broken, recompute
from bot.web.simulator_desk import Standing
from bot.web.simulator_reports import make_report
from flows.customer import Address, Basis, Channel, Contact, Customer
from storage.store import Store
from tests.bot.carrier.serving import served
from tests.cast import ALICE, BABAK, CAROL, HEDY, NOON, STRANGER

A_MOMENT = "PT2S"  # in which the bot answers
PHONES = {
    "Alice": ALICE.contacts[0].address,
    "Babak": BABAK.contacts[0].address,
    "Carol": CAROL.contacts[0].address,
    "Hedy": HEDY.contacts[0].address,
    "Stranger": STRANGER,
}


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the bot as it stood on the phone when it came."""

    at: datetime
    channel: Channel
    text: str
    buttons: tuple[str, ...]


@dataclass(slots=True)
class Player:
    """One person in front of the stage; `said` is everything the bot ever told them."""

    stage: Stage
    premises: Premises
    customer: Customer
    said: list[Said] = field(default_factory=list)
    read: dict[Channel, int] = field(default_factory=dict)  # how much of it, by channel
    new: int = 0  # from where on it was said since the last act
    seen: set[tuple[int, str]] = field(default_factory=set)
    events: int = 0

    @property
    def phone(self) -> Address:
        """Give the number."""
        return self.customer.contacts[0].address

    async def play(self, acts: tuple[Act, ...]) -> None:
        """Do one act after the other; a claim that does not hold fails with its line."""
        for act in acts:
            match act:
                case Reads() | Silent() | Stands():
                    await self._check(act)
                case _:
                    self.new = len(self.said)
                    await self._do(act)
                    self.look()

    async def _do(self, act: Act) -> None:
        mover, phones, now = self.stage.mover, self.stage.sandbox.phones, self.premises.clock()
        match act:
            case At(moment):
                assert moment >= now, f"{act}: it is {now} already"
                await mover.advance(exact_span(moment - now))
            case Waits(span, feeds):
                await mover.advance(span, feeds=feeds)
            case Invited():
                await self.premises.turns.invite(self.customer, is_held_out=False)
            case Writes(text, Channel.SMS):
                await self.premises.conversations.heard(phones.type_sms(self.phone, text, now))
            case Writes(text):
                inbound = phones.type_telegram(chat_of(self.phone), text, now)
                await self.premises.conversations.heard(inbound)
            case OpensLink():
                inbound = phones.type_telegram(chat_of(self.phone), self.newest_link(), now)
                await self.premises.conversations.heard(inbound)
            case Taps(label):
                await self._tap(label, now)
            case Happens(kind, told):
                await self._happen(kind, dict(told), now)
            case _:
                raise AssertionError(f"nobody knows how to play {act}")
        await mover.advance(A_MOMENT, feeds=False)

    async def _tap(self, label: str, now: datetime) -> None:
        phones, chat = self.stage.sandbox.phones, chat_of(self.phone)
        inbound = phones.tap(chat, label, now, self.phone)
        if not isinstance(inbound, Opened):
            await self.premises.conversations.heard(inbound)

    async def _happen(self, kind: str, told: dict[str, object], now: datetime) -> None:
        self.events += 1
        concerns = kind.partition(".")[0] not in ("feed", "incident")
        number = self.customer.number if concerns else None
        report = make_report(kind, number, told, now, lambda: f"event-{self.events}")
        await self.stage.sandbox.desk(self.stage.mover).operations.happened(report)

    def newest_link(self) -> str:
        """Find the newest link into Telegram."""
        found = [word for said in self.said for word in said.text.split() if "start=" in word]
        assert found, "no link was ever sent"
        return found[-1]

    def look(self) -> None:
        """Note what the bot said; a message that changed in its place has said something new."""
        fresh: list[Said] = []
        for shown in self.stage.sandbox.phones.screen(self.phone):
            entry = shown.entry
            if entry.direction is Direction.OUT and (shown.id, entry.text) not in self.seen:
                self.seen.add((shown.id, entry.text))
                channel, buttons = entry.address.channel, tuple(c.label for c in entry.choices)
                text = plain(entry.text) if channel is Channel.TELEGRAM else entry.text
                fresh.append(Said(entry.at, channel, text, buttons))
        self.said.extend(sorted(fresh, key=lambda said: said.at))

    async def _check(self, act: Act) -> None:
        match act:
            case Reads(fragment, channel):
                self._read(fragment, channel)
            case Silent():
                assert self.said[self.new :] == [], "the bot was to be silent"
            case Stands(state):
                assert (await self.standing()).state == state
            case _:
                raise AssertionError(f"{act} claims nothing")

    def _read(self, fragment: str, channel: Channel) -> None:
        start = self.read.get(channel, 0)
        for n, said in enumerate(self.said[start:], start):
            if said.channel is channel and says(said.text, fragment):
                self.read[channel] = n + 1
                return
        told = "\n".join(f"  {s.at:%d.%m. %H:%M} {s.channel} {s.text}" for s in self.said[-6:])
        raise AssertionError(f"not said by {channel}: {fragment}\nlately:\n{told}")

    async def standing(self) -> Standing:
        """Tell where the customer stands, as the sandbox shows it."""
        people = self.stage.sandbox.desk(self.stage.mover).people
        found = await people.standing(self.customer.number)
        assert found is not None
        return found


async def check_books(store: Store, premises: Premises, customer: str) -> None:
    """Check what must hold for everybody at any time: journal, wakes and ledger agree."""
    dossier = await store.dossier(customer)
    if dossier is None:
        return
    memory = dossier.memory
    assert memory.customer is not None
    assert memory.journey is not None
    terms = premises.terms.of(memory.journey)
    again = recompute(customer, memory.customer.language, dossier.journal, terms)
    assert again == memory.journey
    assert first_broken(dossier.journal) is None
    slots = [wake.slot for wake in dossier.wakes]
    assert len(slots) == len(set(slots))
    assert sum(megabytes for book in dossier.ledger for _, megabytes in book.entries) == 0
    delivered = f"delivered:{customer}"
    booked = sum(mb for book in dossier.ledger for name, mb in book.entries if name == delivered)
    assert booked == memory.journey.credited_megabytes


def starts_at(story: Story) -> datetime:
    """Give the moment that a story begins with."""
    at = next((act.moment for act in story.acts if isinstance(act, At)), NOON)
    return at.astimezone(UTC)


def played_by(cast: Cast) -> Customer:
    """Give the person of the cast, with the story's language."""
    known = {c.contacts[0].address: c for c in (ALICE, BABAK, CAROL, HEDY)}
    phone = PHONES[cast.name]
    somebody = Customer("100099", cast.language, Basis.CONSENT, (Contact(phone),))
    return replace(known.get(phone, somebody), language=cast.language)


@asynccontextmanager
async def on_stage(
    folder: Path, clock: Clock, campaign: Path | None = None, database: str | None = None
) -> AsyncIterator[tuple[Stage, Premises, str]]:
    """Open the sandbox in a folder, its doors and its pretend operator served on loopback.

    Its database is a file there, unless the address of another is given.
    """
    app = Starlette()
    async with served(app) as url:
        settings = Settings(
            database_url=SecretStr(database or f"sqlite:///{folder}/bot.db"),
            port=urlsplit(url).port or 0,
            campaign=campaign,
        )
        assert settings.is_sandbox, "credentials in the environment reach the tests"

        async def name(_: Store) -> str | None:
            return BOT_NAME

        async with (
            open_premises(settings, clock, name) as premises,
            open_stage(settings, premises) as stage,
        ):
            app.mount("/", stage.app)
            yield stage, premises, url


async def play(
    story: Story, folder: Path, campaign: Path | None = None, database: str | None = None
) -> Player:
    """Play a whole story; the books are checked at its end."""
    at = starts_at(story)
    async with on_stage(folder, lambda: at, campaign, database) as (stage, premises, _):
        player = Player(stage, premises, played_by(story.cast))
        await player.play(story.acts)
        await check_books(premises.store, premises, player.customer.number)
        return player
