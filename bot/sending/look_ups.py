"""Look-ups: when it is asked what became of rows of unknown outcome, and how many at once."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.sending.hands import Spawn
from bot.sending.lanes import Lane, Outbox, Surroundings
from bot.sending.resolver import Resolver
from bot.sending.settling import Settling
from storage.outbox import Unresolved

AT_ONCE = 10
LOOK_EVERY = timedelta(seconds=1)  # where nothing is known of it


class LookUps:
    """Those of one lane; `spawn` starts one, `on_done` hears of its end."""

    def __init__(
        self,
        outbox: Outbox,
        lane: Lane,
        around: Surroundings,
        settling: Settling,
        spawn: Spawn,
        on_done: Callable[[], None],
    ) -> None:
        self._outbox = outbox
        self._lane = lane.name
        self._resolver = Resolver(outbox, lane.handler, around)
        self._settling = settling
        self._spawn = spawn
        self._on_done = on_done
        self._under_way: set[int] = set()
        self._due: datetime | None = None

    async def start_due(self, now: datetime) -> None:
        """Start those that are due, if it is time to ask for any."""
        if self._due is not None and self._due > now:
            return
        busy = frozenset(self._under_way)  # one that ends while we read would be read as unknown
        due = await self._outbox.unresolved(self._lane, now, AT_ONCE)
        for lost in due:
            if lost.row.id not in busy:
                self._under_way.add(lost.row.id)
                self._spawn(self._resolve(lost))
        self._due = now + LOOK_EVERY

    async def next_due(self, now: datetime) -> datetime | None:
        """Tell when the next one is due."""
        due = await self._outbox.next_look(self._lane)
        if due is not None and due <= now and self._under_way:
            return None  # it is under way, and its end calls `on_done`
        if due is not None and (self._due is None or due < self._due):
            self._due = due
        return due

    async def _resolve(self, lost: Unresolved) -> None:
        try:
            await self._settling.settle((await self._resolver.resolve(lost),))
        finally:
            self._under_way.discard(lost.row.id)
            self._on_done()
