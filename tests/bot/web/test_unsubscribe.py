"""The one-click way out of e-mail: a POST leaves, a GET only asks, and nobody learns anything."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from bot.web.unsubscribe import routes


@pytest.fixture
def left() -> list[str]:
    return []


@pytest.fixture
async def client(left: list[str]) -> AsyncIterator[httpx.AsyncClient]:
    async def leave(token: str) -> None:
        left.append(token)

    app = Starlette(routes=routes(leave, "Nordlicht <Mobil>"))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as browser:
        yield browser


async def test_a_scanner_that_follows_the_link_unsubscribes_nobody(
    client: httpx.AsyncClient, left: list[str]
) -> None:
    page = await client.get("/u/some-token")

    assert page.status_code == 200
    assert left == []
    assert "Nordlicht &lt;Mobil&gt;" in page.text


async def test_one_click_is_enough(client: httpx.AsyncClient, left: list[str]) -> None:
    page = await client.post("/u/some-token", data={"List-Unsubscribe": "One-Click"})

    assert page.status_code == 200
    assert left == ["some-token"]
