"""The real client and the pretend operator, over HTTP on loopback, in both versions."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from bot.carrier.bodies import Version
from bot.carrier.carrier import Accepted, Bill, BillLine, Booked, Rejected, Volume
from bot.carrier.crediting import Crediting
from bot.carrier.paging import Lists
from bot.carrier.pretend import PretendOperator
from bot.carrier.pretend_ledger import Asked, PretendLedger
from flows.credit import CreditState
from tests.bot.carrier.house import (
    ALICE,
    ALICES_BUCKET,
    ALICES_VIDEO,
    HandClock,
    order,
    pair,
    reversal,
)
from tests.bot.carrier.ledger import Ledger, earned
from tests.bot.carrier.published import check, knows, needs_specs
from tests.cast import NOON

pytestmark = pytest.mark.anyio

both = pytest.mark.parametrize("version", list(Version))
EVERY_WAY = [Lists(filters=True), Lists(filters=True, page_size=1), Lists(filters=False)]


@both
async def test_a_credit_is_taken_at_once_and_booked_a_little_later(version: Version) -> None:
    async with pair(version) as house:
        taken = await house.client.request(order())
        assert isinstance(taken, Accepted)
        early = await house.client.follow(taken.provider_id)
        due = house.operator.next_due()
        assert due is not None
        house.clock.at = due

        late = await house.client.follow(taken.provider_id)

    assert early == taken
    assert isinstance(late, Booked)
    assert timedelta(seconds=40) <= due - NOON <= timedelta(minutes=5)


async def test_the_booking_tells_until_when_it_is_usable_where_the_version_can() -> None:
    async with pair(Version.V4_0) as house:
        taken = await house.client.request(order())
        assert isinstance(taken, Accepted)
        house.clock.move(minutes=6)

        booked = await house.client.follow(taken.provider_id)

    assert booked == Booked(taken.provider_id, datetime(2026, 12, 31, 23, tzinfo=UTC))
    assert house.client.sends_validity


@both
async def test_the_same_order_twice_is_booked_once(version: Version) -> None:
    async with pair(version) as house:
        first = await house.client.request(order())
        second = await house.client.request(order())
        house.clock.move(minutes=6)

        volume = await house.client.remaining(ALICE)

    assert first == second
    assert volume is not None
    assert volume.megabytes == 2400 + 600


@both
async def test_one_key_with_two_bodies_is_an_error(version: Version) -> None:
    async with pair(version) as house:
        await house.client.request(order())
        other = order()
        object.__setattr__(other, "megabytes", 1800)

        answer = await house.client.request(other)

    assert isinstance(answer, Rejected)


@both
@pytest.mark.parametrize("lists", EVERY_WAY)
async def test_a_missing_bucket_is_looked_up_by_number(version: Version, lists: Lists) -> None:
    async with pair(version, lists) as house:
        taken = await house.client.request(order(ALICE))

    assert isinstance(taken, Accepted)
    asked = next(e for e in house.wire.seen if e.method == "POST")
    assert b'"bucket":{"id":"B-491713920011"}' in asked.body
    assert b'"partyAccount":{"id":"A-491713920011"}' in asked.body


@both
@pytest.mark.parametrize("lists", EVERY_WAY)
async def test_a_credit_is_found_again_by_its_own_id(version: Version, lists: Lists) -> None:
    async with pair(version, lists) as house:
        before = await house.client.look_up(ALICES_VIDEO, NOON)
        taken = await house.client.request(order())

        found = await house.client.look_up(ALICES_VIDEO, NOON)

    assert before is None
    assert found == taken


async def test_what_is_left_and_billed_can_be_read() -> None:
    async with pair() as house:
        volume = await house.client.remaining(ALICE)
        bill = await house.client.last_bill(ALICES_BUCKET)

    assert volume == Volume(2400, datetime.fromisoformat("2027-01-01T00:00:00+01:00"))
    assert bill == Bill(
        id="A-491713920011-202611",
        number="202611-A-491713920011",
        billed_at=datetime(2026, 11, 3, 6, tzinfo=UTC),
        state="sent",
        due_at=datetime(2026, 11, 17, 6, tzinfo=UTC),
        cents=2756,
        currency="EUR",
        starts_at=datetime(2026, 10, 1, tzinfo=UTC),
        ends_at=datetime(2026, 11, 1, tzinfo=UTC),
        lines=(
            BillLine("Tarif Nordlicht M", 2499, is_recurring=True),
            BillLine("Option Ausland", 499, is_recurring=True),
            BillLine("Anrufe ins Ausland", 58),
            BillLine("Treuerabatt", -300),
        ),
        previous_cents=3108,
        previous_lines=(
            BillLine("Tarif Nordlicht M", 2499, is_recurring=True),
            BillLine("Option Ausland", 499, is_recurring=True),
            BillLine("Anrufe ins Ausland", 261),
            BillLine("Sonderrufnummern", 149),
            BillLine("Treuerabatt", -300),
        ),
    )
    assert sum(line.cents for line in bill.lines) == bill.cents
    assert sum(line.cents for line in bill.previous_lines) == bill.previous_cents


@both
async def test_the_worker_gets_every_credit_booked_under_a_clock_that_jumps(
    version: Version,
) -> None:
    steps = ("registration", "video", "app", "streak")
    ledger = Ledger.of(*(earned(step, NOON) for step in steps))
    async with pair(version) as house:
        worker = Crediting(ledger, ledger, house.client, house.clock, alarm=pytest.fail)

        while (due := await worker.tick()) is not None:
            house.clock.at = max(house.clock.at, due)

        volume = await house.client.remaining(ALICE)

    assert {row.state for row in ledger.rows.values()} == {CreditState.CONFIRMED}
    assert volume is not None
    assert volume.megabytes == 2400 + 4 * 600
    assert house.clock() - NOON <= timedelta(minutes=10)
    assert len(house.wire.seen) < 4 * 10  # polls back off


def test_the_books_outlive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "operator.db"
    before = PretendLedger(path)
    entry = before.take(Asked("key", "491713920011", 600, "{}"), NOON)
    before.close()

    after = PretendOperator(path, HandClock())

    assert after.next_due() == entry.completes_at
    after.close()


def test_some_bookings_take_minutes_and_each_always_as_long() -> None:
    ledger = PretendLedger(":memory:")

    spans = [
        ledger.take(Asked(f"key {n}", "491713920011", 600, f"{n}"), NOON).completes_at - NOON
        for n in range(200)
    ]
    again = ledger.take(Asked("key 7", "491713920011", 600, "7"), NOON).completes_at - NOON
    ledger.close()

    assert again == spans[7]
    assert set(spans) == {timedelta(seconds=40), *(timedelta(minutes=n) for n in (2, 3, 4, 5))}
    assert spans.count(timedelta(seconds=40)) > 150


@needs_specs
@both
async def test_every_request_and_every_answer_fits_the_published_schema(version: Version) -> None:
    async with pair(version) as house:
        taken = await house.client.request(order(ALICE))
        assert isinstance(taken, Accepted)
        house.clock.move(minutes=6)
        await house.client.follow(taken.provider_id)
        await house.client.look_up(ALICES_VIDEO, NOON)
        await house.client.remaining(ALICE)
        await house.client.last_bill(ALICES_BUCKET)
        await house.client.follow("T999999")
        other = order()
        object.__setattr__(other, "megabytes", 1800)
        await house.client.request(other)
        back = await house.client.corrections.request(reversal())
        assert isinstance(back, Accepted)
        house.clock.move(minutes=6)
        await house.client.corrections.follow(back.provider_id)
        await house.client.corrections.follow(taken.provider_id)
        await house.client.records(NOON)

    kinds = {
        "bucket": (version.value, "Bucket"),
        "topupBalance": (version.value, "TopupBalance"),
        "adjustBalance": (version.value, "AdjustBalance"),
        "queryUsageConsumption": ("677", "QueryUsageConsumption"),
        "customerBill": ("678", "CustomerBill"),
        "appliedCustomerBillingRate": ("678", "AppliedCustomerBillingRate"),
    }
    checked = set()
    for exchange in house.wire.seen:
        spec, kind = kinds[exchange.path.split("/")[4]]
        if exchange.body:
            check(spec, f"{kind}_Create", exchange.body)
        check(spec, kind if exchange.status < 400 else "Error", exchange.answer)
        checked.add((exchange.method, kind, exchange.status))
    assert {
        ("POST", "TopupBalance", 201),
        ("POST", "TopupBalance", 422),
        ("GET", "TopupBalance", 404),
        ("POST", "AdjustBalance", 201),
        ("GET", "AdjustBalance", 200),
        ("GET", "AdjustBalance", 404),
        ("POST", "QueryUsageConsumption", 201),
        ("GET", "CustomerBill", 200),
    } <= checked


@needs_specs
@both
async def test_an_order_names_no_field_that_the_version_lacks(version: Version) -> None:
    async with pair(version) as house:
        await house.client.request(order())
        await house.client.corrections.request(reversal())

    for exchange, kind in zip(house.wire.seen, ("TopupBalance", "AdjustBalance"), strict=True):
        sent = msgspec.json.decode(exchange.body, type=dict[str, object])
        assert sent.keys() <= knows(version.value, f"{kind}_Create")


@both
async def test_what_is_taken_back_leaves_the_bucket_and_stays_in_the_books(
    version: Version,
) -> None:
    async with pair(version) as house:
        before = await house.client.remaining(ALICE)
        await house.client.request(order())
        back = reversal()
        await house.client.corrections.request(back)
        house.clock.move(minutes=6)
        after = await house.client.remaining(ALICE)
        found = await house.client.corrections.look_up(back.credit_id, NOON)
        records = await house.client.records(NOON)

    assert after == before
    assert isinstance(found, Booked)
    assert isinstance(records, tuple)
    known = [(record.credit, record.megabytes) for record in records]
    assert known == [(ALICES_VIDEO, 600), (back.credit_id, -600)]
