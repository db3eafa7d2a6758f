"""A small house for SMS: a hand-set clock, the relay, our doors over HTTP, and the fake Twilio."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import msgspec
from starlette.applications import Starlette

from bot.channels.channel import Inbound, Message, Reachability, Refused
from bot.channels.sms import SmsSender, TwilioAccount
from bot.channels.sms_outcomes import judge_receipt, soft_retries
from bot.metrics import Metrics
from bot.sending.lanes import Lane, Surroundings
from bot.sending.parcels import Parcels
from bot.sending.receipts import Receipts
from bot.sending.relay import Relay
from bot.web.sms import SmsDesk, routes
from flows.customer import Address, Customer
from storage.changes import Change, Decision, Enqueue, PutCustomer
from storage.errors import StorageError
from storage.memory import Key
from storage.outbox import OutboxRow, Receipt
from storage.reading import MessageRow
from storage.sqlite.store import SqliteStore
from tests.bot.carrier.serving import served
from tests.bot.relay_bench import HandClock
from tests.cast import ALICE, BABAK, NOON
from tests.fakes.twilio import FakeTwilio
from tests.fakes.twilio_payloads import NUMBER, SERVICE, SID, TOKEN

HELP_COMES = "Call 112."


@dataclass(slots=True)
class Ear:
    """A listener that writes down what it hears, once per SID, as the inbox would."""

    heard_texts: dict[str, Inbound] = field(default_factory=dict)
    times: int = 0
    is_broken: bool = False
    is_hanging: bool = False
    refusals: list[tuple[str | None, Address, Refused]] = field(default_factory=list)

    async def heard(self, inbound: Inbound) -> None:
        self.times += 1
        if self.is_hanging:
            await asyncio.sleep(60)
        if self.is_broken:
            raise StorageError
        self.heard_texts.setdefault(inbound.provider_id, inbound)

    async def reached(self, change: Reachability) -> None:
        raise AssertionError("by SMS nobody blocks us")

    async def undecodable(self, source: str, provider_id: str, body: bytes, reason: str) -> None:
        raise AssertionError("an unreadable request is refused at the door")

    async def refused(self, customer: str | None, to: Address, refusal: Refused) -> None:
        """Write down that an address is closed."""
        self.refusals.append((customer, to, refusal))

    def refusals_of(self, address: Address) -> list[Refused]:
        """List why an address was closed."""
        return [refusal for _, to, refusal in self.refusals if to == address]


@dataclass(slots=True)
class SmsHouse:
    """Everything between the outbox and the fake, and a way to let time pass."""

    clock: HandClock
    ear: Ear
    twilio: FakeTwilio
    store: SqliteStore
    sender: SmsSender
    account: TwilioAccount
    lanes: tuple[Lane, ...]
    around: Surroundings
    relay: Relay
    desk: SmsDesk
    metrics: Metrics

    async def say(self, text: str, customer: Customer = ALICE, **rest: object) -> int:
        """Queue a message for a customer; gives its number."""
        body = msgspec.json.encode(Message(text)).decode()
        to, now = customer.contacts[0].address.uri, self.clock()
        plain = Enqueue("sms", 3, to, "Line", body, now, now, customer=customer.number)
        await self.change(replace(plain, **rest))  # type: ignore[arg-type]
        return (await self._messages(customer))[-1].id

    def kill_relay(self) -> None:
        """End the relay as a power cut would, and start another."""
        for task in asyncio.all_tasks():
            if "Belt." in repr(task.get_coro()):
                task.cancel()
        self.relay = Relay(self.store, self.lanes, self.around)

    async def change(self, *changes: Change) -> None:
        """Change something as a turn would."""
        await self.store.turn(Key(), lambda memory: Decision(None, changes))

    async def message(self, number: int, customer: Customer = ALICE) -> MessageRow:
        """Look at what became of a message."""
        [row] = [row for row in await self._messages(customer) if row.id == number]
        return row

    async def _messages(self, customer: Customer) -> list[MessageRow]:
        dossier = await self.store.dossier(customer.number)
        assert dossier is not None
        return sorted(dossier.messages, key=lambda row: row.id)

    async def pass_time(self, length: timedelta) -> None:
        """Let the relay work through a span of time, callbacks included."""
        end = self.clock() + length
        while True:
            await self.relay.tick()
            await self.twilio.settled()
            due = await self.relay.tick()  # callbacks may have asked for something
            if due is None or due > end:
                break
            self.clock.at = max(due, self.clock())
        self.clock.at = end

    def count(self, name: str, **labels: str) -> float:
        """Read one figure."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def receipts(self, *, status: str, code: str) -> float:
        """Count the receipts of one status and code."""
        return self.count("statthotline_receipts_total", lane="sms", status=status, code=code)


def emergency(text: str) -> str | None:
    """Know one word, and need no database."""
    return HELP_COMES if "fire" in text.casefold() else None


def account_at(public_url: str, origin: str, *, service: str | None = SERVICE) -> TwilioAccount:
    """Give our account at the fake."""
    return TwilioAccount(
        sid=SID, token=TOKEN, public_url=public_url, service=service, number=NUMBER, origin=origin
    )


@asynccontextmanager
async def closing(store: SqliteStore) -> AsyncIterator[None]:
    """Close a store at the end."""
    try:
        yield
    finally:
        await store.close()


@asynccontextmanager
async def sms_house(
    folder: Path, *, rate: float | None = 10.0, timeout_s: float = 0.3
) -> AsyncIterator[SmsHouse]:
    """Open a house with its database in a folder; its fake Twilio calls the doors of a server."""
    clock, ear, metrics, app = HandClock(), Ear(), Metrics(), Starlette()
    store = await SqliteStore.open(folder / "bot.db")
    async with closing(store), served(app) as url, FakeTwilio(clock) as twilio:
        account = account_at(url, twilio.origin)
        receipts = Receipts(
            "sms", store, store.deliveries, judge_receipt, soft_retries, ear.refused, metrics
        )

        async def noted(receipt: Receipt, number: str) -> None:
            await receipts.note(receipt, Address(f"tel:{number}") if number else None)

        desk = SmsDesk(account, ear, noted, emergency, clock)
        app.router.routes.extend(routes(desk))
        twilio.inbound_url = f"{url}/sms/inbound"
        sender = SmsSender(account, store.known_refs, timeout_s=timeout_s)
        lanes = (Lane("sms", Parcels(sender, valid_for, ear.refused), rate=rate),)
        around = Surroundings(clock, clock.until, lambda: 0.5, metrics, "node-1", horizon_s=0)
        relay = Relay(store, lanes, around)
        house = SmsHouse(
            clock, ear, twilio, store, sender, account, lanes, around, relay, desk, metrics
        )
        await house.change(PutCustomer(ALICE, NOON), PutCustomer(BABAK, NOON))
        try:
            yield house
        finally:
            await sender.close()


def valid_for(row: OutboxRow) -> timedelta | None:
    """Let everything be worth arriving for an hour."""
    return timedelta(hours=1)
