"""The whole premises with SMS on: real turns, outbox, relay and doors, and the fake Twilio."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import SecretStr
from starlette.applications import Starlette

from bot.metrics import Metrics
from bot.parting import lane_of
from bot.premises import Premises, open_premises
from bot.real import open_channels
from bot.sending.courtesy import Courtesy
from bot.sending.lanes import Lane, Surroundings
from bot.sending.relay import Relay
from bot.settings import Settings
from bot.turns.timers import Timers
from bot.workers import Worker
from flows.customer import Address
from storage.store import Store
from tests.bot.carrier.serving import served
from tests.bot.relay_bench import HandClock
from tests.bot.small_house import SmallHouse
from tests.cast import ALICE
from tests.fakes.twilio import FakeTwilio
from tests.fakes.twilio_payloads import SERVICE, SID, TOKEN, Sms


@dataclass(slots=True, kw_only=True)
class SmsPremises(SmallHouse):
    """A small house whose messages leave, and to which people can write."""

    twilio: FakeTwilio
    relay: Relay
    lanes: tuple[Lane, ...]
    metrics: Metrics
    workers: tuple[Worker, ...]  # what the channel does by the hour

    async def write(self, text: str, phone: Address = ALICE.contacts[0].address) -> int:
        """Let somebody write an SMS; gives the status that our door answers with."""
        status, _ = await self.twilio.text(phone.value, text)
        return status

    async def work(self, length: timedelta = timedelta(seconds=2)) -> None:
        """Let relay and timers do what becomes due within a span of time."""
        end = self.now + length
        timers = Timers(self.store, self.premises.turns, self.premises.clock)
        while True:
            dues = [await timers.tick(), await self.relay.tick()]
            await self.twilio.settled()
            dues.append(await self.relay.tick())
            due = min((at for at in dues if at is not None), default=end)
            if due >= end:
                break
            self.clock.at = max(due, self.now)
        self.clock.at = end

    async def reconcile(self) -> None:
        """Do once more what is done by the hour."""
        self.clock.at += timedelta(hours=1)
        for worker in self.workers:
            await worker.tick()

    def texts(self, phone: Address = ALICE.contacts[0].address) -> list[str]:
        """List what somebody was sent."""
        return [sms.body for sms in self.sent(phone)]

    def sent(self, phone: Address = ALICE.contacts[0].address) -> list[Sms]:
        """List the messages that somebody was sent."""
        return [sms for sms in self.twilio.sent if sms.to == phone.value]


@asynccontextmanager
async def sms_premises(
    folder: Path, clock: HandClock | None = None, database: str = ""
) -> AsyncIterator[SmsPremises]:
    """Open premises in a folder, on SQLite if no database is named; Telegram stays off."""
    hand, app = clock or HandClock(), Starlette()

    async def name(_: Store) -> str | None:
        return None

    async with served(app) as url, FakeTwilio(hand) as twilio:
        twilio.inbound_url = f"{url}/sms/inbound"
        settings = Settings(
            database_url=SecretStr(database or f"sqlite:///{folder}/bot.db"),
            public_url=url,
            twilio_account_sid=SID,
            twilio_auth_token=SecretStr(TOKEN),
            twilio_messaging_service_sid=SERVICE,
            twilio_api_base_url=twilio.origin,
        )
        async with open_premises(settings, hand, name) as premises:
            metrics = Metrics()
            channels = open_channels(settings, premises, metrics)
            app.router.routes.extend(channels.routes)
            lanes = tuple(lane_of(sender, premises) for sender in channels.senders)
            relay = Relay(premises.store, lanes, around(premises, hand, metrics, lambda: 0.5))
            house = SmsPremises(
                premises,
                hand,
                folder,
                twilio=twilio,
                relay=relay,
                lanes=lanes,
                metrics=metrics,
                workers=tuple(channels.workers),
            )
            try:
                yield house
            finally:
                for sender in channels.senders:
                    await sender.close()


def around(
    premises: Premises, clock: HandClock, metrics: Metrics, chance: Callable[[], float]
) -> Surroundings:
    """Surround a relay as bot/app.py does, but for the clock."""
    return Surroundings(
        clock=clock,
        until=clock.until,
        chance=chance,
        metrics=metrics,
        node="node-1",
        horizon_s=0,
        permit=Courtesy(lambda: premises.terms.current),
        keyed=lambda recipient: premises.keys.of_address(Address(recipient)),
    )


def at(text: str, zone: str = "+01:00") -> datetime:
    """Read a moment in Berlin's winter."""
    return datetime.fromisoformat(f"{text}{zone}")
