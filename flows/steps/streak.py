"""The months without a hotline call: which calls count, and the window that follows from them.

Everything here is derived from the facts of the journey by their own moments, so a call that is
reported late, corrected or exempted later moves the window as if we had known from the start.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flows.calendar import add_months
from flows.campaign import STREAK, CallPolicy, Campaign, WindowStart
from flows.journey import Call, Journey, Verdict


class Judgement(StrEnum):
    """What a reported call means for the streak."""

    NO_CALL = "no_call"  # not connected, too short, or ours
    EXEMPT = "exempt"
    PROVISIONAL = "provisional"  # unknown reason: counts after a while unless contested
    DISPUTED = "disputed"
    COUNTED = "counted"


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open time [start, end) in which nobody may have called."""

    start: datetime
    end: datetime


def judge(call: Call, journey: Journey, terms: Campaign) -> Judgement:
    """Say what a call means (facts: programme.md section 2, "What is a call")."""
    if not (call.is_inbound and call.is_connected and call.duration_s >= terms.calls.minimum_s):
        return Judgement.NO_CALL
    if call.verdict is Verdict.DISPUTED:
        return Judgement.DISPUTED
    is_excused = call.has_incident or terms.calls.exempts(call.reason)
    if is_excused or journey.is_accessible or call.verdict is Verdict.EXEMPT:
        return Judgement.EXEMPT
    if call.verdict is not None or terms.calls.counts(call.reason):
        return Judgement.COUNTED
    return Judgement.PROVISIONAL


def counted(journey: Journey, terms: Campaign) -> tuple[Call, ...]:
    """List the calls that count, oldest first, one per incident of 24 hours.

    What became known after the bonus was earned no longer counts: there is no claw-back.
    """
    bonus = journey.credit(STREAK)
    calls = sorted(
        (
            call
            for call in journey.calls
            if judge(call, journey, terms) is Judgement.COUNTED
            and (bonus is None or call.known_at <= bonus.earned_at)
        ),
        key=lambda call: (call.at, call.id),
    )
    same = timedelta(hours=terms.calls.same_incident_hours)
    firsts: list[Call] = []
    for call in calls:
        if not firsts or call.at >= firsts[-1].at + same:
            firsts.append(call)
    return tuple(firsts)


def begins_at(journey: Journey, terms: Campaign) -> datetime | None:
    """Tell when the first window begins; None while what it waits for is open."""
    match terms.streak.starts_with:
        case WindowStart.ENROLMENT:
            return journey.enrolled_at
        case WindowStart.REGISTRATION:
            return next((r.at for r in journey.reached if r.step == "registration"), None)
        case WindowStart.ALL_STEPS:
            done = {r.step for r in journey.reached}
            if journey.enrolled_at is None or not done.issuperset(terms.tasks):
                return None
            return max([journey.enrolled_at, *[r.at for r in journey.reached]])


def window(journey: Journey, terms: Campaign) -> Window | None:
    """Derive the window that counts now; None before it begins."""
    if not terms.has_streak or (start := begins_at(journey, terms)) is None:
        return None
    end = add_months(start, terms.streak.months, terms.zone)
    if not journey.calls:
        return Window(start, end)
    for call in counted(journey, terms):
        if call.at >= end or terms.streak.on_call is not CallPolicy.RESTART:
            break
        if call.at >= start:
            start = call.at
            end = add_months(start, terms.streak.months, terms.zone)
    return Window(start, end)


def spoiling_call(journey: Journey, terms: Campaign) -> Call | None:
    """Find the call that costs the bonus where the policy is not `restart`."""
    if terms.streak.on_call is CallPolicy.RESTART or not journey.calls:
        return None
    span = window(journey, terms)
    if span is None:
        return None
    return next((c for c in counted(journey, terms) if span.start <= c.at < span.end), None)


def is_out_of_reach(journey: Journey, terms: Campaign) -> bool:
    """Tell whether the window would end after the campaign's last day of settling."""
    last = terms.settle_by
    span = window(journey, terms) if last is not None else None
    return span is not None and last is not None and span.end > last


def is_running(journey: Journey, terms: Campaign) -> bool:
    """Tell whether the bonus can still be earned in the present window."""
    return (
        journey.is_member
        and journey.credit(STREAK) is None
        and window(journey, terms) is not None
        and spoiling_call(journey, terms) is None
        and not is_out_of_reach(journey, terms)
    )


def contestable(journey: Journey, terms: Campaign) -> Call | None:
    """Find the call to which an objection is understood to be: the latest that is held against."""
    against = (Judgement.COUNTED, Judgement.PROVISIONAL)
    calls = [
        call
        for call in journey.calls
        if judge(call, journey, terms) in against and call.verdict is not Verdict.UPHELD
    ]
    return max(calls, key=lambda call: call.at, default=None) if journey.is_member else None


def is_contested(journey: Journey, terms: Campaign) -> bool:
    """Tell whether a call is still provisional or disputed, so that nothing can be settled."""
    if not journey.calls:
        return False
    open_ones = (Judgement.PROVISIONAL, Judgement.DISPUTED)
    span = window(journey, terms)
    return span is not None and any(
        judge(call, journey, terms) in open_ones and span.start <= call.at < span.end
        for call in journey.calls
    )
