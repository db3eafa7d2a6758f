"""Telegram's webhook over real HTTP: Telegram repeats until we say 200, and we say it honestly."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
import uvicorn
from starlette.applications import Starlette

from bot.web.telegram import PATH, routes
from tests.cast import NOON
from tests.fakes.notebook import Notebook
from tests.fakes.telegram import FakeTelegram

SECRET = "a-secret_of-Telegram"  # noqa: S105 - of the tests
BABAK, ALICE = 700002, 700001


class Server(uvicorn.Server):
    """Leaves the signals to the test run."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(notebook: Notebook) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        app = Starlette(routes=routes(notebook, secret=SECRET, clock=lambda: NOON))
        server = Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        running = asyncio.create_task(server.serve([door]))
        yield f"http://127.0.0.1:{door.getsockname()[1]}{PATH}"
        server.should_exit = True
        await running


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    server = FakeTelegram(lambda: NOON)
    await server.start()
    yield server
    await server.stop()


async def test_what_could_not_be_stored_is_delivered_again_and_handled_once(
    fake: FakeTelegram,
) -> None:
    notebook = Notebook(cannot_store=2)

    async with serving(notebook) as url:
        fake.queue.webhook |= {"url": url, "secret_token": SECRET}
        fake.say(BABAK, "one")
        fake.say(BABAK, "two")
        fake.push_raw(b"garbage %d")
        fake.say(ALICE, "three")
        await fake.queue.settle()

    assert sorted(notebook.texts) == ["one", "three", "two"]
    assert [text for text in notebook.texts if text != "three"] == ["one", "two"]
    assert sorted(fake.queue.statuses) == [200] * 4 + [503] * 2
    assert len(notebook.unreadable) == 1


async def test_a_hundred_chats_at_once_are_each_heard_once(fake: FakeTelegram) -> None:
    notebook = Notebook()

    async with serving(notebook) as url:
        fake.queue.webhook |= {"url": url, "secret_token": SECRET}
        for chat in range(100):
            fake.say(chat + 1, f"from {chat}")
        await fake.queue.settle()

    assert sorted(notebook.texts) == sorted(f"from {chat}" for chat in range(100))
    assert fake.queue.statuses == [200] * 100


async def test_a_forgery_is_turned_away_again_and_again(fake: FakeTelegram) -> None:
    notebook = Notebook()

    async with serving(notebook) as url:
        fake.queue.webhook |= {"url": url, "secret_token": "guessed"}
        fake.say(BABAK, "one")
        await asyncio.sleep(0.1)

    assert notebook.texts == []
    assert set(fake.queue.statuses) == {401}
