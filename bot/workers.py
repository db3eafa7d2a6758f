"""Keeps workers ticking at real speed: woken by a bell or when the next thing is due."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog

from bot.pulse import Pulse
from storage.errors import StorageError

SHORTEST_NAP_S = 0.05  # while messages pour in the bell rings all the time
LONGEST_NAP_S = 5.0  # other processes ring no bell here
AFTER_FAILURE_S = 1.0

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Worker(Protocol):
    """Something that does what is due."""

    async def tick(self) -> datetime | None:
        """Do everything that is due now; tell when the next thing is."""


async def keep_ticking(
    worker: Worker,
    clock: Callable[[], datetime],
    stop: asyncio.Event,
    bell: asyncio.Event,
    pulse: Pulse,
    name: str | None = None,
) -> None:
    """Tick until `stop` is set; no error ends it, and that the database is gone is told once."""
    name = name or type(worker).__name__
    stopping = asyncio.create_task(stop.wait())
    while not stop.is_set():
        bell.clear()
        pulse.beat(name)
        try:
            due = await worker.tick()
            ahead = (due - clock()).total_seconds() if due else LONGEST_NAP_S
            pulse.well(name)
        except StorageError as error:
            pulse.trouble(name, error)
            ahead = AFTER_FAILURE_S
        except Exception:
            log.exception("worker_failed", worker=name)
            ahead = AFTER_FAILURE_S
        nap_s = min(max(ahead, 0.0), LONGEST_NAP_S)
        await asyncio.wait({stopping}, timeout=min(nap_s, SHORTEST_NAP_S))
        rung = asyncio.create_task(bell.wait())
        await asyncio.wait({stopping, rung}, timeout=nap_s, return_when=asyncio.FIRST_COMPLETED)
        rung.cancel()
    stopping.cancel()
