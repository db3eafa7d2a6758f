"""Courtesy: what is unasked waits for the morning, and for the next one if there was enough."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sending.courtesy import ON_ITS_WAY, WEEK, Courtesy
from bot.turns.routing import BROADCAST_PRIORITY, PRIORITIES
from flows.calendar import DAY
from flows.campaign import Messages
from flows.effects import Purpose
from storage.outbox import Leaving, Left
from tests.cast import NOON, TERMS
from tests.soak import SOAK

BERLIN = ZoneInfo("Europe/Berlin")
ANSWER, NOTICE, REPORT, REMINDER, INVITATION = (PRIORITIES[purpose] for purpose in Purpose)
permit = Courtesy(lambda: TERMS)


def at(text: str) -> datetime:
    """Read a wall time in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def left(priority: int, *moments: datetime) -> tuple[Left, ...]:
    """Say when something left."""
    return tuple(Left(moment, priority) for moment in sorted(moments))


@pytest.mark.parametrize(
    ("priority", "due", "leaves", "why"),
    [
        (ANSWER, "2026-12-01 23:30", "2026-12-01 23:30", "an answer leaves at any hour"),
        (NOTICE, "2026-12-01 12:00", "2026-12-01 12:00", "by day all is well"),
        (NOTICE, "2026-12-01 20:00", "2026-12-02 08:00", "the relay was down till the evening"),
        (NOTICE, "2026-12-01 03:00", "2026-12-01 08:00", "or till the night"),
        (NOTICE, "2026-12-01 19:59:30", "2026-12-02 08:00", "it would arrive after eight"),
        (NOTICE, "2026-12-01 07:59:30", "2026-12-01 08:00", "half a minute too early"),
        (NOTICE, "2026-12-06 12:00", "2026-12-06 12:00", "a credit may be told on a Sunday"),
        (REPORT, "2026-12-06 12:00", "2026-12-06 12:00", "so may a month"),
        (REMINDER, "2026-12-06 12:00", "2026-12-07 08:00", "a reminder waits for Monday"),
        (INVITATION, "2026-12-24 21:00", "2026-12-28 08:00", "holidays, and then a Sunday"),
        (BROADCAST_PRIORITY, "2026-12-05 20:30", "2026-12-07 08:00", "bulk rests on Sundays"),
        (NOTICE, "2026-03-28 22:00", "2026-03-29 08:00", "summer time begins"),
        (NOTICE, "2026-10-24 22:00", "2026-10-25 08:00", "summer time ends"),
    ],
)
def test_nothing_unasked_leaves_at_night(priority: int, due: str, leaves: str, why: str) -> None:
    assert permit(Leaving(at(due), priority, attempt=1)) == at(leaves), why


def test_an_answer_that_comes_hours_late_waits_for_the_morning_too() -> None:
    late = Leaving(at("2026-12-01 23:30"), ANSWER, attempt=2)

    assert permit(late) == at("2026-12-02 08:00")


@pytest.mark.parametrize("first", [REPORT, REMINDER])
@pytest.mark.parametrize("second", [REPORT, REMINDER])
def test_the_programme_writes_once_a_day(first: int, second: int) -> None:
    today = left(first, at("2026-12-01 08:00"))
    yesterday = left(first, at("2026-11-30 19:00"))

    assert permit(Leaving(NOON, second, 1, today)) == at("2026-12-02 08:00")
    assert permit(Leaving(NOON, second, 1, yesterday)) == NOON


def test_a_reminder_does_not_follow_closely_on_an_invitation_that_left_late() -> None:
    invited = left(INVITATION, at("2026-12-01 14:00"))
    soon, in_time = at("2026-12-02 10:00"), at("2026-12-04 08:00")

    assert permit(Leaving(soon, REMINDER, 1, invited)) == in_time
    assert permit(Leaving(in_time, REMINDER, 1, invited)) == in_time
    assert permit(Leaving(soon, REPORT, 1, invited)) == soon


