"""`broadcast.preview`: who of a million would get what, whatever the text or the audience names.

The limit counts the same people by language and nothing else; the peer goes from customer to
customer in Python, looks up what the text says of each, and words it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import aiosqlite
import msgspec

from bot.broadcasting.texts import Facts, render
from flows.audience import read_audience
from flows.customer import Channel
from messages.segments import count
from storage.broadcasts import Asked, Audience
from storage.sqlite.connecting import connect_reader
from storage.sqlite.store import SqliteStore
from tests.bench.measuring import Benchmark, Goal, Ground, Lap, Runner, expect, stopwatch
from tests.bench.planning import AUDIENCE, HELD_OUT, NO_BASIS, OPTED_OUT, fill, number
from tests.cast import NOON

PER_S = 500_000  # a million within two seconds
PEER_SHARE = 20
TARIFFS = ("Basis", "Komfort L", "Premium XL", "Smart 5G", "Grün", "Prepaid", "Żubr", "Flat")
SYLLABLES = ("an", "ber", "li", "mon", "töl", "ra", "ksa", "wei", "du", "ho")
TEXT = "{attribute.name}, in {attribute.tariff} you have {megabytes} MB so far."
PREVIEWS = (
    (AUDIENCE, Asked(has_customer=True)),
    (AUDIENCE, Asked(("tariff",))),
    (AUDIENCE, Asked(("name", "tariff"), has_megabytes=True)),
    (f"{AUDIENCE} attribute.tariff:Basis,Smart", Asked()),
    (f"{AUDIENCE} -attribute.tariff:Basis", Asked(("name",))),
)


async def prepare(ground: Ground) -> None:
    """Fill a file with a million customers with two attributes and up to three credits each."""
    path = ground.folder / "bot.db"
    await fill(path, ground.size, _attributes)
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma synchronous = off")
        db.executemany(
            "insert into credits (id, customer, step, cycle, megabytes, state, earned_at, moved_at,"
            " attempts, note) values (?, ?, ?, 1, 600, 'confirmed', 0, 0, 1, '')",
            _credits(ground.size),
        )
        db.commit()


def _attributes(n: int) -> str:
    first, second, last = n % 10, n // 10 % 10, n // 100 % 10
    name = SYLLABLES[first] + SYLLABLES[second] * (last % 3) + SYLLABLES[last]
    tariff = TARIFFS[n // 7 % len(TARIFFS)]
    return msgspec.json.encode({"name": name.title(), "tariff": tariff}).decode()


def _credits(many: int) -> Iterator[tuple[bytes, str, str]]:
    for n in range(many):
        for step in ("registration", "video", "app")[: n % 4]:
            yield f"{n} {step}".encode(), number(n), step


async def ours(ground: Ground) -> Lap:
    """Look at each in turn; the slowest counts."""
    store = await SqliteStore.open(_file(ground))
    laps = []
    try:
        for terms, asked in PREVIEWS:
            audience = Audience(read_audience(terms), ("tel", "telegram"), NOON, 2, 6, broadcast=1)
            with stopwatch() as watch:
                groups = await store.broadcasts.survey(audience, asked)
            laps.append(watch.rate(ground.size))
            if terms == AUDIENCE:
                expect(sum(group.count for group in groups), ground.size, "customers")
                written_to = sum(group.count for group in groups if group.reason is None)
                expect(written_to, _written_to(ground.size), "recipients")
    finally:
        await store.close()
    slowest = min(laps, key=lambda lap: lap.value)
    each = ", ".join(f"{ground.size / lap.value:.2f}" for lap in laps)
    said = f"measured: {each} s for a plain text, a tariff, all facts, two audiences by attribute"
    return Lap(slowest.value, slowest.cpu_us, said)


def _written_to(many: int) -> int:
    return sum(bool(n % HELD_OUT and n % OPTED_OUT and n % NO_BASIS) for n in range(many))


def _file(ground: Ground) -> Path:
    return ground.prepared / "bot.db"  # nobody writes to it


async def limit(ground: Ground) -> Lap:
    with closing(connect_reader(_file(ground))) as db, stopwatch() as watch:
        rows = db.execute("select language, count(*) from customers group by language").fetchall()
    expect(sum(many for _, many in rows), ground.size, "customers")
    return watch.rate(ground.size)


async def peer(ground: Ground) -> Lap:
    """Ask for each customer what the text says of them, word it, and count its segments."""
    many, segments = max(ground.size // PEER_SHARE, 4), 0
    async with aiosqlite.connect(_file(ground)) as db:
        with stopwatch() as watch:
            for n in range(many):
                segments += await _peer_words(db, number(n))
    expect(segments >= many, True, "segments")  # noqa: FBT003 - it is what is expected
    return watch.rate(many)


async def _peer_words(db: aiosqlite.Connection, who: str) -> int:
    [(attributes,)] = await db.execute_fetchall(
        "select attributes from customers where number = ?", (who,)
    )
    [(megabytes,)] = await db.execute_fetchall(
        "select coalesce(sum(megabytes), 0) from credits"
        " where customer = ? and state = 'confirmed'",
        (who,),
    )
    said = msgspec.json.decode(attributes, type=dict[str, str])
    facts = Facts(megabytes=megabytes, attributes=said)
    return count(render(TEXT, facts, Channel.SMS)).segments


PREVIEW = Benchmark(
    "broadcast.preview",
    "customers/s",
    Goal(
        "a preview of a million customers within 2 s, whatever its text or its audience names, and"
        " 20 times a loop in Python",
        ours=PER_S,
        over_peer=20,
    ),
    1_000_000,
    {Runner.OURS: ours, Runner.LIMIT: limit, Runner.PEER: peer},
    prepare=prepare,
)
