"""Random histories: whatever the order in which their reports arrive, they end in the same state.

As many as the soak asks for, so they are drawn by a plain seed and not searched by Hypothesis.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest

from flows.advance import advance
from flows.agenda import wakes
from flows.events import (
    AccessNeeded,
    AppInstalled,
    Event,
    Feed,
    HotlineCalled,
    PortalRegistered,
    PortalUsed,
    VideoWatched,
    Woke,
)
from flows.journey import Journey
from flows.standing import promised, state_of
from flows.steps.streak import window
from tests.cast import NOON, TERMS, after, member
from tests.soak import SOAK

HISTORIES = 250 * SOAK**2  # a hundred thousand in the soak
PARTS = 10
DAYS = 400
REASONS = ("bill", "Bill", "fault", "riddle", None)
JOINED = member()
HEARD_AT = NOON + timedelta(days=DAYS)


def history(chance: Random) -> list[Event]:
    """Draw what happened to Alice in a year, some of it reported twice and corrected."""
    reports: list[Event] = []
    for n in range(chance.randint(0, 5)):
        call = _call(chance, f"C{n}")
        reports.append(call)
        if chance.random() < 0.3:
            later = HEARD_AT + timedelta(hours=1)
            reports.append(replace(call, reason=chance.choice(REASONS), known_at=later))
    kinds = (PortalRegistered, AppInstalled, PortalUsed, PortalUsed)
    done = [kind(at=_moment(chance), known_at=HEARD_AT) for kind in kinds]
    reports.extend(event for event in done if chance.random() < 0.8)
    if chance.random() < 0.8:
        reports.append(VideoWatched(at=_moment(chance), known_at=HEARD_AT, share=1))
    if chance.random() < 0.1:
        reports.append(AccessNeeded(at=_moment(chance), known_at=HEARD_AT))
    return reports


def _call(chance: Random, name: str) -> HotlineCalled:
    return HotlineCalled(
        at=_moment(chance),
        known_at=HEARD_AT,
        call_id=name,
        duration_s=chance.choice((5, 60, 600)),
        is_connected=chance.random() < 0.9,
        reason=chance.choice(REASONS),
        has_incident=chance.random() < 0.1,
    )


def _moment(chance: Random) -> datetime:
    return NOON + timedelta(minutes=chance.randrange(DAYS * 24 * 60))


def lived(reports: list[Event]) -> Journey:
    """Let the reports arrive in this order, and then all that is due be done."""
    now = HEARD_AT + timedelta(days=4)
    marks = ((Feed.HOTLINE, now), (Feed.PORTAL, now))
    journey = after(JOINED, *reports)
    return advance(journey, Woke(at=now, watermarks=marks), TERMS).journey


def in_order(journey: Journey) -> Journey:
    """Leave out in which order steps were reported and credits earned.

    How many months somebody who is out was told of depends on when we heard of what moved them.
    """
    return replace(
        journey,
        months_told=journey.months_told if journey.is_member else 0,
        reached=tuple(sorted(journey.reached, key=lambda r: r.step)),
        granted=tuple(sorted(journey.granted, key=lambda g: g.step)),
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_in_any_order_of_arrival_a_history_ends_in_the_same_state(part: int) -> None:
    states = set()
    for seed in range(part, HISTORIES, PARTS):
        chance = Random(seed)  # noqa: S311  a die that can be thrown again
        reports = history(chance)
        shuffled = chance.sample(reports, len(reports))

        one, other = lived(reports), lived(shuffled)

        assert in_order(one) == in_order(other), seed
        assert window(one, TERMS) == window(other, TERMS), seed
        assert wakes(one, TERMS) == wakes(other, TERMS), seed
        assert promised(one, TERMS) == promised(other, TERMS), seed
        states.add(state_of(one, TERMS))
    assert len(states) >= 3  # or these histories would say little
