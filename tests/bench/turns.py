"""`turn.sqlite`: one customer's event, read, decided and committed, at 500 turns at a time.

All three do the same statements with the same values; the limit and the peer replay what one of our
turns was seen to do, so nothing is read into objects or written from them there.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import aiosqlite
import msgspec

from bot.channels.channel import Message
from bot.turns.journal import entry
from flows.intent import Intent
from flows.journey import Journey
from storage.changes import Append, Decision, Enqueue, PutJourney, Remember, SetWake
from storage.memory import InboxKey, Key
from storage.queries import load
from storage.sqlite.changes import apply
from storage.sqlite.connecting import connect_writer
from storage.sqlite.memory import Recall
from storage.sqlite.store import SqliteStore
from tests.bench.crowds import SAID, count, customer, fill_file, flat, members
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
from tests.cast import NOON, heard, on_streak

AT_ONCE = 500
GROUP = 256
PEER_SHARE = 5

Value: TypeAlias = "str | int | float | bytes | None"
Statement: TypeAlias = "tuple[str, tuple[Value, ...]]"
Change: TypeAlias = "Remember | Append | PutJourney | SetWake | Enqueue"

STANDING = on_streak(NOON - timedelta(days=30))

_CONNECTION = load("sqlite", "connection")


async def prepare(ground: Ground) -> None:
    await fill_file(ground.folder / "bot.db", flat(members(ground.size, NOON)))


async def ours(ground: Ground) -> Lap:
    path = copied(ground.prepared, ground.folder)
    turns = turns_of(ground)
    store = await SqliteStore.open(path)
    try:
        with stopwatch() as watch:
            await crowd(
                turns, AT_ONCE, lambda turn: store.turn(turn[0], lambda _: Decision(None, turn[1]))
            )
    finally:
        await store.close()
    return _verified(path, len(turns), watch.rate(len(turns)))


async def limit(ground: Ground) -> Lap:
    path = copied(ground.prepared, ground.folder)
    turns = _replays(path, turns_of(ground))
    with closing(connect_writer(path)) as db:
        rest = iter(turns)
        with stopwatch() as watch:
            while group := list(islice(rest, GROUP)):
                db.execute("begin immediate")
                for statements in group:
                    for sql, values in statements:
                        db.execute(sql, values).fetchall()
                db.execute("commit")
    return _verified(path, len(turns), watch.rate(len(turns)))


async def peer(ground: Ground) -> Lap:
    path = copied(ground.prepared, ground.folder)
    turns = _replays(path, turns_of(ground)[:: min(PEER_SHARE, ground.size)])
    async with aiosqlite.connect(path, isolation_level=None) as db:
        for name, sql in _CONNECTION.items():
            if name.startswith("writer"):
                await db.execute(sql)
        lock = asyncio.Lock()

        async def turn(statements: Sequence[Statement]) -> None:
            async with lock:
                await db.execute("begin immediate")
                for sql, values in statements:
                    await db.execute_fetchall(sql, values)
                await db.execute("commit")

        with stopwatch() as watch:
            await crowd(turns, AT_ONCE, turn)
    return _verified(path, len(turns), watch.rate(len(turns)))


def turns_of(ground: Ground) -> list[tuple[Key, tuple[Change, ...]]]:
    """Let everybody ask how they stand, in any order."""
    return [turn_of(n) for n in ground.chance.sample(range(ground.size), ground.size)]


def turn_of(n: int, standing: Journey = STANDING) -> tuple[Key, tuple[Change, ...]]:
    """Let the nth customer ask how they stand."""
    who, inbox = customer(n), InboxKey("sms", f"SM{n:032x}")
    number, to = who.number, who.contacts[0].address
    journey = replace(standing, customer=number)
    body = msgspec.json.encode(Message(SAID)).decode()
    return Key(address=to, address_hash=b"%032d" % n, inbox=inbox), (
        Remember(inbox, b"", "", NOON),
        entry(number, n=1, tail=b"", event=heard(Intent.STATUS), source="sms", effects=()),
        SetWake(number, "streak", "MonthOver", NOON + timedelta(days=9)),
        Enqueue("sms", 0, to.uri, "StatusStreak", body, NOON, NOON, customer=number),
        PutJourney(journey, "streak", "streak", 1, NOON),
    )


class _Recorder(sqlite3.Connection):
    """Writes down what it is told to do."""

    seen: list[Statement]

    def execute(self, sql: str, values: Iterable[Value] = (), /) -> sqlite3.Cursor:  # type: ignore[override]
        given = tuple(values)
        self.seen.append((sql, given))
        return super().execute(sql, given)


def _replays(path: Path, turns: list[tuple[Key, tuple[Change, ...]]]) -> list[list[Statement]]:
    """Find out what our turns do, without doing it."""
    with closing(sqlite3.connect(path, factory=_Recorder, isolation_level=None)) as db:
        recall, replays = Recall(), []
        db.seen = []
        db.execute("begin")
        recall.read(db, turns[0][0])  # what is common to all is read once
        for key, changes in turns:
            db.seen = []
            recall.read(db, key)
            for change in changes:
                apply(db, change)
            replays.append(db.seen)
        db.seen = []
        db.execute("rollback")
    return replays


def _verified(path: Path, turns: int, lap: Lap) -> Lap:
    for table in ("inbox", "outbox", "journal", "wakes"):
        expect(count(path, f"select count(*) from {table}"), turns, table)  # noqa: S608
    return lap


TURN = Benchmark(
    "turn.sqlite",
    "turns/s",
    Goal(
        "at least 0.7 of the same statements, 256 in a transaction, and 5 times a peer that awaits"
        " each statement",
        of_limit=0.7,
        over_peer=5,
    ),
    4000,
    {Runner.OURS: ours, Runner.LIMIT: limit, Runner.PEER: peer},
    prepare=prepare,
)
