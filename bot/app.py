"""The composition root: the only place where all parts meet, and where the clock enters."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

import structlog
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot import fence
from bot.broadcasting.cards import Cards
from bot.broadcasting.engine import BroadcastEngine
from bot.carrier.tmf654 import Tmf654
from bot.carrying import carrier_of, operator_workers, read_facts_from, reconciler_of
from bot.clock import Mover
from bot.commands.acting import roles
from bot.credits.sealing import ActsSealer
from bot.crew import Crew, Task
from bot.fence import BehindFence
from bot.hosting import CustomersPages, open_pages
from bot.logs import configure
from bot.managing import office_workers
from bot.metrics import Metrics
from bot.parting import lane_of, relay_of
from bot.premises import Premises, open_premises
from bot.pulse import Pulse
from bot.real import RealChannels, open_channels
from bot.rights.retention import Retention
from bot.rights.scrubber import Scrubber
from bot.sandbox.sandbox import BOT_NAME, Sandbox, open_sandbox, operator_settings
from bot.settings import Settings
from bot.sparing import sweep_seldom
from bot.turns.timers import Timers
from bot.web.events import OperatorDesk
from bot.web.events import routes as event_routes
from bot.web.server import application
from bot.web.server import serve as serve_web
from bot.workers import Worker
from storage.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PRETEND_PER_S = 5000.0  # the pretend operator bears whatever a moved clock brings


def now() -> datetime:
    """Read the machine's clock."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[Premises]:
    """Open the premises for a command; the workers stand still."""

    async def name(store: Store) -> str | None:
        if settings.is_sandbox:
            return BOT_NAME
        if not settings.has_telegram:
            return None
        from bot.messenger import ask_bot_name  # noqa: PLC0415 - only who uses it pays

        return await ask_bot_name(settings, store)

    async with open_premises(settings, now, name) as premises:
        yield premises


async def serve(settings: Settings, role: str = "all") -> None:
    """Run the bot until it is told to stop: the sandbox without credentials, else what they open.

    Raises PortTakenError and whatever open_house raises.
    """
    configure(settings.log_level)
    async with open_house(settings) as premises:
        stop = asyncio.Event()
        _stop_on_signals(stop)
        if settings.is_sandbox:
            await _serve_sandbox(settings, premises, stop)
        else:
            await _serve_real(settings, premises, stop, role)


@dataclass(frozen=True, slots=True)
class Stage:
    """The sandbox put together: the pretend world, the mover of its clock, its doors as an app."""

    sandbox: Sandbox
    mover: Mover
    app: Starlette
    pages: CustomersPages


@asynccontextmanager
async def open_stage(settings: Settings, premises: Premises) -> AsyncIterator[Stage]:
    """Put the sandbox together over open premises; nothing listens and no clock runs by itself."""
    metrics, sandbox = Metrics(), open_sandbox(premises, settings)
    carrier = carrier_of(operator_settings(settings), per_second=PRETEND_PER_S)
    assert carrier is not None  # noqa: S101 - the pretend operator has an address
    read_facts_from(carrier, premises)
    lanes = tuple(lane_of(sender, premises) for sender in sandbox.senders())
    mover = sandbox.mover(
        (
            Timers(premises.store, premises.turns, premises.clock),
            BroadcastEngine(premises.broadcasts, premises.clock),
            Cards(premises.broadcasts, premises.clock, roles(settings)),
            *office_workers(premises, roles(settings)),
            BehindFence(relay_of(premises, lanes, metrics, horizon_s=0), premises.store),
            Scrubber(premises.store, premises.house, premises.clock),
            *operator_workers(premises, carrier, metrics),
        )
    )
    pages = open_pages(settings, premises, carrier)
    routes = [*sandbox.routes(mover), *_operator_routes(settings, premises), *pages.routes]
    try:
        yield Stage(sandbox, mover, application(routes, premises.store, metrics), pages)
    finally:
        await pages.close()
        await carrier.close()
        sandbox.close()


async def _serve_sandbox(settings: Settings, premises: Premises, stop: asyncio.Event) -> None:
    async with open_stage(settings, premises) as stage:
        await _greet(settings, stage.sandbox, stage.mover)
        sweep_seldom()
        serving = serve_web(stage.app, settings.host, settings.port, stop)
        await _all_of(stop, serving, stage.mover.run(stop))


async def _greet(settings: Settings, sandbox: Sandbox, mover: Mover) -> None:
    sample = files("bot").joinpath("sample_customers.csv").read_bytes()
    invited = await sandbox.start(sample, mover)
    _say("Sandbox: no credentials are set, so phones and operator are pretended.")
    _say(f"Open {settings.reached_at}/")
    await _say_if_fenced(sandbox.premises.store)
    if invited:
        _say(f"{invited} sample customers were invited; open the page and answer YES or JA.")


