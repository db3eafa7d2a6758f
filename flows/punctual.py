"""What happens when a moment of the agenda has come: one small function per thing that is due.

Whoever comes late does not make up for what was missed: of several overdue reminders or months
only the latest is said.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from flows.agenda import Due, active_since, agenda, steps_since
from flows.calendar import days_until, months_between
from flows.calls import respond
from flows.campaign import STREAK, Campaign
from flows.credit import PENDING
from flows.effects import Effect, Purpose
from flows.enrolment import grant, tell
from flows.events import Woke
from flows.journey import Journey, Outcome, Stage, Verdict
from flows.lines import (
    CreditDelayed,
    DroppedOut,
    InactivityWarning,
    InvitationReminder,
    LastMonthDone,
    MonthDone,
    StepReminder,
)
from flows.standing import expires_at, open_tasks, settles_at
from flows.steps.streak import Judgement, judge, window

Performer = Callable[[Journey, datetime, Campaign], Outcome]


def keep_up(journey: Journey, woke: Woke, terms: Campaign) -> Outcome:
    """Perform everything that is due, in the order of its moments."""
    effects: tuple[Effect, ...] = ()
    while (due := _first_due(journey, woke, terms)) is not None:
        done = _PERFORMERS[due.what](journey, woke.now, terms)
        journey, effects = done.journey, effects + done.effects
    return Outcome(journey, effects)


def _first_due(journey: Journey, woke: Woke, terms: Campaign) -> Due | None:
    known = dict(woke.watermarks)
    for due in agenda(journey, terms):
        if due.at > woke.now:
            return None
        gate = due.gate
        if gate is None or (gate.feed in known and known[gate.feed] >= gate.complete_until):
            return due
    return None


def _passed(days: tuple[int, ...], since: datetime, now: datetime) -> int:
    """Count how many of these days have come."""
    return sum(now >= since + timedelta(days=d) for d in days)


# --- Invitation and steps -----------------------------------------------------------------------


def _invitation_reminder(journey: Journey, now: datetime, terms: Campaign) -> Outcome:
    times = _passed(terms.invitations.reminder_days, journey.invited_at or now, now)
    journey = replace(journey, invitation_reminders=max(times, journey.invitation_reminders + 1))
    line = InvitationReminder(terms.total_megabytes, expires_at(journey, terms))
    return Outcome(journey, tell(journey, line, Purpose.REMINDER))


def _invitation_expiry(journey: Journey, now: datetime, terms: Campaign) -> Outcome:
    del now, terms
    is_declined = journey.stage is Stage.DECLINED
    stage = Stage.DECLINED if is_declined else Stage.EXPIRED
    return Outcome(replace(journey, stage=stage, early=()))


def _steps(journey: Journey, now: datetime, terms: Campaign) -> Outcome:
    times = _passed(terms.steps.reminder_days, steps_since(journey), now)
    journey = replace(journey, step_reminders=max(times, journey.step_reminders + 1))
    tasks = open_tasks(journey, terms)
    line = StepReminder(tasks, sum(terms.reward(t) for t in tasks))
    return Outcome(journey, tell(journey, line, Purpose.REMINDER))


def _credit_delay(journey: Journey, now: datetime, terms: Campaign) -> Outcome:
    patience = terms.messages.booking_delay
    late = [
        g
        for g in journey.granted
        if not g.was_told_of_delay and g.state in PENDING and g.earned_at + patience <= now
    ]
    granted = tuple(replace(g, was_told_of_delay=True) if g in late else g for g in journey.granted)
    journey = replace(journey, granted=granted)
    said = [tell(journey, CreditDelayed(g.step, g.megabytes)) for g in late]
    return Outcome(journey, tuple(effect for effects in said for effect in effects))


# --- The months without a call ------------------------------------------------------------------


def _call_decides(journey: Journey, now: datetime, terms: Campaign) -> Outcome:
    """Count what nobody could give a reason for, and nobody contested in time."""
    patience = terms.calls.patience
    decided = tuple(
        replace(call, verdict=Verdict.COUNTS)
        if judge(call, journey, terms) is Judgement.PROVISIONAL and call.known_at + patience <= now
        else call
        for call in journey.calls
    )
    return respond(journey, replace(journey, calls=decided), terms)


def _month(journey: Journey, now: datetime, terms: Campaign) -> Outcome:
    span = window(journey, terms)
    if span is None:
        return Outcome(journey)
    of, megabytes = terms.streak.months, terms.reward(STREAK)
    month = min(of, months_between(span.start, now, terms.zone))
    journey = replace(journey, months_told=month)
    if month == of:
        last = LastMonthDone(month, of, megabytes, settles_at(span.end, terms))
        return Outcome(journey, tell(journey, last, Purpose.REPORT))
    if not terms.streak.monthly_report:
        return Outcome(journey)
    left = days_until(span.end, now, terms.zone)
    done = MonthDone(month, of, left, span.end, megabytes)
    return Outcome(journey, tell(journey, done, Purpose.REPORT))


def _settle(journey: Journey, now: datetime, terms: Campaign) -> Outcome:
    return grant(journey, STREAK, now, terms)


# --- Inactivity ---------------------------------------------------------------------------------


def _inactivity_warning(journey: Journey, now: datetime, terms: Campaign) -> Outcome:
    rule, since = terms.inactivity, active_since(journey)
    times = _passed(rule.warning_days, since, now)
    journey = replace(journey, inactivity_warnings=max(times, journey.inactivity_warnings + 1))
    drops_at = since + timedelta(days=rule.drop_after_days)
    days = rule.warning_days[journey.inactivity_warnings - 1]
    return Outcome(journey, tell(journey, InactivityWarning(days, drops_at), Purpose.REPORT))


def _drop(journey: Journey, now: datetime, terms: Campaign) -> Outcome:
    del now
    days = terms.inactivity.drop_after_days
    dropped_at = active_since(journey) + timedelta(days=days)
    journey = replace(journey, stage=Stage.DROPPED, out_at=dropped_at)
    return Outcome(journey, tell(journey, DroppedOut(days, journey.credited_megabytes)))


_PERFORMERS: dict[str, Performer] = {
    "invitation_reminder": _invitation_reminder,
    "invitation_expiry": _invitation_expiry,
    "steps": _steps,
    "credit_delay": _credit_delay,
    "call_decides": _call_decides,
    "month": _month,
    "settle": _settle,
    "inactivity_warning": _inactivity_warning,
    "drop": _drop,
}
