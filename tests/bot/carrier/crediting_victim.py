"""A process that carries credits and kills itself (SIGKILL) at the Nth edge of a commit.

Started by test_crediting_killed.py: folder of the database or the address of a PostgreSQL, address
of the operator, the machine's monotonic second that counts as noon, and N (0: live on). It ends by
itself once nothing is open.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

from bot.carrier.bodies import Dialect
from bot.carrier.crediting import Crediting
from bot.carrier.paging import Lists
from bot.carrier.patience import Patience
from bot.carrier.tmf654 import Tmf654
from bot.carrier.transport import HttpTransport
from bot.credits.credit_book import TurnedCredits
from storage.changes import Decision
from storage.memory import Key, Memory
from storage.store import Store
from tests.bot.programme_house import HandClock, programme_house
from tests.cast import NOON

T = TypeVar("T")
SPEED = 600  # ten minutes in a second
PATIENCE = Patience(
    in_flight=timedelta(minutes=5),
    shortest_poll=timedelta(minutes=1),
    longest_poll=timedelta(minutes=2),
    processes_within=timedelta(minutes=8),
)


@dataclass(slots=True)
class FastClock(HandClock):
    """A clock that runs fast, and the same in every process of this machine."""

    start: float = 0

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=(time.monotonic() - self.start) * SPEED)


@dataclass(slots=True)
class KillingStore:
    """The store; at the Nth edge of a commit, before or after it, the process is gone."""

    store: Store
    lives: int

    async def turn(self, key: Key, decide: Callable[[Memory], Decision[T]]) -> T:
        """Answer one event."""
        self._edge()
        answer = await self.store.turn(key, decide)
        self._edge()
        return answer

    def _edge(self) -> None:
        self.lives -= 1
        if self.lives == 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def live(database: str, url: str, start: float, lives: int) -> None:
    """Carry credits until nothing is open."""
    clock = FastClock(start=start)
    transport = HttpTransport(url, timeout_s=5, per_second=1000)
    is_server = database.startswith("postgres")
    house_there = programme_house(Path(database), clock=clock, url=database if is_server else None)
    async with house_there as house:
        killing = cast("Store", KillingStore(house.store, lives))
        worker = Crediting(
            house.store,
            TurnedCredits(killing, house.house, house.poke),
            Tmf654(transport, Dialect(), Lists(page_size=2)),
            clock,
            alarm=lambda _: None,
            patience=PATIENCE,
        )
        while await worker.tick() is not None:  # noqa: ASYNC110 - it polls, as the clock runs
            await asyncio.sleep(0.02)
    await transport.close()


if __name__ == "__main__":
    _, where, address, noon, lives = sys.argv
    asyncio.run(live(where, address, float(noon), int(lives)))
