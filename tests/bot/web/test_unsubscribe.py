"""The one-click way out of e-mail: a POST leaves, a GET only asks, and nobody learns anything."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.web.unsubscribe import routes


@pytest.fixture
def left() -> list[str]:
    return []


@pytest.fixture
def client(left: list[str]) -> TestClient:
    async def leave(token: str) -> None:
        left.append(token)

    return TestClient(Starlette(routes=routes(leave, "Nordlicht <Mobil>")))


def test_a_scanner_that_follows_the_link_unsubscribes_nobody(
    client: TestClient, left: list[str]
) -> None:
    page = client.get("/u/some-token")

    assert page.status_code == 200
    assert left == []
    assert "Nordlicht &lt;Mobil&gt;" in page.text


def test_one_click_is_enough(client: TestClient, left: list[str]) -> None:
    page = client.post("/u/some-token", data={"List-Unsubscribe": "One-Click"})

    assert page.status_code == 200
    assert left == ["some-token"]
