"""A process that carries on with a broadcast at every start, to be killed at any moment.

`python -m tests.bot.broadcasting.broadcast_victim FOLDER MINUTES`: begins so many minutes after
noon, says "begun", and "done" once the broadcast is over. What the provider has taken stands in the
folder's file `sent`, a line for each message.
"""

import asyncio
import os
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bot.channels.channel import Accepted, Outcome, Refused
from bot.metrics import Metrics
from bot.sending.lanes import Lane, Surroundings
from bot.sending.relay import Relay
from flows.broadcast import BroadcastState
from storage.outbox import OutboxRow
from tests.bot.broadcast_house import BroadcastHouse, broadcast_house
from tests.bot.programme_house import HandClock
from tests.cast import NOON

SENT = "sent"
WORKERS = 4


@dataclass(slots=True)
class LateClock(HandClock):
    """Goes on at real speed from its moment."""

    start: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return self.at + timedelta(seconds=time.monotonic() - self.start)

    async def until(self, moment: datetime) -> None:
        """Wait."""
        await asyncio.sleep(max((moment - self()).total_seconds(), 0))


@dataclass(frozen=True, slots=True)
class Ledger:
    """A provider that takes everything, and of which nobody can learn afterwards what it took."""

    file: int

    async def send(self, row: OutboxRow, tag: str) -> Outcome:
        """Take a message."""
        os.write(self.file, f"{row.recipient}\n".encode())
        await asyncio.sleep(0)
        return Accepted(f"ref-{tag}")

    async def look_up(self, row: OutboxRow, tag: str, posted_at: datetime) -> Accepted | None:
        """Know nothing."""
        raise ConnectionError

    async def refused(self, row: OutboxRow, refusal: Refused) -> None:
        """Refuse nothing."""


async def live(house: BroadcastHouse, folder: Path, clock: LateClock) -> None:
    """Plan, feed and send, until the broadcast is over."""
    file = os.open(folder / SENT, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    around = Surroundings(clock, clock.until, lambda: 0.5, Metrics(), f"node-{os.getpid()}")
    lane = Lane("sms", Ledger(file), in_flight=WORKERS)
    relay = Relay(house.programme.store, (lane,), around)
    stop, poke = asyncio.Event(), asyncio.Event()
    sending = asyncio.create_task(relay.run(stop, poke))
    while await _is_running(house):
        await house.engine.tick()
        poke.set()
        await asyncio.sleep(0.005)
    stop.set()
    poke.set()
    await sending


async def _is_running(house: BroadcastHouse) -> bool:
    row = await house.programme.store.broadcasts.find(1)
    return row is not None and row.state is BroadcastState.RUNNING


async def main() -> None:
    """Live once."""
    folder, clock = Path(sys.argv[1]), LateClock(NOON + timedelta(minutes=int(sys.argv[2])))
    async with broadcast_house(folder, clock=clock) as house:
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        await live(house, folder, clock)
    sys.stdout.write("done\n")


if __name__ == "__main__":
    asyncio.run(main())