@dataclass(frozen=True, slots=True)
class Operation:
    """The real bot put together: what hears, what the customers see, and what works behind both."""

    channels: RealChannels
    carrier: Tmf654 | None
    pages: CustomersPages
    metrics: Metrics
    pulse: Pulse

    def hearing(self, settings: Settings, premises: Premises, stop: asyncio.Event) -> list[Task]:
        """Give what a web node does."""
        routes = [
            *self.channels.routes, *_operator_routes(settings, premises), *self.pages.routes,
        ]  # fmt: skip
        app = application(routes, premises.store, self.metrics, self.pulse)
        serving = serve_web(app, settings.host, settings.port, stop)
        return [serving, self.pages.look_after_films(stop)]

    def working(
        self, settings: Settings, premises: Premises, stop: asyncio.Event, *, is_apart: bool
    ) -> list[Task]:
        """Give what a worker node does."""
        lanes = tuple(lane_of(sender, premises) for sender in self.channels.senders)
        crew = Crew(
            self._workers(settings, premises),
            relay_of(premises, lanes, self.metrics),
            self.channels.loops,
            self.pulse,
        )
        return [*crew.at_work(premises, stop, is_apart=is_apart), self.pulse.watch(stop)]

    def _workers(self, settings: Settings, premises: Premises) -> list[Worker]:
        workers: list[Worker] = [
            Timers(premises.store, premises.turns, premises.clock),
            BroadcastEngine(premises.broadcasts, premises.clock),
            Cards(premises.broadcasts, premises.clock, roles(settings)),
            *office_workers(premises, roles(settings), self.channels.open_topic),
            ActsSealer(premises.store, premises.keys, premises.clock),
            Retention(premises.store, premises.house, premises.clock),
            Scrubber(premises.store, premises.house, premises.clock),
            *self.channels.workers,
            *operator_workers(premises, self.carrier, self.metrics),
        ]
        if self.carrier is not None:
            workers.append(BehindFence(reconciler_of(premises, self.carrier), premises.store))
        return workers


@asynccontextmanager
async def _open_operation(settings: Settings, premises: Premises) -> AsyncIterator[Operation]:
    """Put the real bot together over open premises; nothing listens and nothing works yet."""
    metrics, carrier = Metrics(), carrier_of(settings)
    channels = open_channels(settings, premises, metrics)
    read_facts_from(carrier, premises)
    pages = open_pages(settings, premises, carrier)
    try:
        yield Operation(channels, carrier, pages, metrics, Pulse(metrics))
    finally:
        await pages.close()
        for sender in channels.senders:
            await sender.close()
        if carrier is not None:
            await carrier.close()


async def _serve_real(
    settings: Settings, premises: Premises, stop: asyncio.Event, role: str
) -> None:
    async with _open_operation(settings, premises) as operation:
        _say_what_is_off(settings)
        await _say_if_fenced(premises.store)
        tasks: list[Task] = []
        if role in ("all", "web"):
            tasks += operation.hearing(settings, premises, stop)
        if role in ("all", "worker"):
            tasks += operation.working(settings, premises, stop, is_apart=role == "worker")
        sweep_seldom()
        await _all_of(stop, *tasks)


async def _say_if_fenced(store: Store) -> None:
    if said := await fence.standing(store):
        _say(f"Nothing is sent from this database: {said}. What comes in is stored, and waits.")
        _say("Is it the only one from now on? Then: statthotline unfence --reason TEXT")


def _operator_routes(settings: Settings, premises: Premises) -> list[BaseRoute]:
    token = settings.events_token
    desk = OperatorDesk(
        intake=premises.reports,
        clock=premises.clock,
        secrets=[secret.get_secret_value() for secret in settings.events_secret],
        token=token.get_secret_value() if token else "",
        follower=premises.credits,
    )
    return list(event_routes(desk))


def _say_what_is_off(settings: Settings) -> None:
    _say(f"Serving at {settings.reached_at}")
    for is_on, words in (
        (settings.has_sms, "SMS is off: no TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN."),
        (settings.has_telegram, "Telegram is off: no TELEGRAM_BOT_TOKEN."),
        (
            settings.carrier_url,
            "No CARRIER_URL: credits stay earned, and nobody is told of any.",
        ),
        (settings.events_secret, "No EVENTS_SECRET: /events answers 401."),
        (settings.events_token, "No EVENTS_TOKEN: /tmf takes signatures only."),
    ):
        if not is_on:
            _say(words)


async def _all_of(stop: asyncio.Event, *tasks: Task) -> None:
    """Run tasks side by side; the first failure stops the others in good order."""
    running = [asyncio.create_task(task) for task in tasks]
    try:
        await asyncio.gather(*running)
    except BaseException:
        stop.set()
        await asyncio.gather(*running, return_exceptions=True)
        raise


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()
