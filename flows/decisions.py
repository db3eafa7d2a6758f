"""What people decide about a journey: objections, waivers, returns, and its end."""

from dataclasses import replace

from flows import calls
from flows.campaign import Campaign
from flows.credit import CreditState
from flows.enrolment import reach, tell
from flows.events import Erased, Event, ObjectionAnswered, StepWaived
from flows.journey import Call, Journey, Outcome, Reached, Stage, Verdict
from flows.lines import ObjectionDecided, Reinstated
from flows.steps.streak import window


def objection_answered(journey: Journey, event: ObjectionAnswered, terms: Campaign) -> Outcome:
    """Exempt the disputed call or uphold it, or answer who objects to having dropped out."""
    disputed = next((c for c in journey.calls if _is_answered(c, event)), None)
    if disputed is not None:
        verdict = Verdict.EXEMPT if event.is_accepted else Verdict.UPHELD
        journey = calls.decide(journey, disputed.id, verdict)
        span = window(journey, terms)
        decided = ObjectionDecided(disputed.at, event.is_accepted, span.end if span else None)
        return Outcome(journey, tell(journey, decided))
    if not journey.is_drop_disputed or journey.out_at is None:
        return Outcome(journey)
    decided = ObjectionDecided(journey.out_at, event.is_accepted, None)
    journey = replace(journey, is_drop_disputed=False)
    if event.is_accepted:
        journey = readmitted(journey, event).journey
    return Outcome(journey, tell(journey, decided))


def _is_answered(call: Call, event: ObjectionAnswered) -> bool:
    return call.verdict is Verdict.DISPUTED and event.call_id in ("", call.id)


def waived(journey: Journey, event: StepWaived, terms: Campaign) -> Outcome:
    """Count a step as done, for nobody could prove it."""
    if not journey.is_member or event.step not in terms.tasks or journey.has(event.step):
        return Outcome(journey)
    return reach(journey, Reached(event.at, event.step, is_waived=True), event.now, terms)


def readmitted(journey: Journey, event: Event) -> Outcome:
    """Take back who has dropped out; the clock of inactivity begins anew."""
    if journey.stage is not Stage.DROPPED:
        return Outcome(journey)
    journey = replace(
        journey,
        stage=Stage.MEMBER,
        out_at=None,
        used_portal_at=event.now,
        inactivity_warnings=0,
        is_drop_disputed=False,
    )
    return Outcome(journey, tell(journey, Reinstated()))


def ended(journey: Journey, event: Event) -> Outcome:
    """End silently: nobody is written to about it."""
    if journey.stage in (Stage.ENDED, Stage.HELD_OUT):
        return Outcome(journey)
    return Outcome(replace(journey, stage=Stage.ENDED, out_at=event.at, question=None))


def erased(journey: Journey, event: Erased) -> Outcome:
    """End for good; what the operator was not asked for cannot be booked any more."""
    granted = tuple(
        replace(g, state=CreditState.VOIDED) if g.step in event.voided else g
        for g in journey.granted
    )
    return ended(replace(journey, is_silent=True, early=(), granted=granted), event)
