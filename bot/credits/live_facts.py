"""Live facts: what the operator's systems tell of a customer just now, read beside the turn.

A turn must not wait, so they are read before it, and briefly. What was read lately is told again
and said to be from then; without an answer in time it is said that there is none.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.carrier.carrier import Bill, BillLine, Subscriber, Volume
from bot.credits.credit_book import subscriber
from flows.customer import Customer
from flows.lines import BillTold, Change, FactMissing, Line, OutageTold, VolumeLeft
from messages.topics import Fact
from storage.changes import PutIncident
from storage.store import Store

WAITS_S = 1.5
FRESH = timedelta(minutes=5)  # for so long the operator is not asked again
USABLE = timedelta(hours=4)  # for so long a value stands in for one that cannot be read
MOST = 10_000  # facts remembered; whoever asked longest ago is forgotten
_AREA = "area"  # the attribute by which incidents name customers
_ROUGH = 1000  # MB, from which on the hundreds are enough
_HUNDRED = 100
_INSTANT = timedelta(seconds=1)
_CHANGES = 2  # items of a bill that are named, those that changed most
_LONGEST_NAME = 24  # letters of an item's name

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_Told = VolumeLeft | BillTold


class Source(Protocol):
    """Who can tell what is left and what was billed; the carrier does."""

    async def remaining(self, subscriber: Subscriber) -> Volume | None:
        """Read what is left; None if that is not possible now."""

    async def last_bill(self, subscriber: Subscriber) -> Bill | None:
        """Read the latest bill; None if that is not possible now."""


@dataclass(slots=True)
class LiveFacts:
    """Tells facts; until there is a `source`, only the outages that were reported to us."""

    store: Store
    clock: Callable[[], datetime]
    source: Source | None = None
    has_bills: bool = False
    waits_s: float = WAITS_S
    _known: OrderedDict[tuple[str, Fact], tuple[datetime, _Told | None]] = field(
        default_factory=OrderedDict
    )
    _asked: dict[tuple[str, Fact], datetime] = field(default_factory=dict)

    def knows(self, fact: Fact) -> bool:
        """Tell whether there is such a fact at all."""
        match fact:
            case Fact.OUTAGE:
                return True
            case Fact.BILL:
                return self.has_bills and self.source is not None
            case Fact.VOLUME:
                return self.source is not None

    async def about(self, customer: Customer, fact: Fact) -> Line | None:
        """Tell a fact, or that it cannot be told now; None where there is no such fact at all."""
        match fact:
            case Fact.OUTAGE:
                return await self._outage(customer)
            case Fact.BILL if not self.has_bills:
                return None
            case Fact.VOLUME | Fact.BILL:
                if self.source is None:
                    return None
                return await self._told(self.source, customer, fact) or FactMissing(fact.value)

    # --- what the carrier tells

    async def _told(self, source: Source, customer: Customer, fact: Fact) -> _Told | None:
        now, key = self.clock(), (customer.number, fact)
        read_at, line = self._known.get(key, (now, None))
        if key in self._asked and now < self._asked[key] + FRESH:
            return _as_of(line, read_at)
        fresh = await self._ask(source, subscriber(customer), fact)
        self._remember(key, fresh)
        if fresh is not None:
            return fresh
        return _as_of(line, read_at) if now < read_at + USABLE else None

    async def _ask(self, source: Source, who: Subscriber, fact: Fact) -> _Told | None:
        try:
            async with asyncio.timeout(self.waits_s):
                if fact is Fact.VOLUME:
                    return _volume(await source.remaining(who))
                return _bill(await source.last_bill(who))
        except TimeoutError:
            log.info("fact_not_told", fact=fact.value, customer=who.customer)
            return None

    def _remember(self, key: tuple[str, Fact], line: _Told | None) -> None:
        """Keep a value, and that it was asked for: without an answer everybody would wait again."""
        now = self.clock()
        self._asked[key] = now
        if line is not None:
            self._known.pop(key, None)
            self._known[key] = (now, line)
        for kept in (self._known, self._asked):
            if len(kept) > MOST:
                del kept[next(iter(kept))]

    # --- what was reported to us

    async def _outage(self, customer: Customer) -> Line:
        now, area = self.clock(), dict(customer.attributes).get(_AREA)
        open_ones = [
            incident
            for incident in await self.store.incidents_between(now, now)
            if _concerns(incident, customer, area)
        ]
        opened = [incident.opened_at for incident in open_ones if incident.opened_at is not None]
        if not opened and area is None:
            return FactMissing(Fact.OUTAGE.value)
        return OutageTold(min(opened, default=None))


def _concerns(incident: PutIncident, customer: Customer, area: str | None) -> bool:
    is_home = incident.area is not None and incident.area == area
    return is_home or customer.number in incident.customers


def _as_of(line: _Told | None, read_at: datetime) -> _Told | None:
    return replace(line, read_at=read_at) if line is not None else None


def _volume(volume: Volume | None) -> VolumeLeft | None:
    if volume is None:
        return None
    megabytes = volume.megabytes
    if megabytes >= _ROUGH:
        megabytes -= megabytes % _HUNDRED
    # The end is the first moment without it; people name the last day with it.
    return VolumeLeft(megabytes, volume.until - _INSTANT if volume.until else None)


def _bill(bill: Bill | None) -> BillTold | None:
    if bill is None or bill.cents is None or bill.currency is None:
        return None
    before = bill.previous_cents
    return BillTold(
        billed_at=bill.billed_at,
        cents=bill.cents,
        currency=bill.currency,
        more=bill.cents - before if before is not None else None,
        changes=_changes(bill) if before is not None else (),
    )


def _changes(bill: Bill) -> tuple[Change, ...]:
    """Name the items that changed most since the bill before, if both are known item by item."""
    if not bill.lines or not bill.previous_lines or bill.cents == bill.previous_cents:
        return ()
    now, before = _by_name(bill.lines), _by_name(bill.previous_lines)
    changes = [Change(name[:_LONGEST_NAME], now[name] - before[name]) for name in {*now, *before}]
    changed = sorted((c for c in changes if c.cents), key=lambda c: (-abs(c.cents), c.name))
    return tuple(changed[:_CHANGES])


def _by_name(lines: tuple[BillLine, ...]) -> Counter[str]:
    summed: Counter[str] = Counter()
    for line in lines:
        summed[line.name] += line.cents
    return summed
