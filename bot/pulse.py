"""The pulse: when each worker last came round, so that one that hangs is seen within seconds."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from bot.metrics import Metrics

SILENT_AFTER_S = 10.0  # twice the longest nap of a worker
LOOK_EVERY_S = 2.0

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Pulse:
    """Hears every worker's beat; whoever falls silent is logged once, and shown until it beats."""

    metrics: Metrics
    elapsed: Callable[[], float] = time.monotonic  # seconds, from any start
    _beats: dict[str, float] = field(default_factory=dict)
    _told: frozenset[str] = frozenset()
    _troubled: set[str] = field(default_factory=set)

    def beat(self, worker: str) -> None:
        """Note that a worker has come round."""
        self._beats[worker] = self.elapsed()

    def trouble(self, worker: str, error: Exception) -> None:
        """Hear that a worker cannot use the database; the first who says so is logged."""
        if not self._troubled:
            log.error("database_unusable", error=str(error))
        self._troubled.add(worker)

    def well(self, worker: str) -> None:
        """Hear that a worker came round; who had nothing to ask of the database proves nothing."""
        if worker not in self._troubled:
            return
        self._troubled.remove(worker)
        if not self._troubled:
            log.info("database_usable_again")

    def silent(self) -> dict[str, float]:
        """Tell who has not come round for too long, and since how many seconds."""
        now = self.elapsed()
        ages = {worker: now - at for worker, at in self._beats.items()}
        return {worker: age for worker, age in ages.items() if age > SILENT_AFTER_S}

    def look(self) -> None:
        """Show every worker's age; log whoever has newly fallen silent."""
        now, silent = self.elapsed(), self.silent()
        for worker, at in self._beats.items():
            self.metrics.worker_age.labels(worker).set(now - at)
        for worker in silent.keys() - self._told:
            log.error("worker_silent", worker=worker, for_s=round(silent[worker], 1))
        self._told = frozenset(silent)

    async def watch(self, stop: asyncio.Event) -> None:
        """Look again and again, until told to stop."""
        while not stop.is_set():
            self.look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
