"""Facts that are only read, each from its own interface: what volume is left, what was billed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import msgspec

from bot.carrier.bodies import Bucket, digits, end_of, megabytes_of, moment, name_of
from bot.carrier.carrier import Bill, BillLine, Subscriber, Volume
from bot.carrier.paging import Incomplete, Lists
from bot.carrier.transport import NoReply, Transport


class VolumeSource(Protocol):
    """Who can tell what is left of the month's volume."""

    async def remaining(self, subscriber: Subscriber) -> Volume | None:
        """Read it; None if that is not possible now."""

    async def close(self) -> None:
        """Give back connections."""


class BillSource(Protocol):
    """Who can tell what was billed last."""

    async def last_bill(self, subscriber: Subscriber) -> Bill | None:
        """Read it; None if that is not possible now."""

    async def close(self) -> None:
        """Give back connections."""


def soonest(buckets: Sequence[Bucket]) -> datetime | None:
    """Give the earliest end of validity: what is left is promised no longer than that."""
    return min((end for b in buckets if (end := end_of(b.valid_for)) is not None), default=None)


class _Consumption(msgspec.Struct, rename="camel"):
    bucket_ref_or_value: list[Bucket] = msgspec.field(default_factory=list)


class _Query(msgspec.Struct, rename="camel"):
    usage_consumption: list[_Consumption] = msgspec.field(default_factory=list)


class Tmf677:
    """Reads the remaining volume by TMF677 Usage Consumption (`CARRIER_USAGE_URL`)."""

    def __init__(self, transport: Transport) -> None:
        """Take the way to the operator."""
        self._transport = transport

    async def remaining(self, subscriber: Subscriber) -> Volume | None:
        """Ask for the line's consumption and add up what is left in its active data buckets."""
        if not subscriber.phone:
            return None
        criteria = {"logicalResource": [{"id": digits(subscriber.phone)}]}
        body = msgspec.json.encode({"searchCriteria": criteria})
        reply = await self._transport.post("/queryUsageConsumption", body)
        if isinstance(reply, NoReply) or reply.status not in (200, 201):
            return None
        answer = reply.read(_Query)
        buckets = (
            [b for c in answer.usage_consumption for b in c.bucket_ref_or_value] if answer else []
        )
        usable = [b for b in buckets if b.is_usable]
        left = [mb for b in usable if (mb := megabytes_of(b.remaining_value)) is not None]
        return Volume(sum(left), soonest(usable)) if left else None

    async def close(self) -> None:
        """Give back connections."""
        await self._transport.close()


class _Bill(msgspec.Struct, rename="camel"):
    id: object = None
    bill_no: object = None
    bill_date: object = None
    payment_due_date: object = None
    state: object = None
    amount_due: object = None
    billing_period: object = None
    billing_account: object = None


class _Rate(msgspec.Struct, rename="camel"):
    name: object = None
    description: object = None
    type: object = None
    tax_included_amount: object = None
    tax_excluded_amount: object = None
    period_coverage: object = None
    bill: object = None


class Tmf678:
    """Reads the latest bill by TMF678 Customer Bill (`CARRIER_BILL_URL`)."""

    def __init__(self, transport: Transport, lists: Lists) -> None:
        """Take the way to the operator, and how it gives out lists."""
        self._transport = transport
        self._lists = lists

    async def last_bill(self, subscriber: Subscriber) -> Bill | None:
        """Find the newest bill of the line's account that is no longer being made, with lines."""
        if not subscriber.account:
            return None
        query = {"billingAccount.id": subscriber.account}
        rows = await self._lists.read(self._transport, "/customerBill", list[_Bill], query)
        if isinstance(rows, Incomplete):
            return None
        read = [bill for row in rows if (bill := _bill(row, subscriber.account)) is not None]
        read.sort(key=lambda bill: bill.billed_at)
        if not read:
            return None
        latest, before = read[-1], read[-2] if read[1:] else None
        if before is not None and before.currency == latest.currency:
            latest = replace(
                latest, previous_cents=before.cents, previous_lines=await self._lines(before)
            )
        return replace(latest, lines=await self._lines(latest))

    async def _lines(self, bill: Bill) -> tuple[BillLine, ...]:
        """Read what a bill is made up of; nothing if the operator cannot tell all of it."""
        query = {"bill.id": bill.id}
        path = "/appliedCustomerBillingRate"
        rows = await self._lists.read(self._transport, path, list[_Rate], query)
        if isinstance(rows, Incomplete):
            return ()
        of_bill = [row for row in rows if _id_of(row.bill) == bill.id]
        lines = [line for row in of_bill if (line := _line(row, bill.currency)) is not None]
        return tuple(lines) if len(lines) == len(of_bill) else ()

    async def close(self) -> None:
        """Give back connections."""
        await self._transport.close()


def _bill(row: _Bill, account: str) -> Bill | None:
    id_, billed_at = name_of(row.id), moment(row.bill_date)
    if (
        _id_of(row.billing_account) != account
        or id_ is None
        or billed_at is None
        or row.state in ("new", "onHold")
    ):
        return None
    cents, currency = _amount(row.amount_due)
    starts_at, ends_at = _period(row.billing_period)
    return Bill(
        id=id_,
        number=name_of(row.bill_no),
        billed_at=billed_at,
        state=str(row.state or ""),
        due_at=moment(row.payment_due_date),
        cents=cents,
        currency=currency,
        starts_at=starts_at,
        ends_at=ends_at,
    )


def _line(row: _Rate, currency: str | None) -> BillLine | None:
    """Read a line; what is taken off comes as a positive number of a credit (TMF678 Money)."""
    cents, unit = _amount(row.tax_included_amount)
    if cents is None:
        cents, unit = _amount(row.tax_excluded_amount)
    name = name_of(row.name) or name_of(row.description)
    if cents is None or unit != currency or name is None:
        return None
    kind = str(row.type or "").casefold()
    if "credit" in kind:
        return BillLine(name, -abs(cents))
    starts_at, ends_at = _period(row.period_coverage)
    covers_time = starts_at is not None and ends_at is not None and starts_at < ends_at
    is_recurring = "recurring" in kind or (kind in ("", "appliedbillingcharge") and covers_time)
    return BillLine(name, cents, is_recurring=is_recurring)


def _period(period: object) -> tuple[datetime | None, datetime | None]:
    if not isinstance(period, dict):
        return None, None
    return moment(period.get("startDateTime")), moment(period.get("endDateTime"))


def _id_of(reference: object) -> str | None:
    return name_of(reference.get("id")) if isinstance(reference, dict) else None


def _amount(money: object) -> tuple[int | None, str | None]:
    if not isinstance(money, dict):
        return None, None
    value, unit = money.get("value"), money.get("unit")
    if isinstance(value, bool) or not isinstance(value, int | float) or not isinstance(unit, str):
        return None, None
    return round(Decimal(str(value)) * 100), unit
