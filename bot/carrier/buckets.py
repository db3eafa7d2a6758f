"""Where a line's volume lies: the operator's data buckets, found by number."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.carrier.bodies import Bucket, digits, megabytes_of
from bot.carrier.carrier import Subscriber, Volume
from bot.carrier.facts import soonest
from bot.carrier.paging import Incomplete, Lists
from bot.carrier.transport import Transport


@dataclass(frozen=True, slots=True)
class Buckets:
    """Reads the buckets by `GET /bucket`."""

    transport: Transport
    lists: Lists

    async def of(self, who: Subscriber) -> Sequence[Bucket] | Incomplete:
        """List the active data buckets of a line; narrowed by us, for servers may not filter."""
        query = {"status": "active", "usageType": "data"}
        if who.phone:
            query["logicalResource.id"] = digits(who.phone)
        rows = await self.lists.read(self.transport, "/bucket", list[Bucket], query)
        if isinstance(rows, Incomplete):
            return rows
        return [b for b in rows if b.is_usable and b.bucket_id and _is_of(b, who)]

    async def remaining(self, who: Subscriber) -> Volume | None:
        """Add up what is left; None if the operator cannot tell."""
        buckets = await self.of(who)
        if isinstance(buckets, Incomplete):
            return None
        left = [
            megabytes for b in buckets if (megabytes := megabytes_of(b.remaining_value)) is not None
        ]
        return Volume(sum(left), soonest(buckets)) if left else None

    async def own_account(self, who: Subscriber) -> str | None:
        """Find the account of a line.

        The one behind a shared bucket may be somebody else's, and so would be its bill.
        """
        buckets = await self.of(who)
        if isinstance(buckets, Incomplete):
            return None
        return next((b.account for b in buckets if b.account and b.is_shared is not True), None)


def _is_of(bucket: Bucket, who: Subscriber) -> bool:
    if who.bucket:
        return bucket.bucket_id == who.bucket
    return bool(who.phone) and bucket.belongs_to(who.phone or "")
