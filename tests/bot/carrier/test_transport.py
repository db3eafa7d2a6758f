"""What a network can do to a request, on loopback: it is a reply, or the reason for none."""

import asyncio
import socket
import time
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.carrier.transport import HttpTransport, NoReply, Pacer, Reply
from tests.bot.carrier.serving import served

pytestmark = pytest.mark.anyio

calls: list[str] = []


async def _plain(request: Request) -> Response:
    calls.append(request.method)
    return PlainTextResponse(request.headers.get("authorization", ""))


async def _slow(request: Request) -> Response:
    calls.append(request.method)
    await asyncio.sleep(0.5)
    return PlainTextResponse("at last")


async def _moved(_: Request) -> Response:
    return RedirectResponse("/plain", 307)


async def _torn(scope: Scope, receive: Receive, send: Send) -> None:
    """Promise a body and break off."""
    calls.append("torn")
    headers = [(b"content-length", b"100")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": b"{", "more_body": False})


APP = Starlette(
    routes=[
        Route("/plain", _plain, methods=["GET", "POST"]),
        Route("/slow", _slow, methods=["POST"]),
        Route("/moved", _moved, methods=["POST"]),
    ]
)
APP.mount("/torn", _torn)


def way(base: str, *, timeout_s: float = 5) -> HttpTransport:
    calls.clear()
    return HttpTransport(base, token="t", timeout_s=timeout_s, per_second=100)  # noqa: S106  no secret


async def test_a_reply_brings_status_and_body_and_the_token_went_along() -> None:
    async with served(APP) as base:
        transport = way(base + "/")
        reply = await transport.get("/plain", {"a": "b"})
        await transport.close()

    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (200, b"Bearer t")


async def test_an_answer_that_takes_too_long_may_have_been_heard_and_is_not_asked_again() -> None:
    async with served(APP) as base:
        transport = way(base, timeout_s=0.1)
        reply = await transport.post("/slow", b"{}")
        await transport.close()

    assert reply == NoReply("no answer: TimeoutError", has_left=True)
    assert calls == ["POST"]


async def test_an_answer_that_breaks_off_may_have_been_heard() -> None:
    async with served(APP) as base:
        transport = way(base)
        reply = await transport.post("/torn/post", b"{}")
        await transport.close()

    assert isinstance(reply, NoReply)
    assert reply.has_left
    assert calls == ["torn"]


async def test_where_nobody_listens_nothing_has_left() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        transport = way(f"http://127.0.0.1:{taken.getsockname()[1]}")
        reply = await transport.post("/topupBalance", b"{}")
        await transport.close()

    assert isinstance(reply, NoReply)
    assert not reply.has_left


async def test_an_order_does_not_follow_a_redirect() -> None:
    async with served(APP) as base:
        transport = way(base)
        reply = await transport.post("/moved", b"{}")
        await transport.close()

    assert isinstance(reply, Reply)
    assert reply.status == 307
    assert calls == []


async def test_no_second_sees_more_requests_than_the_quota() -> None:
    pacer = Pacer(per_second=20)
    left: list[float] = []

    async def leave() -> None:
        async with pacer.slot():
            left.append(time.monotonic())

    await asyncio.gather(*(leave() for _ in range(45)))

    assert all(left[n + 20] - left[n] >= 1 for n in range(25))


async def test_what_arrives_late_keeps_its_place_until_a_second_after() -> None:
    pacer = Pacer(per_second=2)
    left: list[float] = []
    over: list[float] = []

    async def leave(takes: float) -> None:
        async with pacer.slot():
            left.append(time.monotonic())
            await asyncio.sleep(takes)
            over.append(time.monotonic())

    await asyncio.gather(leave(0.2), leave(0.3), leave(0), leave(0))

    assert all(left[n + 2] - over[n] >= 1 for n in range(2))


@pytest.mark.parametrize(
    ("header", "span"),
    [("30", timedelta(seconds=30)), ("-5", timedelta()), ("soon", None), ("9" * 9, timedelta(1))],
)
def test_retry_after_is_read_in_seconds(header: str, span: timedelta | None) -> None:
    assert Reply(429, b"", {"retry-after": header}).retry_after == span
