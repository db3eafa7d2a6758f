"""`turn.postgres`: one customer's event, read, decided and committed, at 500 turns at a time.

The limit reads and writes the same rows by the same sets, 128 at a time on one connection, with
nothing decided and nobody held. The peer does what one would write first: a pool, and a transaction
of plain statements for each turn.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TypeAlias

import asyncpg

from storage.changes import Decision
from storage.memory import Key
from storage.postgres.changes import spread
from storage.postgres.database import CONNECTIONS
from storage.postgres.sheets import columns
from storage.postgres.store import PostgresStore
from storage.postgres.waves import STATEMENTS, Rows, Sheet, in_waves
from storage.queries import load
from tests.bench.crowds import fill, flat, members
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
from tests.bench.servers import counted, preparing, starting
from tests.bench.turns import AT_ONCE, Change, turns_of
from tests.cast import NOON

BATCH = 128
PEER_SHARE = 5

Turn: TypeAlias = tuple[Key, tuple[Change, ...]]
Replay: TypeAlias = tuple[Sequence[object], list[tuple[str, tuple[object, ...]]]]

_MEMORY = load("postgres", "memory")
_CHANGES = load("postgres", "changes")

_FIND = "select customer from contacts where address = $1"
_SEEN = "select digest, answer from inbox where source = $1 and id = $2"
_JOURNEY = "select body from journeys where customer = $1 for update"
_TAIL = "select n, hash from journal where customer = $1 order by n desc limit 1"
_REMEMBER = "insert into inbox (source, id, digest, answer, at) values ($1, $2, $3, $4, $5)"
_APPEND = """
insert into journal (customer, n, at, known_at, kind, body, source, effects, hash)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_WAKE = """
insert into wakes (customer, slot, what, at, feed, needs, is_open)
values ($1, $2, $3, $4, $5, $6, true)
on conflict (customer, slot) do update set what = excluded.what, at = excluded.at
"""
_ENQUEUE = """
insert into outbox (lane, priority, recipient, line, body, due, created_at, customer, use_by, cost,
                    is_unasked, may_resend, about)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
_STAND = "update journeys set state = $2, step = $3, month = $4, body = $5 where customer = $1"


async def prepare(ground: Ground) -> None:
    async with preparing(ground) as url:
        store = await PostgresStore.open(url)
        await fill(store, flat(members(ground.size, NOON)))
        await store.close()


async def ours(ground: Ground) -> Lap:
    turns = turns_of(ground)
    async with starting(ground) as url:
        store = await PostgresStore.open(url)
        try:
            with stopwatch() as watch:
                await crowd(
                    turns,
                    AT_ONCE,
                    lambda turn: store.turn(turn[0], lambda _: Decision(None, turn[1])),
                )
        finally:
            await store.close()
        return await _verified(url, len(turns), watch.rate(len(turns)))


async def limit(ground: Ground) -> Lap:
    turns = turns_of(ground)
    rest = iter(turns)
    replays = [_replay(batch) for batch in iter(lambda: list(islice(rest, BATCH)), [])]
    async with starting(ground) as url:
        connection = await asyncpg.connect(url)
        with stopwatch() as watch:
            for keys, statements in replays:
                async with connection.transaction():
                    await connection.fetch(_MEMORY["read_memories"], *keys)
                    for sql, values in statements:
                        await connection.execute(sql, *values)
        await connection.close()
        return await _verified(url, len(turns), watch.rate(len(turns)))


def _replay(batch: Sequence[Turn]) -> Replay:
    """Write down what is read and written for many turns, before the clock runs."""
    none = [None] * len(batch)
    never = [False] * len(batch)
    inboxes = [key.inbox for key, _ in batch if key.inbox]
    keys = (
        [_number(changes) for _, changes in batch],
        [inbox.source for inbox in inboxes],
        [inbox.id for inbox in inboxes],
        [key.address_hash for key, _ in batch],
        none, none, never, never, never,
    )  # fmt: skip
    [sheet] = in_waves(_rows(changes) for _, changes in batch)
    return keys, [(_CHANGES[name], columns(sheet[name])) for name in _named(sheet)]


def _named(sheet: Sheet) -> list[str]:
    return [name for name in STATEMENTS if name in sheet]


def _rows(changes: Sequence[Change]) -> Rows:
    return list(spread(changes))


def _number(changes: Sequence[Change]) -> str:
    [(_, journey)] = [row for row in spread(changes) if row[0] == "put_journeys"]
    return str(journey[0])


async def peer(ground: Ground) -> Lap:
    turns = turns_of(ground)[:: min(PEER_SHARE, ground.size)]
    replays = [(key, dict(spread(changes))) for key, changes in turns]
    async with (
        starting(ground) as url,
        asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool,
    ):

        async def turn(replay: tuple[Key, Mapping[str, tuple[object, ...]]]) -> None:
            key, rows = replay
            assert key.inbox is not None
            async with pool.acquire() as db, db.transaction():
                number = await db.fetchval(_FIND, key.address.uri if key.address else "")
                await db.fetchrow(_SEEN, key.inbox.source, key.inbox.id)
                await db.fetchval(_JOURNEY, number)
                await db.fetchrow(_TAIL, number)
                await db.execute(_REMEMBER, *rows["remember"])
                await db.execute(_APPEND, *rows["append"])
                await db.execute(_WAKE, *rows["set_wakes"])
                await db.execute(_ENQUEUE, *rows["enqueue"])
                customer, state, step, month, _, body, *_ = rows["put_journeys"]
                await db.execute(_STAND, customer, state, step, month, body)

        with stopwatch() as watch:
            await crowd(replays, AT_ONCE, turn)
        return await _verified(url, len(turns), watch.rate(len(turns)))


async def _verified(url: str, turns: int, lap: Lap) -> Lap:
    for table in ("inbox", "outbox", "journal", "wakes"):
        expect(await counted(url, f"select count(*) from {table}"), turns, table)  # noqa: S608
    return lap


POSTGRES_TURN = Benchmark(
    "turn.postgres",
    "turns/s",
    Goal(
        "at least 0.5 of the same rows by the same sets, 128 in a transaction, and 5 times a pooled"
        " peer with a transaction for each turn",
        of_limit=0.5,
        over_peer=5,
    ),
    4000,
    {Runner.OURS: ours, Runner.LIMIT: limit, Runner.PEER: peer},
    prepare=prepare,
)
