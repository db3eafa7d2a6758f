"""What is left of the month's volume, as the operator tells: read beside the turn, never long.

A turn must not wait, so what STATUS may show is read before it. Whoever is no member, and an
address that is nobody's, is not asked about; without an answer in time STATUS simply lacks it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.carrier.carrier import Subscriber, Volume
from bot.credits.credit_book import subscriber
from flows.customer import Address
from flows.lines import VolumeLeft
from storage.changes import Decision
from storage.memory import Key, Memory
from storage.store import Store

WAITS_S = 1.5
FRESH = timedelta(minutes=5)
MOST = 10_000  # customers remembered; whoever asked longest ago is forgotten
_ROUGH = 1000  # MB, from which on the hundreds are enough
_HUNDRED = 100
_INSTANT = timedelta(seconds=1)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Source(Protocol):
    """Who can tell what is left; the carrier does."""

    async def remaining(self, subscriber: Subscriber) -> Volume | None:
        """Read it; None if that is not possible now."""


@dataclass(slots=True)
class Remaining:
    """Knows what members have left; until it has a `source`, nobody does."""

    store: Store
    clock: Callable[[], datetime]
    source: Source | None = None
    waits_s: float = WAITS_S
    _known: OrderedDict[str, tuple[datetime, VolumeLeft | None]] = field(
        default_factory=OrderedDict
    )

    async def of(self, address: Address) -> VolumeLeft | None:
        """Tell what the member at an address has left; None for all others, and in doubt."""
        if self.source is None:
            return None
        who = await self.store.turn(Key(address=address), lambda m: Decision(_member(m, address)))
        if who is None:
            return None
        known = self._known.get(who.customer)
        if known is not None and self.clock() < known[0] + FRESH:
            return known[1]
        left = await self._ask(self.source, who)
        self._remember(who.customer, left)
        return left

    async def _ask(self, source: Source, who: Subscriber) -> VolumeLeft | None:
        try:
            async with asyncio.timeout(self.waits_s):
                volume = await source.remaining(who)
        except TimeoutError:
            log.info("remaining_volume_not_told", customer=who.customer)
            return None
        return _line(volume) if volume is not None else None

    def _remember(self, customer: str, left: VolumeLeft | None) -> None:
        """Keep an answer for a while; that there was none as well, or everybody would wait."""
        self._known.pop(customer, None)
        self._known[customer] = (self.clock(), left)
        if len(self._known) > MOST:
            self._known.popitem(last=False)


def _member(memory: Memory, address: Address) -> Subscriber | None:
    customer, journey = memory.customer, memory.journey
    if customer is None or journey is None or customer.contact(address) is None:
        return None
    return subscriber(customer) if journey.is_member else None


def _line(volume: Volume) -> VolumeLeft:
    megabytes = volume.megabytes
    if megabytes >= _ROUGH:
        megabytes -= megabytes % _HUNDRED
    # The end is the first moment without it; people name the last day with it.
    return VolumeLeft(megabytes, volume.until - _INSTANT if volume.until else None)
