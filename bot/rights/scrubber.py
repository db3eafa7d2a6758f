"""The scrubber comes back after an erasure, when the last message to that person has left.

Their rows are gone at once, but the bytes of what was still said to them stay in the database's log
until somebody sweeps.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.turns.house import House
from storage.store import Store

REWRITE = "rights.rewrite"  # kept: a large database waits for the night
AFTER = (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10))


@dataclass(slots=True)
class Scrubber:
    """A worker that has nothing to do until somebody is forgotten."""

    store: Store
    house: House
    clock: Callable[[], datetime]
    _due: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Hear of erasures."""
        self.house.keepsakes.append(self._notice)

    def _notice(self, customer: str) -> None:
        del customer
        now = self.clock()
        self._due = [now + wait for wait in AFTER]

    async def tick(self) -> datetime | None:
        """Sweep if it is time; tell when it is again."""
        now = self.clock()
        if self._due and self._due[0] <= now:
            if not await self.store.rights.scrub():
                await self.store.put(REWRITE, "due")
            self._due = [at for at in self._due if at > now]
        return self._due[0] if self._due else None
