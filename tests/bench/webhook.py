"""`webhook.sms`: the CPU of one signed inbound request, without the turn that answers it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from twilio.request_validator import RequestValidator

from bot.app import now
from bot.channels.channel import Inbound, Reachability
from bot.channels.sms import TwilioAccount
from bot.web.doors import House
from bot.web.server import serve
from bot.web.sms import NOTHING, SmsDesk, routes
from storage.outbox import Receipt
from tests.bench.inbound import PATH, PUBLIC_URL, shots
from tests.bench.load import Order
from tests.bench.measuring import Benchmark, Goal, Ground, Lap, Runner, expect, stopwatch
from tests.bench.processes import fire, free_port
from tests.fakes.twilio_payloads import SERVICE, SID, TOKEN

CONNECTIONS = 32


@dataclass(slots=True)
class Ear:
    """Counts what it hears, and answers nothing."""

    heard_ids: Counter[str] = field(default_factory=Counter)

    async def heard(self, inbound: Inbound) -> None:
        self.heard_ids[inbound.provider_id] += 1

    async def reached(self, change: Reachability) -> None:
        raise AssertionError("by SMS nobody blocks us")

    async def undecodable(self, source: str, provider_id: str, body: bytes, reason: str) -> None:
        raise AssertionError("all are readable")


async def ours(ground: Ground) -> Lap:
    ear = Ear()
    account = TwilioAccount(SID, TOKEN, PUBLIC_URL, service=SERVICE)
    desk = SmsDesk(account, ear, _never, lambda _: None, now)
    return await _served(House(routes(desk)), ground, ear.heard_ids)


async def limit(ground: Ground) -> Lap:
    calls = Counter[str]()
    body = NOTHING.encode()
    headers = [(b"content-type", b"text/xml"), (b"content-length", b"%d" % len(body))]

    async def bare(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        calls[str(len(calls))] += 1
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return await _served(bare, ground, calls)


async def peer(ground: Ground) -> Lap:
    calls = Counter[str]()

    async def inbound(request: Request) -> Response:
        form = await request.form()
        signature = request.headers["X-Twilio-Signature"]
        validator = RequestValidator(TOKEN)
        if not validator.validate(PUBLIC_URL + request.url.path, form, signature):
            return Response(status_code=403)
        calls[str(form["MessageSid"])] += 1
        return Response(NOTHING, media_type="text/xml")

    return await _served(Starlette(routes=[Route(PATH, inbound, methods=["POST"])]), ground, calls)


async def _served(app: ASGIApp, ground: Ground, calls: Counter[str]) -> Lap:
    order = Order(free_port(), CONNECTIONS, shots(range(ground.size), "STATUS", _at_once(ground)))
    async with serving(app, order.port):
        with stopwatch() as watch:
            await fire(order)
    expect(set(calls.values()), {1}, "times that each message was heard")
    expect(len(calls), ground.size, "messages heard")
    return watch.cpu(ground.size)


def _at_once(ground: Ground) -> Iterable[float]:
    return [0.0] * ground.size


@asynccontextmanager
async def serving(app: ASGIApp, port: int) -> AsyncIterator[None]:
    """Serve an app as the bot serves itself."""
    stop = asyncio.Event()
    task = asyncio.create_task(serve(cast("Starlette", app), "127.0.0.1", port, stop))
    try:
        await listening(port)
        yield
    finally:
        stop.set()
        await task


async def listening(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise TimeoutError


async def _never(receipt: Receipt, number: str) -> None:
    raise AssertionError("no status is reported")


WEBHOOK = Benchmark(
    "webhook.sms",
    "µs CPU a request",
    Goal(
        "at most 2 times a bare ASGI answer; the peer is Starlette's request.form() with Twilio's"
        " validator, made anew for each request",
        of_limit=2,
    ),
    4000,
    {Runner.OURS: ours, Runner.LIMIT: limit, Runner.PEER: peer},
    is_cost=True,
)
