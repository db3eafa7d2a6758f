"""Many customers and much to send, for benchmarks to start from."""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec

from bot.channels.channel import Message
from bot.turns.routing import BROADCAST_PRIORITY
from flows.customer import Customer
from flows.journey import Journey
from storage.changes import Change, Decision, Enqueue, PutCustomer, PutJourney
from storage.memory import Key
from storage.sqlite.store import SqliteStore
from storage.store import Store
from tests.cast import ALICE, NOON, on_streak

T = TypeVar("T")

TOGETHER = 500
SAID = "Your streak stands at four months. 60 days to go, and 1800 MB are yours."


def customer(n: int, scheme: str = "tel") -> Customer:
    """Give the nth customer; made like Alice."""
    address = f"tel:+4917{n:09d}" if scheme == "tel" else f"telegram:{700_000 + n}"
    contact = ALICE.contacts[0]
    contacts = (replace(contact, address=replace(contact.address, uri=address)),)
    return replace(ALICE, number=f"{200_000 + n}", contacts=contacts)


def members(many: int, at: datetime) -> list[tuple[Change, ...]]:
    """Let so many customers stand in the middle of their streak."""
    standing = on_streak(at - timedelta(days=30))
    return [_member(customer(n), standing, at) for n in range(many)]


def _member(who: Customer, standing: Journey, at: datetime) -> tuple[Change, ...]:
    journey = replace(standing, customer=who.number)
    return PutCustomer(who, at), PutJourney(journey, "streak", "streak", 0, at)


def queued(many: int, *, scheme: str = "tel", at: datetime = NOON, first: int = 0) -> list[Enqueue]:
    """Queue so many messages of a broadcast, each to another customer."""
    body = msgspec.json.encode(Message(SAID)).decode()
    lane = "sms" if scheme == "tel" else "telegram"
    return [
        Enqueue(
            lane,
            BROADCAST_PRIORITY,
            (who := customer(first + n, scheme)).contacts[0].address.uri,
            "Broadcast",
            body,
            at,
            at,
            customer=who.number,
        )
        for n in range(many)
    ]


async def fill(store: Store, changes: Iterable[Change]) -> None:
    """Apply changes, many in a turn."""
    rest = iter(changes)
    while some := tuple(islice(rest, TOGETHER)):
        await store.turn(Key(), lambda _, some=some: Decision(None, some))  # type: ignore[misc]


async def fill_file(path: Path, changes: Iterable[Change]) -> None:
    """Apply changes to a file and close it."""
    store = await SqliteStore.open(path)
    try:
        await fill(store, changes)
    finally:
        await store.close()


def count(path: Path, query: str) -> int:
    """Look into a file, as nobody in the house does."""
    with closing(sqlite3.connect(path)) as db:
        (found,) = db.execute(query).fetchone()
        return int(found)


async def count_soon(path: Path, query: str, expected: int) -> int:
    """Look until what is expected is there, for ten seconds at most."""
    for _ in range(200):
        if count(path, query) == expected:
            return expected
        await asyncio.sleep(0.05)
    return count(path, query)


def flat(groups: Sequence[tuple[T, ...]]) -> list[T]:
    """Take groups apart."""
    return [one for group in groups for one in group]
