"""What is due by the calendar: derived from the journey, so a changed fact moves its dates.

A journey has at most one wake per slot: the earliest thing of the calendar, and one thing per feed
that must be complete first. Whatever is performed changes the journey so that it is no longer due.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from flows.calendar import add_months
from flows.campaign import Campaign
from flows.credit import PENDING
from flows.effects import Gate, Wake
from flows.events import Feed
from flows.journey import Journey, Stage
from flows.standing import expires_at, open_tasks, settles_at
from flows.steps.streak import Judgement, is_contested, is_running, judge, window

CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class Due:
    """One thing to do at a moment, not before its gate is open."""

    at: datetime
    what: str
    gate: Gate | None = None

    @property
    def slot(self) -> str:
        """Name the slot that it occupies."""
        return self.gate.feed.value if self.gate else CALENDAR


def agenda(journey: Journey, terms: Campaign) -> tuple[Due, ...]:
    """List what will be due, the earliest first."""
    match journey.stage:
        case Stage.INVITED | Stage.ASKED | Stage.DECLINED:
            found = _of_invitation(journey, terms)
        case Stage.MEMBER:
            found = _of_member(journey, terms)
        case _:
            found = iter(())
    return tuple(sorted(found, key=lambda due: (due.at, due.what)))


def wakes(journey: Journey, terms: Campaign) -> dict[str, Wake]:
    """Give the wake of each slot that the agenda asks for."""
    found: dict[str, Wake] = {}
    for due in agenda(journey, terms):
        found.setdefault(due.slot, Wake(due.slot, due.what, due.at, due.gate))
    return found


def _of_invitation(journey: Journey, terms: Campaign) -> Iterator[Due]:
    if journey.invited_at is None:
        return
    days = terms.invitations.reminder_days
    if journey.stage is not Stage.DECLINED and journey.invitation_reminders < len(days):
        at = journey.invited_at + timedelta(days=days[journey.invitation_reminders])
        yield Due(at, "invitation_reminder")
    if journey.stage is not Stage.DECLINED or journey.early:
        yield Due(expires_at(journey, terms), "invitation_expiry")


def _of_member(journey: Journey, terms: Campaign) -> Iterator[Due]:
    yield from _of_steps(journey, terms)
    yield from _of_credits(journey, terms)
    yield from _of_calls(journey, terms)
    yield from _of_streak(journey, terms)
    yield from _of_activity(journey, terms)


def _of_steps(journey: Journey, terms: Campaign) -> Iterator[Due]:
    days = terms.steps.reminder_days
    if not open_tasks(journey, terms) or journey.step_reminders >= len(days):
        return
    yield Due(steps_since(journey) + timedelta(days=days[journey.step_reminders]), "steps")


def steps_since(journey: Journey) -> datetime:
    """Give the consent or the latest step, whichever is later."""
    assert journey.enrolled_at is not None  # noqa: S101 - members are enrolled
    return max([journey.enrolled_at, *(r.at for r in journey.reached)])


def _of_credits(journey: Journey, terms: Campaign) -> Iterator[Due]:
    patience = terms.messages.booking_delay
    for credit in journey.granted:
        if credit.state in PENDING and not credit.was_told_of_delay:
            yield Due(credit.earned_at + patience, "credit_delay")


def _of_calls(journey: Journey, terms: Campaign) -> Iterator[Due]:
    for call in journey.calls:
        if judge(call, journey, terms) is Judgement.PROVISIONAL:
            yield Due(call.known_at + terms.calls.patience, "call_decides")


def _of_streak(journey: Journey, terms: Campaign) -> Iterator[Due]:
    span = window(journey, terms)
    if span is None or not is_running(journey, terms):
        return
    if journey.months_told < terms.streak.months:
        yield Due(add_months(span.start, journey.months_told + 1, terms.zone), "month")
    elif not is_contested(journey, terms):
        yield Due(settles_at(span.end, terms), "settle", Gate(Feed.HOTLINE, span.end))


def _of_activity(journey: Journey, terms: Campaign) -> Iterator[Due]:
    """Warn and drop whoever no longer uses the portal while something can still be earned."""
    rule, since = terms.inactivity, active_since(journey)
    drops_at = since + timedelta(days=rule.drop_after_days)
    span = window(journey, terms)
    if span is not None and (drops_at >= span.end or not is_running(journey, terms)):
        return
    if not open_tasks(journey, terms) and not is_running(journey, terms):
        return
    if journey.inactivity_warnings < len(rule.warning_days):
        days = rule.warning_days[journey.inactivity_warnings]
        yield Due(since + timedelta(days=days), "inactivity_warning")
    yield Due(drops_at, "drop", Gate(Feed.PORTAL, drops_at))


def active_since(journey: Journey) -> datetime:
    """Give the last use of the portal, or the enrolment if there was none since."""
    assert journey.enrolled_at is not None  # noqa: S101 - members are enrolled
    return max(journey.enrolled_at, journey.used_portal_at or journey.enrolled_at)
