"""What follows from a journey's facts: its state, its open step, what is promised, the status."""

from datetime import datetime, timedelta

from flows.calendar import days_until
from flows.campaign import STREAK, CallPolicy, Campaign
from flows.credit import PENDING, CreditState
from flows.journey import Journey, Stage, State
from flows.lines import (
    ConsentAsked,
    InvitationExpired,
    Line,
    Mark,
    NoLonger,
    NotInvited,
    PutOnWaitingList,
    StatusDone,
    StatusInvited,
    StatusSettling,
    StatusSteps,
    StatusStreak,
    StepMark,
)
from flows.steps.streak import is_out_of_reach, spoiling_call, window


def state_of(journey: Journey, terms: Campaign) -> State:
    """Name the state that people and audiences see."""
    if journey.stage is Stage.NEW:
        return State.INVITED
    if journey.stage is not Stage.MEMBER:
        return State(journey.stage.value)
    if not terms.has_streak:
        is_paid = all(m.mark not in (Mark.OPEN, Mark.PENDING) for m in marks(journey, terms))
        return State.DONE if is_paid else State.STEPS
    return _state_of_streak(journey, terms)


def _state_of_streak(journey: Journey, terms: Campaign) -> State:
    bonus = journey.credit(STREAK)
    if bonus is not None:
        is_over = bonus.state in (CreditState.CONFIRMED, CreditState.REVERSED)
        return State.DONE if is_over else State.SETTLING
    if spoiling_call(journey, terms):
        ends = terms.streak.on_call is CallPolicy.END
        return State.ENDED if ends else State.UNREACHABLE
    if is_out_of_reach(journey, terms):
        return State.UNREACHABLE
    if window(journey, terms) is None:
        return State.STEPS
    return State.SETTLING if journey.months_told >= terms.streak.months else State.STREAK


def open_tasks(journey: Journey, terms: Campaign) -> tuple[str, ...]:
    """Name the steps that can be done now, in the order of the campaign."""
    return tuple(
        task
        for task in terms.tasks
        if not journey.has(task)
        and (task not in terms.steps.requires or journey.has(terms.steps.requires[task]))
    )


def step_of(journey: Journey, terms: Campaign) -> str:
    """Name what is open: the first step, then the streak."""
    return next((t for t in terms.tasks if not journey.has(t)), STREAK)


def marks(journey: Journey, terms: Campaign) -> tuple[StepMark, ...]:
    """Show how far each step is."""
    return tuple(StepMark(t, terms.reward(t), _mark(journey, t)) for t in terms.tasks)


def _mark(journey: Journey, task: str) -> Mark:
    credit = journey.credit(task)
    if credit is None:
        return Mark.WAIVED if journey.has(task) else Mark.OPEN
    if credit.state in PENDING:
        return Mark.PENDING
    ends = {CreditState.CONFIRMED: Mark.CREDITED, CreditState.REVERSED: Mark.TAKEN_BACK}
    return ends.get(credit.state, Mark.REJECTED)


def promised(journey: Journey, terms: Campaign) -> int:
    """Add up the MB that are set aside: what is being booked and what can still be earned."""
    booking = sum(g.megabytes for g in journey.granted if g.state in PENDING)
    return booking + earnable(journey, terms)


def scene_of(journey: Journey, terms: Campaign) -> str:
    """Name where the dialogue stands, for buttons that mean something only there."""
    question = journey.question or ""
    return f"{state_of(journey, terms)}{len(journey.reached)}{len(journey.calls)}{question}"


def earnable(journey: Journey, terms: Campaign) -> int:
    """Add up the MB that can still be earned; it is what leaving would cost."""
    if not journey.is_member:
        return 0
    tasks = sum(terms.reward(t) for t in terms.tasks if not journey.has(t))
    is_lost = spoiling_call(journey, terms) or is_out_of_reach(journey, terms)
    has_bonus = journey.credit(STREAK) is not None
    return tasks + (0 if is_lost or has_bonus else terms.reward(STREAK))


def settles_at(end: datetime, terms: Campaign) -> datetime:
    """Give the moment from which the bonus may be settled."""
    return end + timedelta(days=terms.streak.settlement_lag_days)


def expires_at(journey: Journey, terms: Campaign) -> datetime:
    """Give the end of the invitation."""
    assert journey.invited_at is not None  # noqa: S101 - only those invited are asked for
    return journey.invited_at + timedelta(days=terms.invitations.expires_after_days)


def status(  # noqa: C901, PLR0911 - it is the table of the states
    journey: Journey, terms: Campaign, now: datetime
) -> Line:
    """Say where the customer stands."""
    total = journey.credited_megabytes
    match state_of(journey, terms):
        case State.HELD_OUT:
            return NotInvited()
        case State.WAITING:
            return PutOnWaitingList()
        case State.ASKED:
            # The question stands; asked again, its words are those that a JA refers to.
            return ConsentAsked(terms.version)
        case State.INVITED | State.DECLINED:
            if journey.invited_at is None:
                return NotInvited()
            return StatusInvited(terms.total_megabytes, expires_at(journey, terms))
        case State.EXPIRED:
            return InvitationExpired()
        case State.STEPS:
            return StatusSteps(marks(journey, terms), total)
        case State.STREAK:
            return _streak_status(journey, terms, now)
        case State.SETTLING:
            return StatusSettling(total, terms.reward(STREAK))
        case State.DONE | State.UNREACHABLE:
            return StatusDone(total)
        case State.LEFT | State.DROPPED | State.ENDED:
            return NoLonger(total)


def _streak_status(journey: Journey, terms: Campaign, now: datetime) -> Line:
    span = window(journey, terms)
    if span is None:
        return StatusSteps(marks(journey, terms), journey.credited_megabytes)
    return StatusStreak(
        steps=marks(journey, terms),
        total=journey.credited_megabytes,
        month=journey.months_told,
        of=terms.streak.months,
        days_left=days_until(span.end, now, terms.zone),
        ends_at=span.end,
        megabytes=terms.reward(STREAK),
    )
