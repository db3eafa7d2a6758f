"""START HERE: the whole programme in one function, `advance(journey, event, campaign)`.

It is pure: no clock, no chance, no network, no disk. An event comes in, the journey after it and a
few wishes to the world go out. Three rules hold for every event:

* Facts keep their own moments, and what follows from them (window, state, open steps) is derived,
  so an event may come late, twice or in any order.
* What is due by the calendar is derived too (`agenda.py`); a journey asks to be woken for the
  earliest of it, and being woken performs whatever is due (`punctual.py`).
* What is promised to a customer is set aside from the budget and given back when it can no longer
  be earned; both follow from the difference between the journey before and after.
"""

from dataclasses import replace
from datetime import datetime

from flows import bookings, calls, conversation, decisions, standing
from flows.agenda import wakes
from flows.calendar import months_between
from flows.campaign import Campaign
from flows.effects import (
    Effect,
    Purpose,
    Release,
    Reserve,
    Say,
    Sleep,
)
from flows.enrolment import enrol, reach, tell
from flows.events import (
    AccessNeeded,
    AddressLinked,
    AppInstalled,
    ChannelClosed,
    ConsentShown,
    ContractEnded,
    CreditMoved,
    CreditReversed,
    Erased,
    Event,
    Heard,
    HotlineCalled,
    IncidentFound,
    Invited,
    ObjectionAnswered,
    PlaceFreed,
    PortalRegistered,
    PortalUsed,
    Readmitted,
    StepWaived,
    TelegramStarted,
    VideoWatched,
    Woke,
)
from flows.journey import Journey, Outcome, Reached, Stage
from flows.lines import (
    Invitation,
    Linked,
    OptInAsked,
)
from flows.punctual import keep_up
from flows.steps import STEPS
from flows.steps.streak import window


def advance(journey: Journey, event: Event, terms: Campaign) -> Outcome:
    """Take one event: the journey after it, and what the world is asked for."""
    outcome = _take(journey, event, terms)
    if outcome.journey == journey and not isinstance(event, Woke):
        return outcome  # nothing follows from no change, as after most questions
    after = _count_months(journey, outcome.journey, event.now, terms)
    return Outcome(after, outcome.effects + _wishes(journey, after, event, terms))


def _take(  # noqa: C901, PLR0911, PLR0912 - it is the table of the programme
    journey: Journey, event: Event, terms: Campaign
) -> Outcome:
    match event:
        case Invited():
            return _invited(journey, event, terms)
        case Heard():
            return conversation.answer(journey, event, terms)
        case ConsentShown():
            shown = (event.text_hash, event.version, event.language)
            return Outcome(replace(journey, shown=shown))
        case AddressLinked():
            place = standing.status(journey, terms, event.now)
            greeting = (Say(Linked()),) if event.is_first else ()
            return Outcome(journey, (*greeting, Say(place)))
        case TelegramStarted():
            place = standing.status(journey, terms, event.now)
            return Outcome(journey, (Say(OptInAsked() if journey.is_silent else place),))
        case PortalRegistered() | VideoWatched() | AppInstalled() | PortalUsed():
            return _did(journey, event, terms)
        case HotlineCalled():
            return calls.respond(journey, calls.note(journey, event), terms)
        case IncidentFound():
            return _incident(journey, event, terms)
        case ChannelClosed():
            return Outcome(journey)  # where messages go is the shell's; the proof is the journal's
        case AccessNeeded():
            return calls.respond(journey, replace(journey, is_accessible=True), terms)
        case CreditMoved():
            return bookings.moved(journey, event, terms)
        case CreditReversed():
            return bookings.taken_back(journey, event)
        case PlaceFreed():
            if journey.stage is not Stage.WAITING:
                return Outcome(journey)
            return enrol(journey, event.now, terms, Purpose.NOTICE)
        case ObjectionAnswered():
            return decisions.objection_answered(journey, event, terms)
        case StepWaived():
            return decisions.waived(journey, event, terms)
        case Readmitted():
            return decisions.readmitted(journey, event)
        case ContractEnded():
            return decisions.ended(journey, event)
        case Erased():
            return decisions.erased(journey, event)
        case Woke():
            return keep_up(journey, event, terms)
        case _:
            raise TypeError(f"not an event of the programme: {event!r}")


# --- The beginning ------------------------------------------------------------------------------


