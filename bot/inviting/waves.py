"""Waves: invitations leave at the campaign's pace, and wait while somebody has paused them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from storage.broadcasts import Broadcasting
from storage.store import Store

LINES = ("Invitation", "InvitationReminder")
PAUSED = "invitations.paused_at"

Some = Callable[[Broadcasting], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Waves:
    """Pauses and resumes all invitations that have not left; it is also a worker."""

    store: Store
    clock: Callable[[], datetime]
    poke: Callable[[], None]

    async def paused_at(self) -> datetime | None:
        """Tell since when they are paused."""
        kept = await self.store.get(PAUSED)
        return datetime.fromisoformat(kept) if kept else None

    async def pause(self) -> int:
        """Let those that wait wait on; tells how many they are."""
        if await self.paused_at() is None:
            await self.store.put(PAUSED, self.clock().isoformat())
        return await self._all_of(lambda keeper: keeper.hold(LINES))

    async def resume(self) -> int:
        """Let them leave, as much later as the pause was long; tells how many they are."""
        paused_at = await self.paused_at()
        if paused_at is None:
            return 0
        await self.store.put(PAUSED, "")
        later = self.clock() - paused_at
        released = await self._all_of(lambda keeper: keeper.release(LINES, later))
        self.poke()
        return released

    async def tick(self) -> datetime | None:
        """Hold back what was queued during a pause; whoever queues it wakes us."""
        if await self.paused_at() is not None:
            await self._all_of(lambda keeper: keeper.hold(LINES))
        return None

    async def _all_of(self, some: Some) -> int:
        total = 0
        while moved := await some(self.store.broadcasts):
            total += moved
        return total
