"""`relay.postgres`: rows of the outbox are claimed, marked as posting, and settled.

Ours keeps the order per customer and looks at each row once more before it leaves; the limit takes
any hundred rows and marks the hundred before them in that transaction; the peer goes row by row.
All have the same four belts.
"""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg

from storage.changes import Change, PutCustomer
from storage.postgres.store import PostgresStore
from tests.bench.crowds import customer, fill, queued
from tests.bench.measuring import Benchmark, Goal, Ground, Lap, Runner, crowd, expect, stopwatch
from tests.bench.relaying import BATCH, BELTS, PEER_SHARE, belt
from tests.bench.servers import counted, preparing, starting
from tests.cast import NOON

Mark: TypeAlias = tuple[int, str]

_CLAIM = """
with taken as (
    select id
    from outbox
    where state = 'ready' and lane = 'sms'
    order by priority, due
    limit $1
    for update skip locked
)
update outbox o
set state = 'posting', attempt = attempt + 1, lease = 1, posted_at = 1,
    tag = 'tag-' || o.id
from taken
where o.id = taken.id
returning o.id, o.recipient, o.body
"""
_MARK = """
update outbox o
set state = 'accepted', ref = given.ref, sent_at = 1, lease = null
from unnest($1::bigint[], $2::text[]) as given (id, ref)
where o.id = given.id
"""
_ACCEPTED = "select count(*) from outbox where state = 'accepted' and ref is not null"


async def prepare(ground: Ground) -> None:
    customers: list[Change] = [PutCustomer(customer(n), NOON) for n in range(ground.size)]
    async with preparing(ground) as url:
        store = await PostgresStore.open(url)
        await fill(store, [*customers, *queued(ground.size)])
        await store.close()


async def ours(ground: Ground) -> Lap:
    async with starting(ground) as url:
        store = await PostgresStore.open(url)
        try:
            with stopwatch() as watch:
                await crowd(range(BELTS), BELTS, lambda _: belt(store))
        finally:
            await store.close()
        return await _verified(url, ground.size, watch.rate(ground.size))


async def limit(ground: Ground) -> Lap:
    async with starting(ground) as url:
        with stopwatch() as watch:
            await crowd(range(BELTS), BELTS, lambda _: _drained(url, BATCH))
        return await _verified(url, ground.size, watch.rate(ground.size))


async def _drained(url: str, many: int, most: int | None = None) -> None:
    """Claim and mark until there is nothing left, or so many rows have been."""
    connection = await asyncpg.connect(url)
    marks: Sequence[Mark] = ()
    claimed = 0
    while most is None or claimed < most or marks:
        async with connection.transaction():
            if marks:
                await connection.execute(_MARK, *zip(*marks, strict=True))
            marks = ()
            if most is None or claimed < most:
                rows = await connection.fetch(_CLAIM, many)
                marks = [(id_, f"SM{id_}") for id_, _, _ in rows]
        claimed += len(marks)
        if not marks:
            break
    await connection.close()


async def peer(ground: Ground) -> Lap:
    rows = max(ground.size // PEER_SHARE // BELTS, 1)
    async with starting(ground) as url:
        with stopwatch() as watch:
            await crowd(range(BELTS), BELTS, lambda _: _drained(url, 1, rows))
        return await _verified(url, min(rows * BELTS, ground.size), watch.rate(rows * BELTS))


async def _verified(url: str, rows: int, lap: Lap) -> Lap:
    expect(await counted(url, _ACCEPTED), rows, "accepted rows")
    return lap


POSTGRES_RELAY = Benchmark(
    "relay.postgres",
    "rows/s",
    Goal("at least 0.5 of claiming and marking without any order", of_limit=0.5),
    10_000,
    {Runner.OURS: ours, Runner.LIMIT: limit, Runner.PEER: peer},
    prepare=prepare,
)