@pytest.mark.parametrize(
    ("change", "leaves"),
    [
        ({"starts_at": at("2026-12-03 12:00")}, at("2026-12-04 08:00")),
        ({"is_draft": True}, at("2026-12-03 08:00")),
    ],
)
def test_before_the_campaign_begins_only_answers_leave(
    change: dict[str, Any], leaves: datetime
) -> None:
    now, early = at("2026-12-02 07:00"), Courtesy(lambda: replace(TERMS, **change))

    assert early(Leaving(now, NOTICE, 1)) == leaves
    assert early(Leaving(now, ANSWER, 1)) == now


def test_a_week_has_room_for_two_promotions_and_the_third_leaves_in_a_morning() -> None:
    two = left(INVITATION, at("2026-12-01 14:00"), at("2026-12-03 09:00"))
    due = at("2026-12-04 10:00")

    assert permit(Leaving(due, BROADCAST_PRIORITY, 1, two[1:])) == due
    assert permit(Leaving(due, BROADCAST_PRIORITY, 1, two)) == at("2026-12-09 08:00")


def test_a_month_has_room_for_six_promotions() -> None:
    days = (1, 3, 8, 10, 15, 17)
    six = left(BROADCAST_PRIORITY, *(at(f"2026-12-{day:02} 12:00") for day in days))
    due = at("2026-12-28 10:00")

    assert permit(Leaving(due, INVITATION, 1, six[1:])) == due
    assert permit(Leaving(due, INVITATION, 1, six)) == at("2027-01-02 08:00")  # after New Year


@pytest.mark.parametrize("priority", [ANSWER, NOTICE])
def test_what_concerns_somebodys_own_affairs_is_counted_by_no_cap(priority: int) -> None:
    much = left(priority, *(NOON - n * timedelta(hours=1) for n in range(1, 100)))
    mixed = tuple(sorted((*much, *left(REPORT, NOON - DAY)), key=lambda past: past.at))

    assert permit(Leaving(NOON, priority, 1, mixed)) == NOON
    assert permit(Leaving(NOON, REMINDER, 1, mixed)) == NOON
    assert permit(Leaving(NOON, BROADCAST_PRIORITY, 1, mixed)) == NOON


def test_a_campaign_may_forbid_promotion_altogether() -> None:
    rule = Messages(promotional_per_week=0)
    forbidding = Courtesy(lambda: replace(TERMS, messages=rule))

    assert forbidding(Leaving(NOON, INVITATION, attempt=1)) >= NOON + WEEK


CHANGES = [at("2026-03-29"), at("2026-10-25"), at("2027-03-28"), at("2027-10-31")]
spans = st.floats(-1, 2).map(lambda days: days * DAY)
moments = st.one_of(
    st.builds(lambda days: at("2026-01-01") + days * DAY, st.floats(0, 730)),
    st.builds(lambda change, span: change + span, st.sampled_from(CHANGES), spans),
)


@settings(max_examples=400 * SOAK)
@given(
    due=moments,
    priority=st.sampled_from([NOTICE, REPORT, REMINDER, INVITATION, BROADCAST_PRIORITY]),
    gaps=st.lists(st.floats(0.01, 15), max_size=8),
)
def test_whatever_is_due_leaves_by_day_within_every_cap(
    due: datetime, priority: int, gaps: list[float]
) -> None:
    lately = left(priority, *(due - timedelta(days=gap) for gap in gaps))

    leaves = permit(Leaving(due, priority, 1, lately))

    wall, days = leaves.astimezone(BERLIN), [past.at.astimezone(BERLIN) for past in lately]
    assert 8 <= wall.hour < 20
    assert (leaves + ON_ITS_WAY).astimezone(BERLIN).hour < 20
    assert leaves == due or (wall.hour, wall.minute, wall.second) == (8, 0, 0)
    assert permit(Leaving(leaves, priority, 1, lately)) == leaves  # and then it does leave
    if priority in (REMINDER, INVITATION, BROADCAST_PRIORITY):
        assert wall.weekday() != 6
    if priority in (REPORT, REMINDER):
        assert wall.date() not in {day.date() for day in days}
    if priority in (INVITATION, BROADCAST_PRIORITY):
        assert sum(day > leaves - WEEK for day in days) < 2
        month = (wall.year, wall.month)
        assert sum((day.year, day.month) == month for day in days) < 6
