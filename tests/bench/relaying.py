"""`relay.sqlite`: rows of the outbox are claimed, and settled.

Ours keeps the order per customer and looks at each row once more before it leaves; the limit takes
any hundred rows and marks the hundred before them in that transaction; the peer goes row by row.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from storage.changes import Change, PutCustomer
from storage.outbox import Claim, OutboxState, Settle
from storage.sqlite.connecting import connect_writer
from storage.sqlite.store import SqliteStore
from storage.store import Store
from tests.bench.crowds import count, customer, fill_file, queued
from tests.bench.measuring import (
    Benchmark,
    Goal,
    Ground,
    Lap,
    Runner,
    crowd,
    expect,
    stopwatch,
)
from tests.bench.processes import copied
from tests.cast import NOON

BATCH = 100
BELTS = 4
PEER_SHARE = 10

_CLAIM = """
update outbox
set state = 'posting', attempt = attempt + 1, lease = ?, posted_at = ?,
    tag = hex(randomblob(16))
where id in (select id from outbox where state = 'ready' and lane = 'sms'
             order by priority, due limit ?)
returning id, recipient, body
"""
_MARK = "update outbox set state = 'accepted', ref = ?, sent_at = ?, lease = null where id = ?"
_ACCEPTED = "select count(*) from outbox where state = 'accepted' and ref is not null"


async def prepare(ground: Ground) -> None:
    customers: list[Change] = [PutCustomer(customer(n), NOON) for n in range(ground.size)]
    await fill_file(ground.folder / "bot.db", [*customers, *queued(ground.size)])


async def ours(ground: Ground) -> Lap:
    path = copied(ground.prepared, ground.folder)
    store = await SqliteStore.open(path)
    try:
        with stopwatch() as watch:
            await crowd(range(BELTS), BELTS, lambda _: belt(store))
    finally:
        await store.close()
    return _verified(path, ground.size, watch.rate(ground.size))


async def belt(store: Store) -> None:
    claim = Claim("sms", "node", NOON, NOON + timedelta(minutes=1), BATCH)
    while rows := (await store.claim(claim)).rows:
        state = OutboxState.ACCEPTED
        await store.settle([Settle(r.id, state, NOON, ref=f"SM{r.id}", tag=r.tag) for r in rows])


async def limit(ground: Ground) -> Lap:
    path = copied(ground.prepared, ground.folder)
    with closing(connect_writer(path)) as db, stopwatch() as watch:
        marks: list[tuple[str, int, int]] = []
        while True:
            db.execute("begin immediate")
            db.executemany(_MARK, marks)
            marks = list(_claimed(db, BATCH))
            db.execute("commit")
            if not marks:
                break
    return _verified(path, ground.size, watch.rate(ground.size))


async def peer(ground: Ground) -> Lap:
    path, rows = copied(ground.prepared, ground.folder), max(ground.size // PEER_SHARE, 1)
    with closing(connect_writer(path)) as db, stopwatch() as watch:
        for _ in range(rows):
            [mark] = _claimed(db, 1)
            db.execute(_MARK, mark)
    return _verified(path, rows, watch.rate(rows))


def _claimed(db: sqlite3.Connection, many: int) -> Iterator[tuple[str, int, int]]:
    rows: Sequence[tuple[int, str, str]] = db.execute(_CLAIM, (1, 1, many)).fetchall()
    return ((f"SM{id_}", 1, id_) for id_, _, _ in rows)


def _verified(path: Path, rows: int, lap: Lap) -> Lap:
    expect(count(path, _ACCEPTED), rows, "accepted rows")
    return lap


RELAY = Benchmark(
    "relay.sqlite",
    "rows/s",
    Goal("at least 0.5 of claiming and marking without any order", of_limit=0.5),
    10_000,
    {Runner.OURS: ours, Runner.LIMIT: limit, Runner.PEER: peer},
    prepare=prepare,
)
