"""What became of messages in the end, in PostgreSQL: prices in bulk, the share of one failure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.deliveries import Priced, Share
from storage.postgres.database import Database
from storage.queries import load
from storage.records import to_int, to_moment_or_none

_SQL = load("postgres", "deliveries")


@dataclass(frozen=True, slots=True)
class PostgresDeliveries:
    """The keeper of deliveries."""

    database: Database

    async def unpriced(self, lane: str, since: datetime, until: datetime) -> datetime | None:
        """Tell when the first message left, between two moments, that ended without a price."""
        span = (lane, to_int(since), to_int(until))
        left_at = await self.database.read(lambda c: c.fetchval(_SQL["first_unpriced"], *span))
        return to_moment_or_none(left_at)

    async def price(self, figures: Sequence[Priced]) -> None:
        """Note what messages cost; ids that no row has are passed over."""
        prices = [priced.price_cents for priced in figures]
        segments = [priced.segments for priced in figures]
        refs = [priced.ref for priced in figures]
        await self.database.write(lambda c: c.execute(_SQL["price"], prices, segments, refs))

    async def share(self, lane: str, code: str, last: int) -> Share:
        """Count a code among the last messages of a lane that have ended."""
        [counts] = await self.database.read(lambda c: c.fetch(_SQL["share"], code, lane, last))
        return Share(*counts)
