"""Months as people count them, and the hours to keep quiet, across both clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.calendar import add_months, at_wall, days_until, months_between, next_loud

BERLIN = ZoneInfo("Europe/Berlin")
QUIET = (20, 8)
moments = st.integers(0, 3 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        (berlin(2027, 1, 31, 12), 1, berlin(2027, 2, 28, 12)),  # clamped to the month's end
        (berlin(2027, 1, 31, 12), 2, berlin(2027, 3, 31, 12)),  # from the start: no drift
        (berlin(2026, 12, 1, 9), 9, berlin(2027, 9, 1, 9)),  # the wall time stays in summer
        (berlin(2027, 2, 28, 2, 30), 1, berlin(2027, 3, 28, 3)),  # 02:30 does not exist there
    ],
)
def test_months_are_added_in_wall_time(start: datetime, months: int, expected: datetime) -> None:
    assert add_months(start, months, BERLIN) == expected


@given(moments, st.integers(0, 24))
def test_months_added_are_months_counted(start: datetime, months: int) -> None:
    end = add_months(start, months, BERLIN)

    assert months_between(start, end, BERLIN) == months
    if months:
        assert months_between(start, end - timedelta(seconds=1), BERLIN) == months - 1


def test_a_wall_time_that_is_skipped_moves_on_to_the_next() -> None:
    skipped = datetime(2027, 3, 28, 2, 10)  # noqa: DTZ001

    assert at_wall(skipped, BERLIN) == berlin(2027, 3, 28, 3)


def test_days_are_counted_by_the_calendar() -> None:
    assert days_until(berlin(2026, 12, 3, 0, 5), berlin(2026, 12, 1, 23, 55), BERLIN) == 2
    assert days_until(berlin(2026, 12, 1), berlin(2026, 12, 3), BERLIN) == 0


@pytest.mark.parametrize(
    ("at", "notice", "reminder"),
    [
        # a Tuesday noon: both at once
        (berlin(2026, 12, 1, 12), berlin(2026, 12, 1, 12), berlin(2026, 12, 1, 12)),
        # at night: both in the morning
        (berlin(2026, 12, 1, 20), berlin(2026, 12, 2, 8), berlin(2026, 12, 2, 8)),
        (berlin(2026, 12, 2, 7, 59), berlin(2026, 12, 2, 8), berlin(2026, 12, 2, 8)),
        # a Saturday night: the reminder waits for Monday
        (berlin(2026, 12, 5, 21), berlin(2026, 12, 6, 8), berlin(2026, 12, 7, 8)),
        # Christmas Eve, late: two holidays and a Sunday
        (berlin(2026, 12, 24, 22), berlin(2026, 12, 25, 8), berlin(2026, 12, 28, 8)),
        # the nights of both clock changes
        (berlin(2026, 3, 28, 21), berlin(2026, 3, 29, 8), berlin(2026, 3, 30, 8)),
        (berlin(2026, 10, 24, 21), berlin(2026, 10, 25, 8), berlin(2026, 10, 26, 8)),
    ],
)
def test_when_something_may_be_said(at: datetime, notice: datetime, reminder: datetime) -> None:
    assert next_loud(at, BERLIN, QUIET, workdays_only=False, land=None) == notice
    assert next_loud(at, BERLIN, QUIET, workdays_only=True, land=None) == reminder


def test_a_land_has_holidays_of_its_own() -> None:
    epiphany = berlin(2027, 1, 6, 12)

    assert next_loud(epiphany, BERLIN, QUIET, workdays_only=True, land="BY").date() == date(
        2027, 1, 7
    )
    assert next_loud(epiphany, BERLIN, QUIET, workdays_only=True, land="BE") == epiphany


@given(moments, st.booleans())
def test_nothing_is_ever_said_in_quiet_hours(at: datetime, workdays_only: bool) -> None:  # noqa: FBT001
    loud = next_loud(at, BERLIN, QUIET, workdays_only=workdays_only, land="BE")

    assert loud >= at
    assert 8 <= loud.astimezone(BERLIN).hour < 20
    assert not (workdays_only and loud.astimezone(BERLIN).isoweekday() == 7)
    assert loud == next_loud(loud, BERLIN, QUIET, workdays_only=workdays_only, land="BE")
