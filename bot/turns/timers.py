"""Timers: wakes that are due become events; the cost follows what is due, not what exists."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.turns.turn import Turns
from storage.outbox import WakeRow
from storage.store import Store

BATCH = 500
_PATIENCE = timedelta(minutes=1)
log = structlog.stdlib.get_logger("statthotline.timers")


@dataclass(slots=True)
class Timers:
    """Rings every wake that is due, and calls in the waiting list when budget is free again."""

    store: Store
    turns: Turns
    clock: Callable[[], datetime]
    _last: tuple[WakeRow, ...] = field(default=())

    async def tick(self) -> datetime | None:
        """Ring what is due now; tell when the next wake is due."""
        while due := await self.store.due_wakes(self.clock(), BATCH):
            if due == self._last:
                # A journey that does not move on would be rung for ever.
                log.error("wakes stay due", count=len(due), first=due[0].what)
                return self.clock() + _PATIENCE
            self._last = due
            await asyncio.gather(*(self.turns.woke(wake) for wake in due))
        self._last = ()
        await self._call_in_waiting()
        return await self.store.next_wake()

    async def _call_in_waiting(self) -> None:
        for customer in await self.store.waiting(BATCH):
            if not await self.turns.place_freed(customer):
                return
