"""The poller killed at any moment: every update is handled once, each chat in its order."""

import asyncio
import random
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.channels.telegram_poller import TelegramPoller, Updates
from bot.channels.telegram_request import TelegramConnection
from tests.cast import NOON
from tests.fakes.notebook import Notebook
from tests.fakes.telegram import FakeTelegram
from tests.soak import SOAK

UPDATES, CHATS = 200, 20


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    server = FakeTelegram(lambda: NOON)
    await server.start()
    yield server
    await server.stop()


def deeds(file: Path) -> list[tuple[str, str]]:
    database = sqlite3.connect(file)
    try:
        return database.execute("select id, chat from deeds order by n").fetchall()
    except sqlite3.OperationalError:  # not made yet
        return []
    finally:
        database.close()


async def live(fake: FakeTelegram, file: Path, seed: int, is_over: Callable[[], bool]) -> None:
    """Let one process poll until `is_over`, then kill it with -9."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.bot.channels.telegram_victim", fake.url, str(file), str(seed)),
    )
    try:
        async with asyncio.timeout(30):
            while not is_over():
                assert process.returncode is None, "the poller has died by itself"
                await asyncio.sleep(0.003)
    finally:
        process.kill()
        assert await process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("seed", range(2 * SOAK))
async def test_after_kill_9_every_update_is_handled_once_and_in_order(
    fake: FakeTelegram, tmp_path: Path, seed: int
) -> None:
    dice, file = random.Random(seed), tmp_path / "inbox.db"  # noqa: S311 - chance for a test
    said = [fake.say(dice.randrange(1, CHATS + 1), str(n)) for n in range(UPDATES)]
    kills = sorted(dice.sample(range(UPDATES), 2))

    for handled in kills:
        await live(fake, file, seed, lambda handled=handled: len(deeds(file)) > handled)  # type: ignore[misc]
    await live(fake, file, seed, lambda: fake.queue.pending == 0)

    found = deeds(file)
    assert sorted(int(id_) for id_, _ in found) == said
    for chat in {chat for _, chat in found}:
        of_chat = [int(id_) for id_, its in found if its == chat]
        assert of_chat == sorted(of_chat)


@pytest.mark.parametrize("seed", range(10 * SOAK))
async def test_a_cancelled_poller_leaves_nothing_half_done(fake: FakeTelegram, seed: int) -> None:
    dice, notebook = random.Random(seed), Notebook()  # noqa: S311 - chance for a test
    said = [fake.say(dice.randrange(1, CHATS + 1), str(n)) for n in range(UPDATES)]
    connection = TelegramConnection(fake.token, fake.url)

    async def held() -> bool:
        return True

    while fake.queue.pending:
        poller = TelegramPoller(
            Updates(connection, long_poll_s=1),
            notebook,
            lease=held,
            clock=lambda: NOON,
            chance=dice.random,
        )
        running = asyncio.create_task(poller.run(asyncio.Event()))
        await asyncio.sleep(dice.random() / 20)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert sorted(int(i.provider_id) for i in notebook.heard_ones) == said
    await connection.close()
