"""Hotline calls as they are reported, corrected and decided, and what the customer is told."""

from dataclasses import replace

from flows.campaign import CallPolicy, Campaign
from flows.effects import Effect
from flows.enrolment import tell
from flows.events import HotlineCalled
from flows.journey import Call, Journey, Outcome, Verdict
from flows.lines import (
    CallEnded,
    CallExempt,
    CallForfeited,
    CallProvisional,
    CallRepaired,
    CallRestarted,
    GoalUnreachable,
    Line,
)
from flows.steps.streak import (
    Judgement,
    Window,
    is_out_of_reach,
    judge,
    spoiling_call,
    window,
)


def note(journey: Journey, event: HotlineCalled) -> Journey:
    """Record a call; of two reports with the same id the one that came later holds."""
    known = next((c for c in journey.calls if c.id == event.call_id), None)
    if known is not None and known.known_at > event.now:
        return journey
    call = Call(
        at=event.at,
        id=event.call_id,
        known_at=event.now,
        duration_s=event.duration_s,
        is_connected=event.is_connected,
        is_inbound=event.is_inbound,
        reason=event.reason,
        has_incident=event.has_incident or (known is not None and known.has_incident),
        verdict=known.verdict if known else None,
    )
    return with_call(journey, call)


def with_call(journey: Journey, call: Call) -> Journey:
    """Put a call in its place; the order is that of the calls, not of the reports."""
    others = [c for c in journey.calls if c.id != call.id]
    return replace(journey, calls=tuple(sorted([*others, call], key=lambda c: (c.at, c.id))))


def decide(journey: Journey, call_id: str, verdict: Verdict) -> Journey:
    """Record what a person decided about a call."""
    return replace(
        journey,
        calls=tuple(
            replace(call, verdict=verdict) if call.id == call_id else call for call in journey.calls
        ),
    )


def respond(before: Journey, after: Journey, terms: Campaign) -> Outcome:
    """Say what a changed set of calls means: the months begin anew, or the old end is back."""
    old, new = window(before, terms), window(after, terms)
    if old is None or new is None or not after.is_member:
        return Outcome(after)
    line = _of_window(before, after, old, new, terms)
    said = tell(after, line) if line else _of_calls(before, after, old, terms)
    return Outcome(after, said)


def _of_window(
    before: Journey, after: Journey, old: Window, new: Window, terms: Campaign
) -> Line | None:
    was_spoilt, spoilt = spoiling_call(before, terms), spoiling_call(after, terms)
    if spoilt and not was_spoilt:
        ends = terms.streak.on_call is CallPolicy.END
        return CallEnded(spoilt.at) if ends else CallForfeited(spoilt.at)
    if new.start > old.start:
        if is_out_of_reach(after, terms):
            return GoalUnreachable(terms.streak.months)
        return CallRestarted(new.start, terms.streak.months, new.end)
    if new.start < old.start:
        return CallRepaired(old.start, new.end)
    if was_spoilt and not spoilt:
        return CallRepaired(was_spoilt.at, new.end)
    return None


def _of_calls(before: Journey, after: Journey, span: Window, terms: Campaign) -> tuple[Effect, ...]:
    """Name the calls whose judgement is new although the window stays."""
    known = {c.id: judge(c, before, terms) for c in before.calls}
    effects: tuple[Effect, ...] = ()
    for call in after.calls:
        judgement = judge(call, after, terms)
        if known.get(call.id) is judgement or not span.start <= call.at < span.end:
            continue
        if judgement is Judgement.EXEMPT:
            effects += tell(after, CallExempt(call.at, span.end))
        elif judgement is Judgement.PROVISIONAL:
            decides_at = call.known_at + terms.calls.patience
            effects += tell(after, CallProvisional(call.at, decides_at))
    return effects
