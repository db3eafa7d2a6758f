"""The operator's bill becomes the film's invoice, to the cent and to the day."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.carrier.carrier import Bill, BillLine, Subscriber
from bot.film import bills
from bot.film.bills import CustomersBills, invoice_of
from messages.film.invoice import Item, Part
from tests.bot.carrier.house import pair
from tests.bot.programme_house import programme_house
from tests.cast import ALICE

pytestmark = pytest.mark.anyio

BERLIN = ZoneInfo("Europe/Berlin")
BILL = Bill(
    id="B1",
    number="R-1",
    billed_at=datetime(2026, 11, 2, 23, tzinfo=UTC),
    state="sent",
    due_at=datetime(2026, 11, 16, 23, tzinfo=UTC),
    cents=2756,
    currency="EUR",
    lines=(
        BillLine("Option", 499, is_recurring=True),
        BillLine("Tarif", 2499, is_recurring=True),
        BillLine("Anrufe", 58),
        BillLine("Nichts", 0),
        BillLine("Rabatt", -300),
    ),
    previous_cents=3108,
)


def test_a_bill_is_sorted_into_base_price_extras_and_discounts() -> None:
    invoice = invoice_of(BILL, BERLIN)

    assert invoice is not None
    assert invoice.items == (
        Item("Option", Part.EXTRA, 499),
        Item("Tarif", Part.BASE, 2499),
        Item("Anrufe", Part.EXTRA, 58),
        Item("Rabatt", Part.DISCOUNT, -300),
    )
    assert (invoice.billed_on, invoice.due_on) == (date(2026, 11, 3), date(2026, 11, 17))
    assert (invoice.cents, invoice.previous_cents, invoice.currency) == (2756, 3108, "EUR")


def test_a_bill_without_an_amount_is_no_film() -> None:
    assert invoice_of(replace(BILL, cents=None), BERLIN) is None
    assert invoice_of(replace(BILL, currency=None), BERLIN) is None


@pytest.mark.parametrize(
    ("starts", "ends", "last", "why"),
    [
        ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", date(2026, 10, 31), "the moment after"),
        ("2026-10-01T00:00:00Z", "2026-10-31T00:00:00Z", date(2026, 10, 31), "the last day"),
        ("2026-10-01T00:00:00Z", "2026-10-31T23:59:59Z", date(2026, 10, 31), "its last second"),
        ("2026-10-01T00:00:00+02:00", "2026-10-31T23:59:59+01:00", date(2026, 10, 31), "local"),
        ("2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00", date(2026, 10, 31), "after it"),
        ("2026-10-04T00:00:00Z", "2026-11-04T00:00:00Z", date(2026, 11, 3), "not from the first"),
    ],
)
def test_the_last_day_of_a_period_is_found(starts: str, ends: str, last: date, why: str) -> None:
    span = [datetime.fromisoformat(at) for at in (starts, ends)]

    invoice = invoice_of(replace(BILL, starts_at=span[0], ends_at=span[1]), BERLIN)

    assert invoice is not None
    assert invoice.starts_on is not None
    assert invoice.starts_on.month == 10
    assert invoice.ends_on == last, why


def test_a_period_that_ends_before_it_begins_is_not_shown() -> None:
    period = replace(BILL, starts_at=BILL.due_at, ends_at=BILL.billed_at)

    invoice = invoice_of(period, BERLIN)

    assert invoice is not None
    assert invoice.starts_on is invoice.ends_on is None


async def test_the_bill_of_a_customer_is_read_from_the_operator(tmp_path: Path) -> None:
    async with programme_house(tmp_path) as house, pair() as operator:
        await house.invite()
        bills = CustomersBills(house.store, operator.client, BERLIN)

        invoice = await bills.invoice(ALICE.number)
        nobody = await bills.invoice("999999")

    assert invoice is not None
    assert invoice.number == "202611-A-491713920011"
    assert invoice.cents == sum(item.cents for item in invoice.items) == 2756
    assert nobody is None


async def test_an_operator_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silence:
        async def last_bill(self, subscriber: Subscriber) -> Bill | None:
            await asyncio.sleep(60)
            return BILL

    monkeypatch.setattr(bills, "PATIENCE_S", 0.02)
    async with programme_house(tmp_path) as house:
        await house.invite()

        invoice = await CustomersBills(house.store, Silence(), BERLIN).invoice(ALICE.number)

    assert invoice is None
