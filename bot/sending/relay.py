"""The relay drains the outbox: it hands each row over once, at its lane's pace.

A row is claimed, which marks it as posting under a fresh tag (committed before a byte leaves),
waits for its slot, is handed over, and settled. What is not known is looked up, never blindly
repeated.
"""

import asyncio
from datetime import datetime, timedelta

import structlog

from bot.sending.belt import LEASE, Belt
from bot.sending.lanes import Lane, Outbox, Surroundings, backoff

RECOVER_EVERY = timedelta(seconds=20)
SHORTEST_NAP_S = 0.005  # a moment that never passes must not make us spin
LONGEST_NAP_S = 1.0  # other processes poke nobody

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Relay:
    """Every lane of this node."""

    def __init__(self, outbox: Outbox, lanes: tuple[Lane, ...], around: Surroundings) -> None:
        self._outbox = outbox
        self._around = around
        self._belts = tuple(Belt(outbox, lane, around) for lane in lanes)
        self._recover_at: datetime | None = None
        self._born_at: datetime | None = None

    async def tick(self) -> datetime | None:
        """Do everything that is due now, to its end; tell when the next thing is due."""
        await self._recover()
        dues = await asyncio.gather(*(belt.drain() for belt in self._belts))
        return _earliest([*dues, self._inherited_until()])

    def _inherited_until(self) -> datetime | None:
        """Tell when the last lease of a predecessor ends; what it held is due then."""
        now = self._around.clock()
        self._born_at = self._born_at or now
        inherited_until = self._born_at + LEASE
        return inherited_until if now < inherited_until else None

    async def run(self, stop: asyncio.Event, poke: asyncio.Event) -> None:
        """Work until `stop` is set, woken by `poke`; no error ends it.

        When it is told to stop it claims nothing more, and waits for what is in the air.
        """
        for belt in self._belts:
            belt.on_freed = poke.set
        stopping = asyncio.create_task(stop.wait())
        errors = 0
        while not stop.is_set():
            poke.clear()
            try:
                nap_s = self._nap_s(await self._start_due())
                errors = 0
            except Exception:  # whatever it is, the next row may still leave
                if not errors:  # while it lasts, once is enough
                    log.exception("relay_failed")
                errors += 1
                nap_s = backoff(errors, self._around.chance).total_seconds()
            await _first_of(stopping, poke, nap_s)
        await asyncio.gather(*(belt.finish() for belt in self._belts))

    async def _start_due(self) -> datetime | None:
        await self._recover()
        dues = await asyncio.gather(
            *(belt.start_due() for belt in self._belts), return_exceptions=True
        )
        failures = [due for due in dues if isinstance(due, BaseException)]
        if failures:
            raise failures[0]
        return _earliest([due for due in dues if not isinstance(due, BaseException)])

    async def _recover(self) -> None:
        """Free what a dead worker held; what it was posting is unknown from now on."""
        now = self._around.clock()
        if self._recover_at is not None and now < self._recover_at:
            return
        freed = await self._outbox.recover(now)
        self._recover_at = now + RECOVER_EVERY
        if freed:
            log.warning("outbox_recovered", rows=freed)

    def _nap_s(self, due: datetime | None) -> float:
        if due is None:
            return LONGEST_NAP_S
        ahead_s = (due - self._around.clock()).total_seconds()
        return min(max(ahead_s, SHORTEST_NAP_S), LONGEST_NAP_S)


def _earliest(moments: list[datetime | None]) -> datetime | None:
    return min((at for at in moments if at is not None), default=None)


async def _first_of(stopping: asyncio.Task[bool], poke: asyncio.Event, seconds: float) -> None:
    poked = asyncio.create_task(poke.wait())
    await asyncio.wait({stopping, poked}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    poked.cancel()
