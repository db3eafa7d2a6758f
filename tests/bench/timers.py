"""`timers.due`: what a look for due wakes costs among ten times as many: it follows what is due."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from storage.records import to_int
from storage.sqlite.store import SqliteStore
from tests.bench.crowds import count
from tests.bench.measuring import Benchmark, Goal, Ground, Lap, Runner, expect, stopwatch
from tests.cast import NOON

DUE = 100
LOOKS = 300
FEWER = 10

_PUT = "insert into wakes (customer, slot, what, at, is_open) values (?, 'streak', 'Month', ?, 1)"
_SCAN = """
select customer, slot, what, at from wakes
where +is_open = 1 and +at <= ? order by +at, customer, slot limit 500
"""


async def prepare(ground: Ground) -> None:
    """Fill two files, one with a tenth of the wakes."""
    for name, wakes in (("many.db", ground.size), ("few.db", _fewer(ground))):
        path = ground.folder / name
        await (await SqliteStore.open(path)).close()
        with closing(sqlite3.connect(path)) as db:
            db.execute("pragma synchronous = off")
            db.executemany(_PUT, _wakes(wakes))
            db.commit()


def _wakes(many: int) -> Iterator[tuple[str, int]]:
    """One a second, of customers that lie anywhere in the table."""
    first = to_int(NOON)
    for n in range(many):
        yield hashlib.md5(b"%d" % n, usedforsecurity=False).hexdigest()[:12], first + n * 1_000_000


async def ours(ground: Ground) -> Lap:
    return await _look(ground.prepared / "many.db", min(DUE, ground.size))


async def limit(ground: Ground) -> Lap:
    return await _look(ground.prepared / "few.db", min(DUE, _fewer(ground)))


async def peer(ground: Ground) -> Lap:
    path, due = ground.prepared / "many.db", min(DUE, ground.size)
    with closing(sqlite3.connect(path)) as db, stopwatch() as watch:
        rows = db.execute(_SCAN, (to_int(_until(due)),)).fetchall()
    expect(len(rows), due, "due wakes")
    return watch.cost(1)


async def _look(path: Path, due: int) -> Lap:
    store = await SqliteStore.open(path)
    try:
        rows = await store.due_wakes(_until(due), 500)  # what the file system still has to read
        with stopwatch() as watch:
            for _ in range(LOOKS):
                rows = await store.due_wakes(_until(due), 500)
                await store.next_wake()
        expect(len(rows), due, "due wakes")
    finally:
        await store.close()
    expect(count(path, "select count(*) >= 4 from wakes"), 1, "wakes")
    return watch.cost(LOOKS)


def _until(due: int) -> datetime:
    return NOON + timedelta(seconds=due - 1)


def _fewer(ground: Ground) -> int:
    return max(ground.size // FEWER, 4)


TIMERS = Benchmark(
    "timers.due",
    "µs a look",
    Goal(
        "a look among 10 million wakes costs at most 1.3 times one among a million (the limit);"
        " the peer scans",
        of_limit=1.3,
    ),
    10_000_000,
    {Runner.OURS: ours, Runner.LIMIT: limit, Runner.PEER: peer},
    is_cost=True,
    prepare=prepare,
)
