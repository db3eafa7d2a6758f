"""Waves: invitations, or all that is unasked, wait while somebody has paused them.

A pause of the invitations moves them: they leave as much later as it was long, unless they have
expired by then. A pause of the whole campaign moves nothing: what was due meanwhile is caught up
once, and what is stale by then is not said any more. While the campaign is paused its invitations
are, too.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.terms import Terms
from flows import life
from flows.broadcast import BroadcastError
from flows.campaign import Campaign
from storage.broadcasts import Broadcasting
from storage.store import Store

LINES = ("Invitation", "InvitationReminder")

Some = Callable[[Broadcasting], Awaitable[int]]


class Kept(Protocol):
    """What somebody has put down; the store is one."""

    async def get(self, name: str) -> str | None:
        """Read one kept value."""


class Waits(Protocol):
    """The part of a keeper that knows what waits."""

    async def last_waiting(self, lines: tuple[str, ...]) -> datetime | None:
        """Tell when the last of those leaves that wait to say one of these lines."""


class Queued(Protocol):
    """What waits to be said; the store has it."""

    @property
    def broadcasts(self) -> Waits:
        """The keeper of it."""


async def last_waiting(store: Queued) -> datetime | None:
    """Tell when the last invitation leaves that waits."""
    return await store.broadcasts.last_waiting(LINES[:1])


class Pausable(StrEnum):
    """What can be paused as a whole."""

    INVITATIONS = "invitations"
    CAMPAIGN = "campaign"

    @property
    def lines(self) -> tuple[str, ...] | None:
        """Name the lines that wait; None: whatever is unasked."""
        return LINES if self is Pausable.INVITATIONS else None

    @property
    def they_are(self) -> str:
        """Begin a sentence about it."""
        return "invitations are" if self is Pausable.INVITATIONS else "the campaign is"


async def paused_at(kept: Kept, what: Pausable) -> datetime | None:
    """Tell since when something is paused."""
    value = await kept.get(f"{what}.paused_at")
    return datetime.fromisoformat(value) if value else None


async def closed(kept: Kept, terms: Campaign, now: datetime) -> str:
    """Say why nobody can be invited now, and what to do; empty if somebody can."""
    if why := life.closed(terms, now):
        return why
    if await paused_at(kept, Pausable.CAMPAIGN) is not None:
        return "the campaign is paused; resume it first"
    if await paused_at(kept, Pausable.INVITATIONS) is not None:
        return "invitations are paused; resume them first"
    return ""


@dataclass(frozen=True, slots=True)
class Waves:
    """Pauses and resumes; it is also a worker.

    What is queued meanwhile waits by itself, from the transaction on that queues it.
    """

    store: Store
    clock: Callable[[], datetime]
    poke: Callable[[], None]
    terms: Terms

    async def paused_at(self, what: Pausable = Pausable.INVITATIONS) -> datetime | None:
        """Tell since when something is paused."""
        return await paused_at(self.store, what)

    async def pause(self, what: Pausable = Pausable.INVITATIONS) -> int:
        """Let what waits wait on; tells how many rows that is. Raises BroadcastError."""
        if await self.paused_at(Pausable.CAMPAIGN) is not None:
            raise BroadcastError("the whole campaign is paused already")
        if what is Pausable.CAMPAIGN and await self.paused_at() is not None:
            raise BroadcastError("invitations are paused; resume them before the whole campaign")
        await self._released(what)
        if await self.paused_at(what) is None:
            await self.store.put(f"{what}.paused_at", self.clock().isoformat())
        return await self._held(what)

    async def resume(self, what: Pausable = Pausable.INVITATIONS) -> int:
        """Let it go on; tells how many rows had waited. Raises BroadcastError."""
        since = await self.paused_at(what)
        if since is None:
            raise BroadcastError(f"{what.they_are} not paused")
        later = self.clock() - since if what is Pausable.INVITATIONS else timedelta()
        await self.store.put(f"{what}.later_s", str(later.total_seconds()))
        await self.store.put(f"{what}.paused_at", "")
        return await self._released(what)

    async def _held(self, what: Pausable) -> int:
        return await self._all_of(lambda keeper: keeper.hold(what.lines))

    async def _released(self, what: Pausable) -> int:
        """Let go what a pause has held; if that was interrupted, it is taken up here."""
        later_s = await self.store.get(f"{what}.later_s")
        if not later_s:
            return 0
        later = timedelta(seconds=float(later_s))
        worth = timedelta(days=self.terms.current.invitations.expires_after_days)
        released = await self._all_of(lambda keeper: keeper.release(what.lines, later, worth))
        await self.store.put(f"{what}.later_s", "")
        self.poke()
        return released

    async def tick(self) -> datetime | None:
        """Hold back what had left the queue when a pause came and is back; finish a resumption."""
        for what in Pausable:
            if await self.paused_at(what) is not None:
                await self._held(what)
            else:
                await self._released(what)
        return None  # whoever queues something wakes us

    async def _all_of(self, some: Some) -> int:
        total = 0
        while moved := await some(self.store.broadcasts):
            total += moved
        return total
