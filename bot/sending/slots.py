"""Slots: rows wait for theirs, and leave at it or make way for something more urgent.

At ten a second a broadcast takes each slot shortly before it comes; an answer that was written in
between would wait for the next one, behind all who wait already.
"""

import asyncio
from dataclasses import replace

from bot.sending.hands import Haul
from bot.sending.lanes import Outbox, Surroundings
from storage.outbox import Claim, Claimed, OutboxRow


class Slots:
    """The rows of one lane that this node has claimed and that may not leave yet."""

    def __init__(self, outbox: Outbox, around: Surroundings) -> None:
        self._outbox = outbox
        self._around = around
        self._waiting: dict[str, tuple[OutboxRow, Haul]] = {}
        self._making_way = asyncio.Lock()

    async def wait(self, row: OutboxRow, haul: Haul) -> None:
        """Wait for a row's slot; afterwards it makes way for nobody."""
        self._waiting[row.tag] = row, haul
        try:
            await self._around.until(row.slot)
            async with self._making_way:  # it may be the one
                pass
        finally:
            del self._waiting[row.tag]

    async def make_way(self, wanted: Claim, priority: int) -> tuple[Claimed, float | None]:
        """Claim the slots of what is less urgent than that.

        Tells also how late what was claimed may leave: no later than what made way for it.
        """
        async with self._making_way:
            now = self._around.clock()
            less_urgent = [
                (row, haul)
                for row, haul in self._waiting.values()
                if row.slot > now and row.priority > priority
            ]
            if not less_urgent:
                return Claimed(), None
            instead_of = tuple(row for row, _ in less_urgent)
            lates = [haul.late_s for _, haul in less_urgent if haul.late_s is not None]
            claimed = await self._outbox.claim(replace(wanted, instead_of=instead_of))
            return claimed, min(lates, default=None)
