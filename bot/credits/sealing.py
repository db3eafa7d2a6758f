"""The end of the managers' chain is sealed from time to time: rows cut off its end are missed.

A customer's chain is sealed by the turn that lengthens it. Managers' acts are few and come from
many places, so their chain is sealed when a house opens and closes, and each minute in between.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.keys import Keys
from storage.reading import ActRow, Snapshot

EVERY = timedelta(minutes=1)
_PAGE = 1000
_CHAIN = "acts"
_KEPT = "acts.end"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Sealable(Protocol):
    """Who keeps the managers' chain, and small values; the store does."""

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """Look at all that is kept as it stands at one moment."""

    async def get(self, name: str) -> str | None:
        """Read one kept value."""

    async def put(self, name: str, value: str) -> None:
        """Keep one value."""


@dataclass(frozen=True, slots=True)
class End:
    """The last row of the managers' chain that was sealed: its number (0 if none), its hash."""

    n: int = 0
    hash: bytes = b""


async def sealed_end(store: Sealable, keys: Keys) -> End | None:
    """Read what was sealed last; None if nothing was, or by nobody who has our key."""
    n, _, rest = (await store.get(_KEPT) or "").partition(" ")
    tail, _, seal = rest.partition(" ")
    try:
        end = End(int(n), bytes.fromhex(tail))
    except ValueError:
        return None
    return end if keys.of_end(_CHAIN, end.n, end.hash).hex() == seal else None


async def seal_acts(store: Sealable, keys: Keys) -> bool:
    """Seal the chain as far as it reaches; False, and nothing is sealed, if its end is missing."""
    end = await sealed_end(store, keys)
    is_first = end is None and await store.get(_KEPT) is None
    if end is None and not is_first:
        return False
    last = await _last(store, end or End())
    if last is None:
        return False
    if last != end:
        seal = keys.of_end(_CHAIN, last.n, last.hash).hex()
        await store.put(_KEPT, f"{last.n} {last.hash.hex()} {seal}")
    return True


async def _last(store: Sealable, end: End) -> End | None:
    """Find the last row; None if the one that was sealed is gone, or another."""
    async with store.snapshot() as snapshot:
        page: tuple[ActRow, ...] = await snapshot.acts(max(0, end.n - 1), _PAGE)
        if end.n and (not page or (page[0].n, page[0].hash) != (end.n, end.hash)):
            return None
        last = end
        while page:
            last = End(page[-1].n, page[-1].hash)
            page = await snapshot.acts(last.n, _PAGE)
    return last


@dataclass(slots=True)
class ActsSealer:
    """Seals the managers' chain each minute, and raises one alarm if its end was cut off."""

    store: Sealable
    keys: Keys
    clock: Callable[[], datetime]
    _is_known: bool = False

    async def tick(self) -> datetime:
        """Seal it; tell when the next time is."""
        is_whole = await seal_acts(self.store, self.keys)
        if not is_whole and not self._is_known:
            log.error("managers_chain_cut_off")
        self._is_known = not is_whole
        return self.clock() + EVERY
