"""Several nodes share one PostgreSQL, and some are killed: nobody hears anything twice."""

import asyncio
import random
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from storage.changes import Decision, Enqueue
from storage.memory import Key
from storage.postgres.store import PostgresStore
from tests.cast import ALICE, NOON
from tests.postgres import fast
from tests.soak import SOAK
from tests.storage.keepers import add

NODES = 4 if SOAK > 1 else 3
MESSAGES = 250 * SOAK**2
PEOPLE = 20 * SOAK
RATE = 250  # less than they could, so that it is what holds them
KILLS = 2 * SOAK
PATIENCE_S = 120.0 * SOAK
pytestmark = [pytest.mark.anyio, pytest.mark.timeout(PATIENCE_S + 60)]
LONG_AGO = NOON - timedelta(days=900)  # nodes have the machine's clock
STATES = "select state, count(*) from outbox group by state"
SETTLED = {"accepted", "unknown"}


@dataclass(frozen=True, slots=True)
class Sent:
    """One line of the provider's file."""

    row: int
    recipient: str
    n: int
    slot: int


@dataclass(slots=True)
class Cluster:
    """Nodes on one database, any of which may be killed and replaced."""

    url: str
    path: Path
    running: list[asyncio.subprocess.Process] = field(default_factory=list)
    started: int = 0

    async def start(self) -> None:
        """Start one more node."""
        self.started += 1
        arguments = (self.url, str(self.path), str(RATE), f"node-{self.started}")
        self.running.append(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.bot.sending.postgres_node", *arguments
            )
        )

    async def kill(self, victim: asyncio.subprocess.Process) -> None:
        """Kill one node in the middle of whatever it does."""
        victim.kill()
        await victim.wait()
        self.running.remove(victim)

    def count(self) -> int:
        """Count what has left so far."""
        return self.path.read_bytes().count(b"\n") if self.path.exists() else 0

    def sent(self) -> list[Sent]:
        """Read what has left so far."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        rows = (line.split(" ") for line in lines)
        return [Sent(int(row), to, int(n), int(slot)) for row, to, n, slot, _ in rows]


@asynccontextmanager
async def cluster(url: str, path: Path) -> AsyncIterator[Cluster]:
    """Start some nodes, and end them all."""
    nodes = Cluster(url, path)
    for _ in range(NODES):
        await nodes.start()
    try:
        yield nodes
    finally:
        for node in list(nodes.running):
            await nodes.kill(node)


def numbered(n: int) -> Enqueue:
    """Give the nth message; each recipient gets theirs in this order."""
    return Enqueue(
        lane="sms",
        priority=0,
        recipient=f"tel:+4917139{n % PEOPLE:05}",
        line="Status",
        body=str(n // PEOPLE),
        due=LONG_AGO,
        created_at=LONG_AGO,
        customer=ALICE.number,
        is_unasked=False,
    )


async def queue(url: str) -> None:
    """Let much be said."""
    store = await PostgresStore.open(url)
    await add(store, ALICE)
    for start in range(0, MESSAGES, 1000):
        rows = tuple(map(numbered, range(start, min(start + 1000, MESSAGES))))
        await store.turn(Key(), lambda _, rows=rows: Decision(None, rows))  # type: ignore[misc]
    await store.close()


async def states(url: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(STATES)
        return {str(state): int(count) for state, count in rows}
    finally:
        await connection.close()


async def kill_now_and_then(nodes: Cluster) -> None:
    """Kill a node whenever a further part of the messages has left, and start another."""
    chance = random.Random(SOAK)  # noqa: S311 - of no consequence
    for part in range(1, KILLS + 1):
        goal = part * MESSAGES // (2 * KILLS)  # some are lost with each
        while nodes.count() < goal:  # noqa: ASYNC110 - other processes come closer to it
            await asyncio.sleep(0.05)
        await nodes.kill(chance.choice(nodes.running))
        await nodes.start()


async def all_settled(url: str) -> dict[str, int]:
    """Wait until nothing is on its way any more."""
    while True:
        found = await states(url)
        if set(found) <= SETTLED:
            return found
        await asyncio.sleep(0.2)


def most_in_a_second(slots: Sequence[int]) -> int:
    """Count what falls into the fullest second, wherever it begins."""
    first, most = 0, 0
    for last, slot in enumerate(slots):
        while slots[first] <= slot - 1_000_000:
            first += 1
        most = max(most, last - first + 1)
    return most


async def test_whoever_is_killed_nothing_leaves_twice_or_out_of_order_or_too_fast(
    tmp_path: Path,
) -> None:
    url = await (await fast()).database(tmp_path)
    await queue(url)

    async with cluster(url, tmp_path / "provider") as nodes, asyncio.timeout(PATIENCE_S):
        await kill_now_and_then(nodes)
        found = await all_settled(url)
        sent = nodes.sent()

    assert nodes.started > NODES
    assert sum(found.values()) == MESSAGES
    assert len({one.row for one in sent}) == len(sent), "somebody heard something twice"
    assert len(sent) >= found["accepted"], "something was recorded as sent and was not"
    heard: dict[str, list[int]] = defaultdict(list)
    for one in sent:
        heard[one.recipient].append(one.n)
    assert all(numbers == sorted(numbers) for numbers in heard.values())
    assert most_in_a_second(sorted(one.slot for one in sent)) <= RATE
    assert found.get("unknown", 0) <= (nodes.started - NODES) * 50, "only what was in the air"
