"""Bills for the film: what the operator tells of a customer's latest bill, as an invoice."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.carrier.carrier import Bill, BillLine, Subscriber
from flows.customer import Channel
from messages.film.invoice import Invoice, Item, Part, itemised, plain_name
from storage.changes import Decision
from storage.memory import Key, Memory
from storage.store import Store

_LAST_MINUTE = time(23, 59)
PATIENCE_S = 4.0  # somebody is looking at an empty page meanwhile


class BillSource(Protocol):
    """Who can tell what was billed last; the operator's client is one."""

    async def last_bill(self, subscriber: Subscriber) -> Bill | None:
        """Read it; None if that is not possible now."""


class CustomersBills:
    """Finds the latest bill of a customer; None if there is none, or none to be had in time."""

    def __init__(self, store: Store, source: BillSource, zone: ZoneInfo) -> None:
        """Take who knows the customers, who knows the bills, and where days begin."""
        self._store = store
        self._source = source
        self._zone = zone

    async def invoice(self, customer: str) -> Invoice | None:
        """Give a customer's latest bill as an invoice."""
        subscriber = await self._store.turn(Key(customer=customer), _subscriber)
        if subscriber is None:
            return None
        try:
            async with asyncio.timeout(PATIENCE_S):
                bill = await self._source.last_bill(subscriber)
        except TimeoutError:
            return None
        return invoice_of(bill, self._zone) if bill is not None else None


def invoice_of(bill: Bill, zone: ZoneInfo) -> Invoice | None:
    """Make a bill an invoice; None if it does not even tell its amount."""
    if bill.cents is None or bill.currency is None:
        return None
    starts_on, ends_on = _period(bill.starts_at, bill.ends_at, zone)
    return Invoice(
        billed_on=bill.billed_at.astimezone(zone).date(),
        cents=bill.cents,
        currency=bill.currency,
        number=bill.number or bill.id,
        starts_on=starts_on,
        ends_on=ends_on,
        items=itemised(_items(bill.lines), bill.cents),
        previous_cents=bill.previous_cents,
        due_on=bill.due_at.astimezone(zone).date() if bill.due_at else None,
    )


def _subscriber(memory: Memory) -> Decision[Subscriber | None]:
    who = memory.customer
    if who is None:
        return Decision(None)
    phones = (c.address.value for c in who.contacts if c.address.channel is Channel.SMS)
    return Decision(Subscriber(who.number, next(phones, None), who.bucket, who.account))


def _items(lines: Iterable[BillLine]) -> tuple[Item, ...]:
    """Sort the lines: the largest recurring charge is the base price, the rest is added to it."""
    listed = tuple(line for line in lines if line.cents)
    base = max(
        (line for line in listed if line.is_recurring), key=lambda line: line.cents, default=None
    )
    return tuple(Item(plain_name(line.name), _part(line, base), line.cents) for line in listed)


def _part(line: BillLine, base: BillLine | None) -> Part:
    if line.cents < 0:
        return Part.DISCOUNT
    return Part.BASE if line is base else Part.EXTRA


def _period(
    starts_at: datetime | None, ends_at: datetime | None, zone: ZoneInfo
) -> tuple[date | None, date | None]:
    """Give the first and the last day.

    Operators write the end as the last day, as its last second or as the first moment after it, in
    UTC or in local time; whole months tell.
    """
    if starts_at is None or ends_at is None or ends_at <= starts_at:
        return None, None
    for place in (UTC, zone):
        starts, ends = starts_at.astimezone(place), ends_at.astimezone(place)
        if starts.time() == ends.time() == time() and starts.day == ends.day:
            return starts.date(), ends.date() - timedelta(days=1)
        if starts.time() == time() and (ends.time() == time() or ends.time() >= _LAST_MINUTE):
            return starts.date(), ends.date()
    return starts_at.astimezone(zone).date(), ends_at.astimezone(zone).date()
