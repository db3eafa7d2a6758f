"""The sandbox: pretend phones, a pretend operator and a clock to be moved, on the real engine."""

import math
import secrets
from dataclasses import dataclass
from datetime import datetime, time
from io import BytesIO

from starlette.routing import BaseRoute, Mount

from bot.carrier.pretend import TMF654, TMF677, TMF678, PretendOperator
from bot.channels.simulator import Simulator
from bot.channels.simulator_phones import Phones
from bot.channels.simulator_screens import Screens
from bot.clock import Mover, VirtualClock
from bot.inviting.customers_file import read_customers
from bot.inviting.invitations import Invitations
from bot.premises import Premises, file_beside, keep_offset
from bot.sandbox.desk import SandboxManagers, SandboxPeople, SandboxReports
from bot.settings import Settings
from bot.web.simulator import routes as simulator_routes
from bot.web.simulator_desk import Desk
from bot.workers import Worker
from flows.calendar import DAY, SATURDAY, at_wall, next_loud
from flows.campaign import Campaign
from flows.customer import Channel
from flows.events import Feed
from storage.changes import Decision, SetWatermark
from storage.memory import Key

BOT_NAME = "statthotline_bot"
OPERATOR_AT = "/pretend"
OPENS = time(10)
_STARTED = "sandbox.started"


@dataclass(frozen=True, slots=True)
class PretendTicker:
    """Tells the mover when the pretend operator books; it does so by itself."""

    operator: PretendOperator

    async def tick(self) -> datetime | None:
        """Tell when the next booking is due."""
        return self.operator.next_due()


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The pretend world around the premises."""

    premises: Premises
    clock: VirtualClock
    phones: Phones
    operator: PretendOperator

    def senders(self) -> tuple[Simulator, ...]:
        """Give the pretend SMS and Telegram."""
        channels = (Channel.SMS, Channel.TELEGRAM)
        return tuple(Simulator(channel, self.phones, self.clock) for channel in channels)

    def mover(self, workers: tuple[Worker, ...]) -> Mover:
        """Make the mover of the clock over these workers."""
        store = self.premises.store
        mover = Mover(
            self.clock,
            (*workers, PretendTicker(self.operator)),
            keep_offset=lambda offset: keep_offset(store, offset),
            report_feeds=self.report_feeds,
            zone=self.premises.terms.current.zone,
        )
        self.premises.bell.listener = mover.poke
        return mover

    def close(self) -> None:
        """Close the phones and the operator."""
        self.phones.screens.close()
        self.operator.close()

    async def report_feeds(self, until: datetime) -> None:
        """Say, as the operator would, that both feeds are complete up to a moment."""
        marks = tuple(SetWatermark(feed, until) for feed in Feed)
        await self.premises.store.turn(Key(), lambda _: Decision(None, marks))

    def routes(self, mover: Mover) -> list[BaseRoute]:
        """Give the doors, the page, and the pretend operator's interfaces."""
        return [*simulator_routes(self.desk(mover)), Mount(OPERATOR_AT, self.operator.app)]

    def desk(self, mover: Mover) -> Desk:
        """Give what stands behind the doors."""
        return Desk(
            ears=self.premises.conversations,
            operations=SandboxReports(self.premises),
            people=SandboxPeople(self.premises),
            managers=SandboxManagers(self.premises),
            mover=mover,
            phones=self.phones,
            clock=self.clock,
            new_id=lambda: secrets.token_hex(8),
            is_moving=lambda: self.clock.is_pinned,
        )

    async def start(self, sample: bytes, mover: Mover) -> int:
        """Invite the sample customers at the first start, on the coming working day at ten.

        Returns how many were invited, 0 at every later start; the clock goes on when the last
        invitation has arrived at the lane's pace.
        """
        store, terms = self.premises.store, self.premises.terms.current
        if await store.get(_STARTED):
            return 0
        inviting = Invitations(
            directory=store,
            turns=self.premises.turns,
            campaign=terms,
            clock=self.clock,
            keys=self.premises.keys,
            estimate=self.premises.estimate,
        )
        with self.clock.held():
            self.clock.pin(coming_morning(self.clock(), terms))
            report = await inviting.invite(read_customers(BytesIO(sample)))
        await keep_offset(store, self.clock.offset_at(self.clock()))
        if report.done_at is not None:
            pace_s = math.ceil((report.done_at - self.clock()).total_seconds()) + 1
            await mover.advance(f"PT{pace_s}S")
        await store.put(_STARTED, self.clock().isoformat())
        return report.invited


def coming_morning(now: datetime, terms: Campaign) -> datetime:
    """Give ten o'clock on the coming working day: today if it is not yet ten, else the next."""
    zone, rule = terms.zone, terms.messages
    local = now.astimezone(zone)
    day = local.date() if local.time() < OPENS else local.date() + DAY
    while True:
        at = at_wall(datetime.combine(day, OPENS), zone)
        loud = next_loud(at, zone, rule.quiet, workdays_only=True, land=rule.land)
        if day.weekday() < SATURDAY and loud == at:
            return at
        day += DAY


def open_sandbox(premises: Premises, settings: Settings) -> Sandbox:
    """Open the pretend phones and the pretend operator beside the database."""
    clock = premises.clock
    assert isinstance(clock, VirtualClock)  # noqa: S101 - the sandbox has no other
    phones = Phones(Screens(file_beside(settings, "phones.db")))
    operator = PretendOperator(file_beside(settings, "operator.db"), clock)
    return Sandbox(premises, clock, phones, operator)


def operator_settings(settings: Settings) -> Settings:
    """Point the real carrier client at the pretend operator that this process serves."""
    origin = settings.reached_at + OPERATOR_AT
    return settings.model_copy(
        update={
            "carrier_url": origin + TMF654,
            "carrier_usage_url": origin + TMF677,
            "carrier_bill_url": origin + TMF678,
        }
    )
