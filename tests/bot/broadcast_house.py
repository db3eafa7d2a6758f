"""A programme with broadcasts: people, managers, an engine, and a provider that bills."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import msgspec

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from bot.broadcasting.engine import BroadcastEngine
from bot.channels.channel import Message
from bot.setting_values import Role
from flows.campaign import Campaign
from flows.customer import Address, Basis, Channel, Contact, Customer
from flows.journey import Journey, Stage
from messages.segments import count
from storage.changes import Decision, PutCustomer, PutJourney
from storage.memory import Key
from storage.outbox import Claim, OutboxState, Permit, Settle, at_once
from tests.bot.programme_house import HandClock, ProgrammeHouse, programme_house
from tests.cast import TERMS

MONA = Actor("9001", Role.MANAGER, "9001")
OTTO = Actor("9002", Role.APPROVER, "9002")
VERA = Actor("9003", Role.VIEWER, "9003")
TEXTS = {"de": "Hallo {customer}!", "en": "Hi {customer}!"}


def crowd(size: int) -> tuple[Customer, ...]:
    """Make customers, every second of whom speaks English."""
    return tuple(
        Customer(
            f"2{n:05}",
            "en" if n % 2 else "de",
            Basis.CONSENT,
            (Contact(Address(f"tel:+4917139{20100 + n}")),),
            (("tariff", "blue" if n % 3 else "red"),),
        )
        for n in range(size)
    )


def member(n: int) -> Customer:
    """Make one of very many."""
    phone = Contact(Address(f"tel:+4917{n:09}"))
    return Customer(f"{3_000_000 + n}", "en" if n % 2 else "de", Basis.CONSENT, (phone,))


@dataclass(slots=True)
class BroadcastHouse:
    """The house, and what the pretend provider was handed: (address, words) in order."""

    programme: ProgrammeHouse
    sent: list[tuple[str, str]] = field(default_factory=list)
    cents: float = 0.0
    permit: Permit = at_once

    @property
    def broadcasts(self) -> Broadcasts:
        programme = self.programme
        rates = {Channel.SMS: 10.0, Channel.TELEGRAM: 28.0}
        store = programme.store
        return Broadcasts(store.broadcasts, store, programme.house, rates, programme.poke)

    @property
    def engine(self) -> BroadcastEngine:
        return BroadcastEngine(self.broadcasts, self.programme.clock)

    async def people(self, size: int) -> tuple[Customer, ...]:
        """Invite a crowd, and let their invitations leave."""
        customers = crowd(size)
        for customer in customers:
            await self.programme.invite(customer)
        while await self.relay():
            pass
        self.sent.clear()
        return customers

    async def populate(self, size: int) -> None:
        """Let many members stand in the middle of their steps, without a word to any of them."""
        store, now = self.programme.store, self.programme.clock()
        for first in range(0, size, 500):
            some = [member(n) for n in range(first, min(first + 500, size))]
            changes = [
                change
                for customer in some
                for change in (
                    PutCustomer(customer, now),
                    PutJourney(
                        Journey(customer.number, customer.language, Stage.MEMBER),
                        "steps",
                        "registration",
                        0,
                        now,
                    ),
                )
            ]
            await store.turn(Key(), lambda _, some=tuple(changes): Decision(None, some))  # type: ignore[misc]

    async def started(self, audience: str = "state:invited") -> str:
        """Draft, approve and start a broadcast."""
        name = await self.broadcasts.draft(MONA, audience, TEXTS)
        await self.broadcasts.approve(OTTO, name)
        await self.broadcasts.start(MONA, name)
        return name

    async def relay(
        self, most: int = 50, state: OutboxState = OutboxState.ACCEPTED, *, dies: bool = False
    ) -> int:
        """Send what is due; `dies`: the provider has it, but we are killed before we know."""
        store, now = self.programme.store, self.programme.clock()
        lease = now + timedelta(seconds=60)
        claimed = await store.claim(Claim("sms", "node", now, lease, most, permit=self.permit))
        for row in claimed.rows:
            if state is OutboxState.ACCEPTED:
                text = msgspec.json.decode(row.body, type=Message).text
                self.sent.append((row.recipient, text))
                price = TERMS.messages.sms_cents_per_segment
                self.cents += count(text).segments * price if row.line == "Broadcast" else 0
            if not dies:
                await store.settle([Settle(row.id, state, now, reason="test", tag=row.tag)])
        return len(claimed.rows) + claimed.kept_back

    async def run_out(self) -> None:
        """Let everything happen that is left to do."""
        for _ in range(100):
            await self.engine.tick()
            if not await self.relay():
                break
        await self.engine.tick()


@asynccontextmanager
async def broadcast_house(
    folder: Path, terms: Campaign | None = None, clock: HandClock | None = None
) -> AsyncIterator[BroadcastHouse]:
    """Open a house in which many may be written to as often as a test likes."""
    often = replace(TERMS.messages, promotional_per_week=100, promotional_per_month=100)
    terms = terms or replace(TERMS, messages=often)
    async with programme_house(folder, terms, clock) as programme:
        yield BroadcastHouse(programme)
