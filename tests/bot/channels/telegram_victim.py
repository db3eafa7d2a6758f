"""A process that polls and notes what it handled, made to be killed at any moment.

Its inbox is a SQLite file: the id and the deed in one transaction, as a turn commits them.
Run as `python -m tests.bot.channels.telegram_victim URL FILE SEED`.
"""

import asyncio
import random
import sqlite3
import sys

from bot.channels.channel import Inbound, Reachability
from bot.channels.telegram_poller import TelegramPoller, Updates
from bot.channels.telegram_request import TelegramConnection
from tests.cast import NOON
from tests.fakes.telegram import TOKEN

TABLES = """
create table if not exists inbox (id text primary key);
create table if not exists deeds (id text, chat text, n integer primary key autoincrement);
"""


class DurableListener:
    """Handles each update once, however often it comes."""

    def __init__(self, file: str, dice: random.Random) -> None:
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.executescript(TABLES)
        self._dice = dice

    async def heard(self, inbound: Inbound) -> None:
        """Take a moment, then commit the deed with the id."""
        await asyncio.sleep(self._dice.random() / 200)
        with self._database:
            self._database.execute("begin immediate")
            new = self._database.execute(
                "insert or ignore into inbox (id) values (?)", (inbound.provider_id,)
            )
            if new.rowcount:
                self._database.execute(
                    "insert into deeds (id, chat) values (?, ?)",
                    (inbound.provider_id, inbound.address.value),
                )

    async def reached(self, change: Reachability) -> None:
        """Not played here."""
        raise AssertionError(change)

    async def undecodable(self, source: str, provider_id: str, body: bytes, reason: str) -> None:
        """Not played here."""
        raise AssertionError(source, provider_id, reason)


async def _held() -> bool:
    return True


async def poll(url: str, file: str, seed: int) -> None:
    """Poll until killed."""
    dice = random.Random(seed)  # noqa: S311 - chance for a test
    connection = TelegramConnection(TOKEN, url)
    poller = TelegramPoller(
        Updates(connection, long_poll_s=2),
        DurableListener(file, dice),
        lease=_held,
        clock=lambda: NOON,
        chance=dice.random,
    )
    await poller.run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(poll(sys.argv[1], sys.argv[2], int(sys.argv[3])))
