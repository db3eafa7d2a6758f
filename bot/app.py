"""The composition root: the only place where all parts meet, and where clock and chance enter."""

import asyncio
import random
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files

import structlog
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot import fence
from bot.broadcasting.cards import Cards
from bot.broadcasting.engine import BroadcastEngine
from bot.carrying import carrier_of, operator_workers, read_facts_from, reconciler_of
from bot.clock import Mover
from bot.commands.acting import roles
from bot.credits.sealing import ActsSealer
from bot.fence import BehindFence, once_lifted
from bot.hosting import CustomersPages, open_pages
from bot.logs import configure
from bot.managing import office_workers
from bot.metrics import Metrics
from bot.parting import lane_of, waiting_by
from bot.premises import Premises, open_premises
from bot.pulse import Pulse
from bot.real import Loop, open_channels
from bot.rights.retention import Retention
from bot.rights.scrubber import Scrubber
from bot.sandbox.sandbox import BOT_NAME, Sandbox, open_sandbox, operator_settings
from bot.sending.courtesy import Courtesy
from bot.sending.lanes import HORIZON_S, Lane, Surroundings
from bot.sending.relay import Relay
from bot.settings import Settings
from bot.shift import OnShift, Shift, ring_often
from bot.turns.timers import Timers
from bot.web.events import OperatorDesk
from bot.web.events import routes as event_routes
from bot.web.server import application
from bot.web.server import serve as serve_web
from bot.workers import Worker, keep_ticking
from flows.customer import Address
from storage.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PRETEND_PER_S = 5000.0  # the pretend operator bears whatever a moved clock brings
Task = Coroutine[object, object, None]


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
            Cards(premises.broadcasts, premises.clock),
            *office_workers(premises, roles(settings)),
            BehindFence(_relay(premises, lanes, metrics, horizon_s=0), premises.store),
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


async def _serve_real(
    settings: Settings, premises: Premises, stop: asyncio.Event, role: str
) -> None:
    metrics = Metrics()
    channels = open_channels(settings, premises, metrics)
    carrier = carrier_of(settings)
    read_facts_from(carrier, premises)
    pages = open_pages(settings, premises, carrier)
    lanes = tuple(lane_of(sender, premises) for sender in channels.senders)
    relay = _relay(premises, lanes, metrics)
    workers: list[Worker] = [
        Timers(premises.store, premises.turns, premises.clock),
        BroadcastEngine(premises.broadcasts, premises.clock),
        Cards(premises.broadcasts, premises.clock),
        *office_workers(premises, roles(settings), channels.open_topic),
        ActsSealer(premises.store, premises.keys, premises.clock),
        Retention(premises.store, premises.house, premises.clock),
        Scrubber(premises.store, premises.house, premises.clock),
        *channels.workers,
    ]
    workers.extend(operator_workers(premises, carrier, metrics))
    if carrier is not None:
        workers.append(BehindFence(reconciler_of(premises, carrier), premises.store))
    _say_what_is_off(settings)
    await _say_if_fenced(premises.store)
    tasks: list[Task] = []
    pulse = Pulse(metrics)
    if role in ("all", "web"):
        routes = [*channels.routes, *_operator_routes(settings, premises), *pages.routes]
        app = application(routes, premises.store, metrics, pulse)
        tasks += [
            serve_web(app, settings.host, settings.port, stop),
            pages.draw_ahead(stop),
        ]
    if role in ("all", "worker"):
        tasks.extend(_working(workers, relay, premises, stop, pulse, is_apart=role == "worker"))
        tasks.append(pulse.watch(stop))
        tasks.extend(_loops(channels.loops, premises.store, stop))
    try:
        await _all_of(stop, *tasks)
    finally:
        for closing in [pages.close(), *(s.close() for s in channels.senders)]:
            await closing
        if carrier is not None:
            await carrier.close()


def _working(
    workers: list[Worker],
    relay: Relay,
    premises: Premises,
    stop: asyncio.Event,
    pulse: Pulse,
    *,
    is_apart: bool,
) -> list[Task]:
    bells = [asyncio.Event() for _ in range(len(workers) + 1)]

    def ring() -> None:
        for bell in bells:
            bell.set()

    premises.bell.listener = ring
    shift = Shift(premises.store, secrets.token_hex(4), premises.clock)
    return [
        once_lifted(premises.store, stop, lambda: relay.run(stop, bells[0])),
        *([ring_often(bells[0], stop)] if is_apart else []),
        shift.give_back(stop),
        *(
            keep_ticking(
                OnShift(worker, shift), premises.clock, stop, bell, pulse, type(worker).__name__
            )
            for worker, bell in zip(workers, bells[1:], strict=True)
        ),
    ]


def _loops(loops: Sequence[Loop], store: Store, stop: asyncio.Event) -> list[Task]:
    """Run what channels do by themselves, such as polling: a copy takes nothing from its twin."""
    return [once_lifted(store, stop, partial(loop, stop)) for loop in loops]


async def _say_if_fenced(store: Store) -> None:
    if said := await fence.standing(store):
        _say(f"Nothing is sent from this database: {said}. What comes in is stored, and waits.")
        _say("Is it the only one from now on? Then: statthotline unfence --reason TEXT")


def _relay(
    premises: Premises, lanes: tuple[Lane, ...], metrics: Metrics, horizon_s: float = HORIZON_S
) -> Relay:
    around = Surroundings(
        clock=premises.clock,
        until=waiting_by(premises.clock),
        chance=random.random,
        metrics=metrics,
        node=secrets.token_hex(4),
        horizon_s=horizon_s,
        permit=Courtesy(lambda: premises.terms.current),
        keyed=lambda recipient: premises.keys.of_address(Address(recipient)),
    )
    return Relay(premises.store, lanes, around)


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
