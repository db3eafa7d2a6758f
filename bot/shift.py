"""The shift: of all nodes on one database one at a time does what need not be shared.

Messages are sent by all nodes together. Timers, broadcasts and what is asked of the operator are
done where the shift is; if that node is gone, another takes the shift once its lease is over. Two
who work at once for a moment do no harm: whatever they decide is decided in a turn.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.workers import Worker
from storage.errors import StorageError

NAME = "shift"
LASTS = timedelta(seconds=20)
RENEWED = LASTS / 2
RING_EVERY_S = 0.2

Clock = Callable[[], datetime]


class Leases(Protocol):
    """The part of the store that leases are taken from."""

    def lease(self, name: str, holder: str, now: datetime, until: datetime) -> Awaitable[bool]:
        """Take or renew a lease; False while somebody else holds it."""


@dataclass(slots=True)
class Shift:
    """A node's claim to the shift, renewed while somebody works on it."""

    leases: Leases
    node: str
    clock: Clock
    _sure_until: datetime | None = field(default=None, init=False)
    _is_over: bool = field(default=False, init=False)

    async def is_ours(self) -> bool:
        """Take or keep the shift; False while another node has it, and at the end."""
        now = self.clock()
        if self._is_over:
            return False
        if self._sure_until is not None and now < self._sure_until:
            return True
        is_ours = await self.leases.lease(NAME, self.node, now, now + LASTS)
        self._sure_until = now + RENEWED if is_ours else None
        return is_ours

    async def give_back(self, stop: asyncio.Event) -> None:
        """Wait for the end, and leave the shift at once to whoever comes next."""
        await stop.wait()
        self._is_over = True
        if self._sure_until is not None:
            now = self.clock()
            with suppress(StorageError):  # then it ends by itself
                await self.leases.lease(NAME, self.node, now, now)


@dataclass(frozen=True, slots=True)
class OnShift:
    """A worker that works where the shift is."""

    worker: Worker
    shift: Shift

    async def tick(self) -> datetime | None:
        """Do what is due, if the shift is ours."""
        return await self.worker.tick() if await self.shift.is_ours() else None


async def ring_often(bell: asyncio.Event, stop: asyncio.Event) -> None:
    """Ring where no other process can: what web nodes have put into the outbox is to leave soon."""
    while not stop.is_set():
        bell.set()
        try:
            await asyncio.wait_for(stop.wait(), RING_EVERY_S)
        except TimeoutError:
            continue
