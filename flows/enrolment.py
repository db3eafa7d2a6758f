"""Becoming a member, doing steps, earning credits: what may happen once, and once only."""

from dataclasses import replace
from datetime import datetime, timedelta

from flows.campaign import STREAK, Campaign
from flows.effects import Credit, Effect, Purpose, Say
from flows.journey import Granted, Journey, Outcome, Reached, Stage
from flows.lines import Enrolled, Line, StreakStarted
from flows.standing import marks
from flows.steps.streak import window


def tell(journey: Journey, line: Line, purpose: Purpose = Purpose.NOTICE) -> tuple[Effect, ...]:
    """Say something unasked, unless the customer wants no messages."""
    return () if journey.is_silent else (Say(line, purpose),)


def enrol(journey: Journey, now: datetime, terms: Campaign, purpose: Purpose) -> Outcome:
    """Make somebody a member, and credit what they did shortly before."""
    consent = journey.consent
    assert consent is not None  # noqa: S101 - nobody is a member without proof
    held = timedelta(days=terms.steps.hold_days)
    early = [r for r in journey.early if now - (r.known_at or r.at) <= held]
    journey = replace(journey, stage=Stage.MEMBER, enrolled_at=now, early=())
    outcome = Outcome(journey)
    for fact in early:
        step = reach(outcome.journey, replace(fact, at=max(fact.at, now)), now, terms)
        outcome = Outcome(step.journey, outcome.effects + step.effects)
    steps = marks(outcome.journey, terms)
    greeting = Enrolled(consent.at, consent.version, steps)
    said = (Say(greeting),) if purpose is Purpose.ANSWER else tell(journey, greeting, purpose)
    return Outcome(outcome.journey, said + outcome.effects)


def reach(journey: Journey, fact: Reached, now: datetime, terms: Campaign) -> Outcome:
    """Note a step as done; a second report only moves its moment back if it is the earlier one."""
    before = window(journey, terms)
    known = next((r for r in journey.reached if r.step == fact.step), None)
    if known is not None and (known.at <= fact.at or known.is_waived):
        return Outcome(journey)
    others = tuple(r for r in journey.reached if r.step != fact.step)
    fact = replace(fact, known_at=None)
    journey = replace(journey, reached=(*others, fact))
    if known is None:
        journey = replace(journey, step_reminders=0)
    outcome = grant_tasks(journey, now, terms)
    after = window(outcome.journey, terms)
    if before is None and after is not None:
        line = StreakStarted(terms.streak.months, terms.reward(STREAK), after.end)
        outcome = outcome.then(*tell(journey, line))
    return outcome


def grant_tasks(journey: Journey, now: datetime, terms: Campaign) -> Outcome:
    """Credit every step that is done, not waived, and whose requirement is done."""
    effects: tuple[Effect, ...] = ()
    for fact in sorted(journey.reached, key=lambda r: terms.tasks.index(r.step)):
        needed = terms.steps.requires.get(fact.step)
        if fact.is_waived or journey.credit(fact.step) or (needed and not journey.has(needed)):
            continue
        granted = grant(journey, fact.step, now, terms)
        journey, effects = granted.journey, effects + granted.effects
    return Outcome(journey, effects)


def grant(journey: Journey, step: str, now: datetime, terms: Campaign) -> Outcome:
    """Earn the credit of a step, once."""
    if journey.credit(step) is not None:
        return Outcome(journey)
    megabytes = terms.reward(step)
    granted = (*journey.granted, Granted(step, megabytes, now))
    return Outcome(replace(journey, granted=granted), (Credit(step, megabytes),))
