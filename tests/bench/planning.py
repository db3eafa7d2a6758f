"""`broadcast.plan`: who of a million gets a broadcast, one row each, while turns go on.

The limit plans the same rows by the same query in one statement; the peer goes from customer to
customer in Python, and commits as often as we do.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from time import perf_counter

import aiosqlite

from flows.audience import read_audience
from flows.broadcast import BroadcastState
from storage.broadcasts import Audience
from storage.changes import Decision
from storage.queries import load
from storage.records import to_int
from storage.sqlite.audience import LAST, selection
from storage.sqlite.connecting import connect_writer
from storage.sqlite.recipients import CHUNK
from storage.sqlite.store import SqliteStore
from tests.bench.crowds import count, customer
from tests.bench.measuring import (
    Benchmark,
    Goal,
    Ground,
    Lap,
    Runner,
    expect,
    quantile,
    stopwatch,
)
from tests.bench.processes import copied
from tests.bench.turns import turn_of
from tests.cast import NOON

TURNS_PER_S = 200
IDLE_S = 5.0
PEER_SHARE = 50
HELD_OUT, OPTED_OUT, NO_BASIS = 20, 33, 50  # one in so many
AUDIENCE = "state:streak,held_out"

_SQL = load("sqlite", "broadcasts")
_BODY = '{"customer":"%s","language":"en","stage":"member","enrolled_at":"2026-11-01T11:00:00Z"}'
_DRAFT = """
insert into broadcasts (author, audience, texts, hash, state, drafted_at)
values ('9001', ?, '{"de":"Hallo"}', 'hash', ?, 0)
"""


async def prepare(ground: Ground) -> None:
    """Fill a file with a million customers, some of whom must not be written to."""
    path = ground.folder / "bot.db"
    await fill(path, ground.size, lambda _: None)
    with closing(sqlite3.connect(path)) as db:
        db.execute(_DRAFT, (AUDIENCE, BroadcastState.RUNNING))
        db.commit()


async def fill(path: Path, many: int, attributes: Callable[[int], str | None]) -> None:
    """Make so many customers, of whom the file says what `attributes` gives as JSON."""
    await (await SqliteStore.open(path)).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma synchronous = off")
        db.executemany(
            "insert into customers (number, language, basis, attributes, added_at)"
            " values (?, 'en', ?, ?, 0)",
            (
                (number(n), None if n % NO_BASIS == 0 else "consent", attributes(n))
                for n in range(many)
            ),
        )
        db.executemany(
            "insert into contacts (address, customer, place, opted_out_at) values (?, ?, 0, ?)",
            _contacts(many),
        )
        db.executemany(
            "insert into journeys (customer, state, step, month, since, body)"
            " values (?, ?, 'streak', ?, 0, ?)",
            _journeys(many),
        )
        db.commit()


def number(n: int) -> str:
    """Give the number of the nth customer."""
    return f"{200_000 + n}"


def _contacts(many: int) -> Iterator[tuple[str, str, int | None]]:
    for n in range(many):
        opted_out_at = to_int(NOON) if n % OPTED_OUT == 0 else None
        yield customer(n).contacts[0].address.uri, number(n), opted_out_at


def _journeys(many: int) -> Iterator[tuple[str, str, int, bytes]]:
    for n in range(many):
        who, state = number(n), "held_out" if n % HELD_OUT == 0 else "streak"
        yield who, state, n % 9, (_BODY % who).encode()


def _audience() -> Audience:
    return Audience(read_audience(AUDIENCE), ("tel", "telegram"), NOON, 2, 6, broadcast=1)


async def ours(ground: Ground) -> Lap:
    path = copied(ground.prepared, ground.folder)
    store, askers = await SqliteStore.open(path), _askers(ground)
    try:
        idle = await _beside(store, askers, asyncio.sleep(min(IDLE_S, ground.size / 100)))
        with stopwatch() as watch:
            busy = await _beside(store, askers, _planned(store))
    finally:
        await store.close()
    lap, slower = _verified(path, ground, watch.rate(ground.size)), busy / idle
    return Lap(
        lap.value,
        lap.cpu_us,
        f"measured: beside the planning {TURNS_PER_S} turns a second take {slower:.2f} times as"
        f" long at p99 as idle ({idle * 1000:.1f} ms)",
        slowed=slower,
    )


async def _planned(store: SqliteStore) -> None:
    audience = _audience()
    while await store.broadcasts.plan(1, audience):
        pass


def _askers(ground: Ground) -> Iterator[int]:
    """Let everybody who takes part ask once, in any order."""
    order = ground.chance.sample(range(ground.size), min(ground.size, 100_000))
    return (n for n in order if n % HELD_OUT)


async def _beside(store: SqliteStore, askers: Iterator[int], work: Awaitable[None]) -> float:
    """Let turns begin at an even pace until the work is done; gives the p99 of their length."""
    took: list[float] = []

    async def turn(n: int, begins: float) -> None:
        key, changes = turn_of(n)
        await store.turn(key, lambda _: Decision(None, changes))
        took.append(perf_counter() - begins)

    async def pace() -> None:
        start = perf_counter()
        async with asyncio.TaskGroup() as turns:
            for ahead, asker in enumerate(askers):
                begins = start + ahead / TURNS_PER_S
                await asyncio.sleep(max(begins - perf_counter(), 0))
                turns.create_task(turn(asker, begins))

    pacing = asyncio.create_task(pace())
    await work
    pacing.cancel()
    with suppress(asyncio.CancelledError):
        await pacing
    return quantile(took, 0.99) if took else 1.0


async def limit(ground: Ground) -> Lap:
    path = copied(ground.prepared, ground.folder)
    sql, values = selection("plan", _audience())
    with closing(connect_writer(path)) as db, stopwatch() as watch:
        db.execute("begin immediate")
        db.execute(sql, values)
        db.execute(_SQL["count_planned"], (1, "", LAST))
        db.execute("commit")
    return _verified(path, ground, watch.rate(ground.size))


async def peer(ground: Ground) -> Lap:
    """Ask for each customer, look at their addresses, decide, and insert."""
    path = copied(ground.prepared, ground.folder)
    many = max(ground.size // PEER_SHARE, 4)
    async with aiosqlite.connect(path, isolation_level=None) as db:
        await db.execute("pragma synchronous = full")
        with stopwatch() as watch:
            await db.execute("begin immediate")
            for n in range(many):
                await _peer_plans(db, number(n))
                if n % CHUNK == CHUNK - 1:
                    await db.execute("commit")
                    await db.execute("begin immediate")
            await db.execute("commit")
    expect(count(path, "select count(*) from recipients"), many, "recipients")
    return watch.rate(many)


async def _peer_plans(db: aiosqlite.Connection, who: str) -> None:
    [(state, basis)] = await db.execute_fetchall(
        "select j.state, u.basis from customers u join journeys j on j.customer = u.number"
        " where u.number = ?",
        (who,),
    )
    contacts = await db.execute_fetchall(
        "select opted_out_at from contacts where customer = ?", (who,)
    )
    reason = "held_out" if state == "held_out" else None
    if reason is None and all(opted_out_at for (opted_out_at,) in contacts):
        reason = "opted_out"
    if reason is None and basis is None:
        reason = "no_consent"
    await db.execute(
        "insert into recipients (broadcast, customer, state, reason) values (1, ?, ?, ?)",
        (who, "excluded" if reason else "planned", reason),
    )


def _verified(path: Path, ground: Ground, lap: Lap) -> Lap:
    held_out = -(-ground.size // HELD_OUT)
    queries = {
        "select count(*) from recipients": ground.size,
        "select sum(number) from broadcast_counts": ground.size,
        "select number from broadcast_counts where reason = 'held_out'": held_out,
    }
    for query, expected in queries.items():
        expect(count(path, query), expected, query)
    return lap


PLAN = Benchmark(
    "broadcast.plan",
    "recipients/s",
    Goal(
        "a million recipients at 0.5 of one INSERT … SELECT of the same rows, keys and exclusions"
        " and 20 times a loop in Python, while turns go on at most 1.3 times slower at p99",
        of_limit=0.5,
        over_peer=20,
        slowed=1.3,
    ),
    1_000_000,
    {Runner.OURS: ours, Runner.LIMIT: limit, Runner.PEER: peer},
    prepare=prepare,
)
