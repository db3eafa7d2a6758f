"""Terms that contradict themselves are refused, by the name of the place."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from flows.broadcast_rule import BroadcastRule
from flows.calendar import add_months
from flows.campaign import Inactivity, Steps, UnusableTermsError
from flows.life import Life, life_of
from tests.cast import DAY, NOON, TERMS


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("steps.rewards", {"steps": Steps({})}),
        ("steps.rewards.video", {"steps": Steps({"video": 0})}),
        ("steps.requires.app", {"steps": Steps({"app": 1}, requires={"app": "video"})}),
        ("steps.film_share", {"steps": replace(TERMS.steps, film_share=0)}),
        ("steps.reminder_days", {"steps": replace(TERMS.steps, reminder_days=(3, 3))}),
        ("streak.months", {"streak": replace(TERMS.streak, months=0)}),
        ("inactivity", {"inactivity": Inactivity((60, 95), 90)}),
        ("messages.quiet", {"messages": replace(TERMS.messages, quiet_from_hour=7)}),
        ("broadcasts.fewest", {"broadcasts": BroadcastRule(watched=10, fewest=20)}),
        ("broadcasts.most_failed_percent", {"broadcasts": BroadcastRule(most_failed_percent=0)}),
        ("broadcasts.reply_percent", {"broadcasts": BroadcastRule(reply_percent=101)}),
        ("ends_at", {"starts_at": NOON, "ends_at": NOON}),
        ("ends_at", {"ends_at": datetime(2027, 1, 1)}),  # noqa: DTZ001
        ("holdout_percent", {"holdout_percent": 100}),
        (
            "calls",
            {"calls": replace(TERMS.calls, exempt_reasons=TERMS.calls.counted_reasons)},
        ),
    ],
)
def test_a_contradiction_is_named_by_its_place(place: str, change: dict[str, Any]) -> None:
    with pytest.raises(UnusableTermsError, match=place):
        replace(TERMS, **change)


def test_the_total_is_what_the_steps_are_worth() -> None:
    assert TERMS.total_megabytes == 3600
    assert TERMS.tasks == ("registration", "video", "app")
    assert TERMS.reward("streak") == 1800


def test_running_windows_may_run_off_after_the_end() -> None:
    ending = replace(TERMS, ends_at=NOON)

    assert TERMS.settle_by is None
    assert ending.settle_by is not None
    lag = timedelta(days=7)
    assert ending.settle_by == add_months(NOON, 9, TERMS.zone) + lag


@pytest.mark.parametrize(
    ("change", "is_paused", "life"),
    [
        ({}, False, Life.ACTIVE),
        ({}, True, Life.PAUSED),
        ({"is_draft": True}, True, Life.DRAFT),
        ({"starts_at": NOON + DAY}, False, Life.SCHEDULED),
        ({"starts_at": NOON}, False, Life.ACTIVE),
        ({"ends_at": NOON}, False, Life.ACTIVE),
        ({"ends_at": NOON - DAY}, False, Life.ENDED),
        ({"ends_at": NOON - DAY}, True, Life.PAUSED),
    ],
)
def test_a_campaign_has_a_life(change: dict[str, Any], is_paused: bool, life: Life) -> None:  # noqa: FBT001 - a column of the table
    assert life_of(replace(TERMS, **change), NOON, is_paused=is_paused) is life
