"""The fence: a copy of the database must not write to customers, nor ask the operator for anything.

A copy made by `backup` is stamped as one; a PostgreSQL database that finds itself in another place
than before knows it by the place's name. Until somebody says `unfence` nothing leaves. What comes
in is stored and answered as always; the answers wait.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.workers import Worker
from storage.changes import Audit, Decision
from storage.memory import Key
from storage.store import Store

STAMP, HOME = "fence", "home"
LOOK_AGAIN_S = 2.0


class Kept(Protocol):
    """What the fence reads and writes; the store keeps it."""

    async def get(self, name: str) -> str | None:
        """Read one kept value."""

    async def put(self, name: str, value: str) -> None:
        """Keep one value."""

    async def identity(self) -> str:
        """Name the place where this database lives."""


def stamp(at: datetime) -> str:
    """Say of a copy what it is."""
    return f"it is a copy, made on {at:%Y-%m-%d at %H:%M} UTC"


async def standing(kept: Kept) -> str | None:
    """Say why this database may not send; None if it may. The first start notes where it lives."""
    if stamped := await kept.get(STAMP):
        return stamped
    home, here = await kept.get(HOME), await kept.identity()
    if home is None:
        await kept.put(HOME, here)
    return None if home in (None, here) else "it was copied here from another place"


async def lift(store: Store, actor: str, reason: str, at: datetime) -> str | None:
    """Let this database send; gives what the fence had said, None if there was none."""
    said = await standing(store)
    if said is None:
        return None
    act = Audit(at, actor, "unfence", reason)
    await store.turn(Key(), lambda _: Decision(None, (act,)))
    await store.put(HOME, await store.identity())
    await store.put(STAMP, "")
    return said


@dataclass(slots=True)
class BehindFence:
    """A worker that does nothing while the fence stands; once lifted it never stands again."""

    worker: Worker
    kept: Kept
    _is_lifted: bool = False

    async def tick(self) -> datetime | None:
        """Do what is due, unless nothing may leave."""
        if not self._is_lifted:
            self._is_lifted = await standing(self.kept) is None
        return await self.worker.tick() if self._is_lifted else None


async def once_lifted(kept: Kept, stop: asyncio.Event, run: Callable[[], Awaitable[None]]) -> None:
    """Run something as soon as the fence is lifted, at once where there is none."""
    while not stop.is_set():
        if await standing(kept) is None:
            await run()
            return
        try:
            await asyncio.wait_for(stop.wait(), LOOK_AGAIN_S)
        except TimeoutError:
            continue
