"""Doors are answered before anything else looks at a request; all else sees what it always saw."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.web.doors import Door, House
from bot.web.server import serve
from tests.bench.processes import free_port
from tests.bench.webhook import listening

pytestmark = pytest.mark.anyio

FORWARDED = {"X-Forwarded-For": "203.0.113.7"}


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("POST", "/door", "127.0.0.1"),
        ("GET", "/door", "Method Not Allowed"),
        ("POST", "/page", "203.0.113.7"),
        ("POST", "/elsewhere", "Not Found"),
    ],
)
async def test_only_a_door_is_opened_before_the_proxy_is_believed(
    method: str, path: str, said: str
) -> None:
    async with _served() as client:
        answer = await client.request(method, path, headers=FORWARDED)

    assert answer.text == said


@asynccontextmanager
async def _served() -> AsyncIterator[httpx.AsyncClient]:
    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(scope["client"][0])(scope, receive, send)

    async def page(request: Request) -> Response:
        return PlainTextResponse(request.client.host if request.client else "")

    house = House([Door("/door", door), Route("/page", page, methods=["POST"])])
    port, stop = free_port(), asyncio.Event()
    serving = asyncio.create_task(serve(house, "127.0.0.1", port, stop))
    try:
        await listening(port)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        stop.set()
        await serving
