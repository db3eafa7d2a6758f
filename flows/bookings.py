"""What the operator has booked: how a journey takes it, and what the customer is told of it."""

from dataclasses import replace

from flows import standing
from flows.campaign import STREAK, Campaign
from flows.credit import CreditState
from flows.enrolment import tell
from flows.events import CreditMoved, CreditReversed
from flows.journey import Journey, Outcome, Stage
from flows.lines import Credited, CreditRejected, CreditTakenBack, GoalReached

_FINAL = (CreditState.CONFIRMED, CreditState.REJECTED, CreditState.REVERSED)


def moved(journey: Journey, event: CreditMoved, terms: Campaign) -> Outcome:
    """Tell of a credit once it is booked; this is the only place that does."""
    credit = journey.credit(event.step)
    new = CreditState.CONFIRMED if event.is_confirmed else CreditState.REJECTED
    if credit is None or credit.state in _FINAL:
        return Outcome(journey)
    granted = tuple(replace(g, state=new) if g is credit else g for g in journey.granted)
    journey = replace(journey, granted=granted)
    if journey.stage is Stage.ENDED:
        return Outcome(journey)
    if new is CreditState.REJECTED:
        rejected = tell(journey, CreditRejected(credit.step, credit.megabytes))
        return Outcome(journey, rejected)
    if event.step == STREAK:
        goal = GoalReached(
            credit.megabytes, journey.credited_megabytes, terms.streak.months, event.usable_until
        )
        return Outcome(journey, tell(journey, goal))
    return Outcome(journey, tell(journey, _credited(journey, event, terms)))


def _credited(journey: Journey, event: CreditMoved, terms: Campaign) -> Credited:
    booked = [g for g in journey.granted if g.state is CreditState.CONFIRMED]
    tasks = standing.open_tasks(journey, terms) if journey.is_member else ()
    return Credited(
        step=event.step,
        megabytes=terms.reward(event.step),
        total=journey.credited_megabytes,
        number=len(booked),
        of=len(terms.tasks),
        usable_until=event.usable_until,
        next_step=tasks[0] if tasks else None,
    )


def taken_back(journey: Journey, event: CreditReversed) -> Outcome:
    """Take a credit out of what is delivered; it is not earned again."""
    credit = journey.credit(event.step)
    if credit is None or credit.state is not CreditState.CONFIRMED:
        return Outcome(journey)
    back = replace(credit, state=CreditState.REVERSED)
    journey = replace(journey, granted=tuple(back if g is credit else g for g in journey.granted))
    if journey.stage is Stage.ENDED:
        return Outcome(journey)
    line = CreditTakenBack(credit.step, credit.megabytes, journey.credited_megabytes)
    return Outcome(journey, tell(journey, line))
