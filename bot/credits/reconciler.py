"""The reconciler compares our credits with the operator's books, daily and on demand.

Each run is kept in the managers' chain: who, when, and what it found. It changes nothing else; a
repair is a decision of its own.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from bot.carrier.carrier import Record
from bot.carrier.paging import Incomplete
from bot.carrier.reconcile import Kind, Match
from bot.credits.decisions import By, Decisions
from storage.changes import Audit, Decision
from storage.memory import Key
from storage.reading import Snapshot
from storage.store import Store

PAGE = 1000
DAILY = timedelta(days=1)
AGAIN = timedelta(hours=1)
_LAST = "reconciled.at"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Books(Protocol):
    """Who lists the operator's top-ups; the carrier does."""

    async def records(self, since: datetime) -> tuple[Record, ...] | Incomplete:
        """List our top-ups since a moment; older ones may be among them."""


class Comparable(Protocol):
    """Who keeps our side; the store does."""

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """Look at all that is kept as it stands at one moment."""


async def compare(store: Comparable, records: Iterable[Record], listed_at: datetime) -> Match:
    """Compare all our credits with what the operator listed."""
    match = Match(listed_at)
    match.put(records)
    async with store.snapshot() as snapshot:
        after: UUID | None = None
        while page := await snapshot.credits(after, PAGE):
            match.compare(page)
            after = page[-1].credit.id
    match.close()
    return match


def counts(match: Match) -> str:
    """Say what a run found, in one line."""
    found = ", ".join(f"{len(match.of(kind))} {kind.value}" for kind in Kind)
    return f"{match.matched} matched, {found}"


async def keep_run(store: Store, match: Match, actor: str, at: datetime) -> None:
    """Keep that a run took place."""
    audit = Audit(at, actor, "reconcile", counts(match))
    await store.turn(Key(), lambda _: Decision(None, (audit,)))


async def repair(match: Match, decisions: Decisions, by: By) -> int:
    """Take over the bookings that only the operator knows of; tells how many."""
    chosen = [found for found in match.deviations if found.is_repairable and found.credit]
    for found in chosen:
        assert found.credit is not None  # noqa: S101 - chosen so
        await decisions.settle(found.credit, by, is_booked=True, provider_id=found.provider_id)
    return len(chosen)


@dataclass(slots=True)
class Reconciler:
    """Compares once a day; what is found is an alarm for people."""

    store: Store
    books: Books
    clock: Callable[[], datetime]
    node: str

    async def tick(self) -> datetime | None:
        """Compare if a day has passed since the last time; tell when the next time is."""
        now, last = self.clock(), await self.store.get(_LAST)
        if last is None:
            await self.store.put(_LAST, now.isoformat())
            return now + DAILY
        due = datetime.fromisoformat(last) + DAILY
        if now < due:
            return due
        if not await self.store.lease("reconcile", self.node, now, now + AGAIN):
            return now + AGAIN
        return await self._compare(now)

    async def _compare(self, now: datetime) -> datetime:
        records = await self.books.records(now - timedelta(days=3660))
        if isinstance(records, Incomplete):
            log.warning("reconciliation_put_off", why=records.why)
            await self.store.put(_LAST, (now - DAILY + AGAIN).isoformat())
            return now + AGAIN
        match = await compare(self.store, records, now)
        await keep_run(self.store, match, "daily", now)
        await self.store.put(_LAST, now.isoformat())
        if not match.ok:
            log.error("reconciliation_found", found=counts(match))
        return now + DAILY