def _invited(journey: Journey, event: Invited, terms: Campaign) -> Outcome:
    if journey.stage is not Stage.NEW:
        return Outcome(journey)
    if event.is_held_out:
        return Outcome(replace(journey, stage=Stage.HELD_OUT))
    journey = replace(journey, stage=Stage.INVITED, invited_at=event.at)
    line = Invitation(terms.total_megabytes, terms.streak.months)
    return Outcome(journey, tell(journey, line, Purpose.INVITATION))


# --- What the operator reports ------------------------------------------------------------------

_BEFORE_CONSENT = (Stage.INVITED, Stage.ASKED, Stage.DECLINED, Stage.WAITING)


def _did(journey: Journey, event: Event, terms: Campaign) -> Outcome:
    """Note a step that the event proves; using the portal also resets the inactivity clock."""
    outcome = Outcome(_note_use(journey, event))
    for step in STEPS:
        if step.name not in terms.tasks or not step.is_shown_by(event, terms):
            continue
        if journey.stage in _BEFORE_CONSENT:
            outcome = Outcome(_hold(outcome.journey, step.name, event))
        elif _may_still_earn(journey, event):
            fact = Reached(max(event.at, journey.enrolled_at or event.at), step.name)
            done = reach(outcome.journey, fact, event.now, terms)
            outcome = Outcome(done.journey, outcome.effects + done.effects)
    return outcome


def _note_use(journey: Journey, event: Event) -> Journey:
    """Count an authenticated action in portal or app; the film, which needs no login, is none."""
    last = journey.used_portal_at
    if isinstance(event, VideoWatched) or not journey.is_member:
        return journey
    if last is not None and last >= event.at:
        return journey
    return replace(journey, used_portal_at=event.at, inactivity_warnings=0)


def _hold(journey: Journey, step: str, event: Event) -> Journey:
    """Keep what was done before the consent; nothing is earned by it yet."""
    if isinstance(event, PortalUsed) or any(r.step == step for r in journey.early):
        return journey
    fact = Reached(event.at, step, known_at=event.now)
    return replace(journey, early=(*journey.early, fact))


def _may_still_earn(journey: Journey, event: Event) -> bool:
    """Let members earn, and whoever met the condition before leaving or dropping out."""
    was_in_time = journey.out_at is not None and event.at < journey.out_at
    return journey.is_member or (
        journey.stage in (Stage.LEFT, Stage.DROPPED) and was_in_time and event.now > event.at
    )


def _incident(journey: Journey, event: IncidentFound, terms: Campaign) -> Outcome:
    call = next((c for c in journey.calls if c.id == event.call_id), None)
    if call is None or call.has_incident:
        return Outcome(journey)
    after = calls.with_call(journey, replace(call, has_incident=True))
    return calls.respond(journey, after, terms)


# --- What follows from every event ----------------------------------------------------------------


def _count_months(before: Journey, after: Journey, now: datetime, terms: Campaign) -> Journey:
    """Count the months anew where the window has moved; what passed unheard is not told again.

    The last month is always told, so it stays open here even if the window is over already.
    """
    old, new = window(before, terms), window(after, terms)
    if new is None or old == new:
        return after
    passed = months_between(new.start, now, terms.zone)
    return replace(after, months_told=min(passed, terms.streak.months - 1))


def _wishes(before: Journey, after: Journey, event: Event, terms: Campaign) -> tuple[Effect, ...]:
    return (*_budget(before, after, terms), *_alarms(before, after, event, terms))


def _budget(before: Journey, after: Journey, terms: Campaign) -> tuple[Effect, ...]:
    delivered = after.credited_megabytes - before.credited_megabytes
    change = standing.promised(after, terms) - standing.promised(before, terms) + delivered
    if change > 0:
        return (Reserve(change),)
    return (Release(-change),) if change < 0 else ()


def _alarms(before: Journey, after: Journey, event: Event, terms: Campaign) -> tuple[Effect, ...]:
    """Ask for what changed only; a wake that has just rung is always set again or put to sleep."""
    old, new = wakes(before, terms), wakes(after, terms)
    rung = event.slot if isinstance(event, Woke) else None
    slept = [Sleep(slot) for slot in old if slot not in new]
    if rung and rung not in old and rung not in new:
        slept.append(Sleep(rung))
    kept = [wake for slot, wake in new.items() if slot == rung or wake != old.get(slot)]
    return (*slept, *kept)
