"""The feed watch notices when a feed is late: no bonus is paid past it, so people must know."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.metrics import Metrics
from flows.events import Feed
from storage.store import Store

LATE_AFTER = {Feed.HOTLINE: timedelta(days=3), Feed.PORTAL: timedelta(days=3)}
_SINCE = "feeds.since"
_ALARMED = "feed.late."

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FeedWatch:
    """Raises one alarm for each time a feed falls behind, and shows how far all of them are."""

    store: Store
    clock: Callable[[], datetime]
    metrics: Metrics

    async def tick(self) -> datetime | None:
        """Look at every feed; tell when the next one will be late."""
        now, marks = self.clock(), await self.store.watermarks()
        since = await self._since(now)
        dues = [await self._look(feed, marks.get(feed, since), now) for feed in Feed]
        return min((due for due in dues if due is not None), default=None)

    async def _since(self, now: datetime) -> datetime:
        """Tell since when we watch: a feed that never spoke is late from then on."""
        kept = await self.store.get(_SINCE)
        if kept is None:
            await self.store.put(_SINCE, now.isoformat())
        return datetime.fromisoformat(kept) if kept else now

    async def _look(self, feed: Feed, mark: datetime, now: datetime) -> datetime | None:
        self.metrics.feed_age.labels(feed.value).set((now - mark).total_seconds())
        due = mark + LATE_AFTER[feed]
        self.metrics.feed_late.labels(feed.value).set(now >= due)
        if now < due:
            return due
        if await self.store.get(_ALARMED + feed) != mark.isoformat():
            await self.store.put(_ALARMED + feed, mark.isoformat())
            log.error("feed_late", feed=feed.value, complete_until=mark.isoformat())
        return None
