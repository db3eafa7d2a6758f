"""Invitations: every row of a file is accounted for, and nobody is invited twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from bot.inviting.customers_file import Rejected, Repeated, Row, UnusableFileError
from bot.inviting.estimate import ComposedEstimate
from bot.inviting.invitations import Invitations
from bot.inviting.waves import last_waiting
from bot.keys import Keys
from flows.customer import Address, Basis, Contact, Customer
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import ALICE, BABAK, CAROL, HEDY, NOON, TERMS
from tests.soak import SOAK

pytestmark = pytest.mark.anyio
SATURDAY_NIGHT = datetime(2026, 12, 5, 22, tzinfo=UTC)
MONDAY_MORNING = datetime(2026, 12, 7, 7, tzinfo=UTC)  # eight o'clock in Berlin
NOBASIS = replace(BABAK, basis=None)


class Programme:
    """A programme that remembers whom it has, as the store would."""

    segments_per_s: float | None = None

    def __init__(self) -> None:
        self.customers: dict[str, Customer] = {}
        self.suppressed: set[Address] = set()

    async def customer_at(self, address: Address) -> str | None:
        owners = (c.number for c in self.customers.values() if c.contact(address))
        return next(owners, None)

    async def would_invite(self, customer: Customer, *, is_held_out: bool) -> str:
        if customer.number in self.customers:
            return "duplicate"
        if is_held_out:
            return "held_out"
        is_closed = any(contact.address in self.suppressed for contact in customer.contacts)
        return "not_invited" if is_closed or customer.basis is None else "invited"

    async def invite(
        self, customer: Customer, *, is_held_out: bool, at: datetime | None = None
    ) -> str:
        answer = await self.would_invite(customer, is_held_out=is_held_out)
        self.customers.setdefault(customer.number, customer)
        return answer

    def segments(self, customer: Customer) -> int:
        return 2 if customer.language == "de" else 1


@pytest.fixture
def programme() -> Programme:
    return Programme()


def inviting(
    programme: Programme, now: datetime = NOON, percent: float = 0, secret: bytes = b"key"
) -> Invitations:
    terms = replace(TERMS, holdout_percent=percent)
    keys = Keys(secret, fresh=lambda: "")
    return Invitations(programme, programme, terms, lambda: now, keys, programme)


def rows(*customers: Customer) -> list[Row | Rejected]:
    return [Row(n, customer) for n, customer in enumerate(customers, start=2)]


def crowd(size: int) -> Iterator[Row]:
    for n in range(size):
        contact = Contact(Address(f"mailto:{n}@mail.example"))
        yield Row(n + 2, Customer(f"{n}", "de", Basis.CONSENT, (contact,)))


async def test_every_row_is_accounted_for(programme: Programme) -> None:
    await programme.invite(HEDY, is_held_out=False)
    programme.suppressed.add(CAROL.contacts[0].address)
    bad = [Rejected(9, "phone: is no phone number"), Repeated(8, "stands in line 2 already")]

    report = await inviting(programme).invite([*rows(ALICE, NOBASIS, CAROL, HEDY), *bad])

    assert (report.rows, report.accepted, report.duplicate) == (6, 3, 2)
    assert (report.invited, report.not_invited, report.held_out) == (1, 2, 0)
    assert report.rejected == (bad[0],)
    assert report.repeated == (bad[1],)
    assert set(programme.customers) == {"100001", "100002", "100003", "100004"}


async def test_a_second_import_changes_nothing(programme: Programme) -> None:
    await inviting(programme).invite(rows(ALICE, NOBASIS, CAROL))
    before = dict(programme.customers)

    report = await inviting(programme).invite(rows(ALICE, replace(NOBASIS, language="fr"), CAROL))

    assert programme.customers == before
    assert (report.accepted, report.duplicate, report.invited) == (0, 3, 0)
    assert (report.segments, report.first_at, report.done_at) == (0, None, None)


async def test_a_dry_run_tells_the_same_and_changes_nothing(programme: Programme) -> None:
    told = await inviting(programme, percent=50).invite(crowd(300), dry_run=True)

    assert not programme.customers
    assert told == await inviting(programme, percent=50).invite(crowd(300))


async def test_an_address_of_another_customer_is_not_taken_away(programme: Programme) -> None:
    await programme.invite(ALICE, is_held_out=False)
    thief = replace(ALICE, number="666")

    report = await inviting(programme).invite(rows(thief))

    assert report.rejected == (Rejected(2, "phone: belongs to another customer"),)
    assert set(programme.customers) == {"100001"}


async def test_segments_and_cost_are_those_of_who_is_invited(programme: Programme) -> None:
    report = await inviting(programme).invite(rows(ALICE, NOBASIS, CAROL))

    assert report.segments == 3
    assert report.cost_cents == 23  # 22.5, rounded up


async def test_invitations_wait_for_a_working_day(programme: Programme) -> None:
    report = await inviting(programme, now=SATURDAY_NIGHT).invite(rows(ALICE))

    assert report.first_at == report.done_at == MONDAY_MORNING


async def test_a_slow_lane_stops_at_night_and_goes_on_the_next_day(programme: Programme) -> None:
    programme.segments_per_s = 1 / 3600  # one an hour, twelve a day

    report = await inviting(programme, now=MONDAY_MORNING).invite(rows(*[ALICE, BABAK, CAROL]))
    many = await inviting(programme, now=MONDAY_MORNING).invite(crowd(10))

    assert report.done_at == MONDAY_MORNING + timedelta(hours=5)
    assert many.done_at == MONDAY_MORNING + timedelta(days=1, hours=8)


async def test_the_holdout_is_sticky_and_has_its_share(programme: Programme) -> None:
    size = 2000 * SOAK
    invitations = inviting(programme, percent=20)

    first = await invitations.invite(crowd(size), dry_run=True)
    again = await invitations.invite(crowd(size), dry_run=True)
    other = inviting(programme, percent=20, secret=b"other")
    held = [n for n in map(str, range(size)) if invitations.is_held_out(n, 20)]

    assert first == again
    assert first.held_out == len(held)
    assert 0.16 * size < first.held_out < 0.24 * size
    assert held != [n for n in map(str, range(size)) if other.is_held_out(n, 20)]
    assert {n for n in map(str, range(size)) if invitations.is_held_out(n, 10)} < set(held)


async def test_the_command_overrides_the_campaigns_holdout(programme: Programme) -> None:
    report = await inviting(programme, percent=99).invite(crowd(50), holdout_percent=0)

    assert report.held_out == 0


async def test_progress_is_told_until_the_last_row(programme: Programme) -> None:
    told: list[int] = []

    await inviting(programme).invite(crowd(450), progress=told.append)

    assert told == [200, 400, 450]


async def test_a_file_that_is_nearly_all_wrong_is_given_up(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.inviting.invitations.MOST_BAD", 500)
    wrong = (Rejected(n, "phone: is no number") for n in range(2, 10**9))

    with pytest.raises(UnusableFileError, match=r"more than 500 lines.*line 2.*mend the file"):
        await inviting(programme).invite(wrong)


PACED = replace(TERMS, invitations=replace(TERMS.invitations, per_hour=2))


def in_waves(house: ProgrammeHouse) -> Invitations:
    return Invitations(
        directory=house.store,
        turns=house.turns,
        campaign=PACED,
        clock=house.clock,
        keys=house.house.keys,
        estimate=ComposedEstimate(house.house, 10.0),
        waiting=partial(last_waiting, house.store),
    )


def with_phones(many: int) -> list[Row]:
    phones = (Contact(Address(f"tel:+4917139201{n:02}")) for n in range(many))
    return [
        Row(n + 2, Customer(f"{n:03}", "de", Basis.CONSENT, (phone,)))
        for n, phone in enumerate(phones)
    ]


async def invited_at(house: ProgrammeHouse, people: list[Row]) -> list[datetime]:
    dossiers = [await house.store.dossier(row.customer.number) for row in people]
    moments = [d.memory.journey.invited_at for d in dossiers if d and d.memory.journey]
    return [at for at in moments if at is not None]


@pytest.mark.parametrize("taken", [1, 7, 13])
async def test_a_file_that_is_imported_to_its_end_later_keeps_the_pace(
    tmp_path: Path, taken: int
) -> None:
    people = with_phones(18)
    async with programme_house(tmp_path, PACED) as house:
        await in_waves(house).invite(people[:taken])
        rehearsed = await in_waves(house).invite(people, dry_run=True)
        report = await in_waves(house).invite(people)

        moments = await invited_at(house, people)
        apart = {b - a for a, b in pairwise(moments)}
        assert rehearsed == report
        assert (report.first_at, report.done_at) == (moments[taken], moments[-1])
        assert apart == {timedelta(minutes=30), timedelta(hours=12, minutes=30)}


async def test_waves_leave_at_the_campaigns_pace_in_loud_hours_only(tmp_path: Path) -> None:
    async with programme_house(tmp_path, PACED) as house:
        invitations, people = in_waves(house), with_phones(18)

        rehearsed = await invitations.invite(people, dry_run=True)
        report = await invitations.invite(people)

        moments = await invited_at(house, people)
        apart = {b - a for a, b in pairwise(moments)}
        assert rehearsed == report
        assert (report.first_at, report.done_at) == (moments[0], moments[-1])
        assert apart == {timedelta(minutes=30), timedelta(hours=12, minutes=30)}  # one night


async def test_neither_a_duplicate_nor_a_bad_line_takes_a_place_in_the_pace(tmp_path: Path) -> None:
    people, bad = with_phones(3), Rejected(9, "phone: is no number")
    async with programme_house(tmp_path, PACED) as house:
        await in_waves(house).invite(people[:2])
        invitations = replace(in_waves(house), at_a_time=1)

        report = await invitations.invite([*people, bad])

        assert (report.duplicate, report.invited, report.rejected) == (2, 1, (bad,))
        moments = await invited_at(house, people)
        assert {b - a for a, b in pairwise(moments)} == {timedelta(minutes=30)}
