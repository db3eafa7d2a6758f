"""A running poller for tests, whose pauses are noted and pass in no time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.channels.telegram_poller import TelegramPoller, Updates
from bot.channels.telegram_request import TelegramConnection
from tests.cast import NOON
from tests.fakes.notebook import Notebook
from tests.fakes.telegram import FakeTelegram


@dataclass(slots=True)
class Polling:
    """What a test sees of it."""

    notebook: Notebook
    stop: asyncio.Event
    pauses: list[float] = field(default_factory=list)
    is_leader: bool = True

    async def lease(self) -> bool:
        return self.is_leader

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0.001)


@asynccontextmanager
async def polling(
    fake: FakeTelegram, notebook: Notebook | None = None, *, long_poll_s: int = 5
) -> AsyncIterator[Polling]:
    """Let a poller run, and end it well."""
    polling = Polling(notebook or Notebook(), asyncio.Event())
    connection = TelegramConnection(fake.token, fake.url)
    poller = TelegramPoller(
        Updates(connection, long_poll_s=long_poll_s),
        polling.notebook,
        lease=polling.lease,
        clock=lambda: NOON,
        chance=lambda: 0.5,
        sleep=polling.sleep,
    )
    running = asyncio.create_task(poller.run(polling.stop))
    try:
        yield polling
        assert not running.done(), "the poller has died"
    finally:
        polling.stop.set()
        async with asyncio.timeout(2):
            await running
        await connection.close()


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what happens in another task or process, at most ten seconds."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)
