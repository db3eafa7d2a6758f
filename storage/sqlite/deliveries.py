"""What became of messages in the end, in SQLite: prices in bulk, and the share of one failure."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from storage.deliveries import Priced, Share
from storage.queries import load
from storage.records import to_int, to_moment_or_none

T = TypeVar("T")

_SQL = load("sqlite", "deliveries")


class _Run(Protocol):
    def __call__(self, work: Callable[[sqlite3.Connection], T]) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class SqliteDeliveries:
    """The keeper of deliveries, over the store's readers and its writer."""

    read: _Run
    write: _Run

    async def unpriced(self, lane: str, since: datetime, until: datetime) -> datetime | None:
        """Tell when the first message left, between two moments, that ended without a price."""
        span = (lane, to_int(since), to_int(until))
        [left_at] = await self.read(lambda db: db.execute(_SQL["first_unpriced"], span).fetchone())
        return to_moment_or_none(left_at)

    async def price(self, figures: Sequence[Priced]) -> None:
        """Note what messages cost; ids that no row has are passed over."""
        rows = [(priced.price_cents, priced.segments, priced.ref) for priced in figures]
        await self.write(lambda db: db.executemany(_SQL["price"], rows))

    async def share(self, lane: str, code: str, last: int) -> Share:
        """Count a code among the last messages of a lane that have ended."""
        asked = (code, lane, last)
        counts = await self.read(lambda db: db.execute(_SQL["share"], asked).fetchone())
        return Share(*counts)
