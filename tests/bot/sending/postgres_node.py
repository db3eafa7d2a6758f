"""One node of many on a PostgreSQL: a relay whose provider is a file that all nodes write to.

python -m tests.bot.sending.postgres_node URL FILE RATE NODE
"""

import asyncio
import os
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.channels.channel import Accepted, Outcome, Refused
from bot.metrics import Metrics
from bot.parting import waiting_by
from bot.sending import belt, relay
from bot.sending.lanes import Lane, Surroundings
from storage.outbox import OutboxRow
from storage.postgres.store import PostgresStore
from tests.soak import SOAK

# So that a test need not wait a minute for what the dead have held; a soak leaves nodes little of
# the machine, and who is slow is not dead.
SHORT = timedelta(seconds=2 if SOAK == 1 else 10)


class SharedFile:
    """Takes messages in the order in which they come, from any number of nodes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def send(self, row: OutboxRow, tag: str) -> Outcome:
        slot = round(row.slot.timestamp() * 1_000_000)
        os.write(self._file, f"{row.id} {row.recipient} {row.body} {slot} {tag}\n".encode())
        await asyncio.sleep(0.002)
        return Accepted(f"ref-{row.id}")

    async def look_up(self, row: OutboxRow, tag: str, posted_at: datetime) -> Accepted | None:
        has_left = f" {tag}\n" in self._path.read_text()
        return Accepted(f"ref-{row.id}") if has_left else None

    async def refused(self, row: OutboxRow, refusal: Refused) -> None:
        """Nobody refuses."""


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  a process of its own has the machine's clock


async def main() -> None:
    url, path, rate, node = sys.argv[1:]
    belt.LEASE, belt.OVERSLEPT, relay.RECOVER_EVERY = SHORT, SHORT / 2, SHORT / 4
    store = await PostgresStore.open(url)
    around = Surroundings(now, waiting_by(now), random.random, Metrics(), node)
    lane = Lane("sms", SharedFile(Path(path)), float(rate), in_flight=50)
    await relay.Relay(store, (lane,), around).run(asyncio.Event(), asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main())
