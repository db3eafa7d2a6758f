"""Telegram's webhook: who may speak, and what is answered when."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette

from bot.web.telegram import PATH, SECRET_HEADER, routes
from tests.cast import NOON
from tests.fakes import telegram_payloads as payloads
from tests.fakes.notebook import Notebook

SECRET = "a-secret_of-Telegram"  # noqa: S105 - of the tests
BABAK = 700002


@dataclass(frozen=True, slots=True)
class Door:
    """The webhook and who listens behind it."""

    client: httpx.AsyncClient
    notebook: Notebook

    async def post(self, body: bytes, secret: str | None = SECRET) -> int:
        headers = [] if secret is None else [(SECRET_HEADER.encode(), secret.encode("latin-1"))]
        return (await self.client.post(PATH, content=body, headers=headers)).status_code


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    notebook = Notebook()
    app = Starlette(routes=routes(notebook, secret=SECRET, clock=lambda: NOON))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot.example") as client:
        yield Door(client, notebook)


def saying(text: str, update_id: int = 17) -> bytes:
    message = payloads.message(BABAK, 3, NOON, "de") | {"text": text}
    return json.dumps({"update_id": update_id, "message": message}).encode()


async def test_a_message_is_answered_by_200_after_its_turn(door: Door) -> None:
    assert await door.post(saying("Hallo")) == 200
    assert door.notebook.texts == ["Hallo"]


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", SECRET[:-1], "a-secret_ÄÖ"])
async def test_a_wrong_secret_is_401_and_changes_nothing(door: Door, secret: str | None) -> None:
    assert await door.post(saying("Hallo"), secret) == 401
    assert door.notebook.texts == []


async def test_an_empty_secret_lets_nobody_in() -> None:
    notebook = Notebook()
    app = Starlette(routes=routes(notebook, secret="", clock=lambda: NOON))

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://bot.example"
    ) as client:
        answer = await client.post(PATH, content=saying("Hallo"), headers={SECRET_HEADER: ""})

    assert (answer.status_code, notebook.texts) == (401, [])


async def test_the_body_of_a_stranger_is_not_read(door: Door) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield b"x" * 1024

    answer = await door.client.post(PATH, content=endless(), headers={SECRET_HEADER: "wrong"})

    assert (answer.status_code, read) == (401, 0)


async def test_a_repeat_is_200_and_happens_once(door: Door) -> None:
    statuses = [await door.post(saying("Hallo")) for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert (door.notebook.texts, door.notebook.repeats) == (["Hallo"], 2)


@pytest.mark.parametrize(
    "garbage", [b"", b"{", b"[]", b"\xff\xff", b'{"update_id":5}' * 2, b"[" * 9000, b"null"]
)
async def test_garbage_is_kept_and_answered_by_200(door: Door, garbage: bytes) -> None:
    assert await door.post(garbage) == 200
    assert len(door.notebook.unreadable) == 1


async def test_what_we_do_not_answer_is_200_too(door: Door) -> None:
    assert await door.post(b'{"update_id":5,"poll":{}}') == 200
    assert (door.notebook.texts, door.notebook.unreadable) == ([], [])


async def test_a_turn_that_breaks_is_kept_aside_and_does_not_come_again(door: Door) -> None:
    door.notebook.broken_by = "boom"

    assert await door.post(saying("boom", 5)) == 200
    assert door.notebook.unreadable == [("5", "turn failed: ValueError")]


async def test_only_a_database_that_cannot_store_is_503(door: Door) -> None:
    door.notebook.cannot_store = 1

    assert [await door.post(saying("Hallo")) for _ in range(2)] == [503, 200]
    assert door.notebook.texts == ["Hallo"]


async def test_a_body_above_a_mebibyte_is_cut_off_and_not_asked_for_again(door: Door) -> None:
    read = 0

    async def huge() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'{"update_id":99,"message":"'
        for _ in range(4096):
            read += 1
            yield b"x" * 1024

    answer = await door.client.post(PATH, content=huge(), headers={SECRET_HEADER: SECRET})

    assert answer.status_code == 200
    assert door.notebook.unreadable == [("99", "larger than 1 MiB")]
    assert read <= 1025


async def test_only_post_is_served(door: Door) -> None:
    assert (await door.client.get(PATH, headers={SECRET_HEADER: SECRET})).status_code == 405
