"""Plays a journey through time: performs whatever is due, with all feeds complete."""

from collections.abc import Sequence
from datetime import datetime

from flows.advance import advance
from flows.agenda import wakes
from flows.campaign import Campaign
from flows.effects import Effect, Wake
from flows.events import Event, Feed, PortalUsed, Woke
from flows.journey import Journey, Outcome
from tests.cast import TERMS

FEEDS = (Feed.HOTLINE, Feed.PORTAL)


def wait(
    journey: Journey,
    until: datetime,
    *,
    terms: Campaign = TERMS,
    feeds: Sequence[Feed] = FEEDS,
    uses_portal: bool = False,
) -> Outcome:
    """Let time pass until a moment; tell all that was wished for on the way."""
    effects: tuple[Effect, ...] = ()
    while ready := _ready(journey, until, feeds, terms):
        now = min(wake.at for wake in ready)
        happened: list[Event] = [PortalUsed(at=now)] if uses_portal else []
        happened.append(Woke(at=now, watermarks=tuple((feed, now) for feed in feeds)))
        for event in happened:
            outcome = advance(journey, event, terms)
            journey, effects = outcome.journey, effects + outcome.effects
    return Outcome(journey, effects)


def _ready(journey: Journey, until: datetime, feeds: Sequence[Feed], terms: Campaign) -> list[Wake]:
    return [
        wake
        for wake in wakes(journey, terms).values()
        if wake.at <= until and (wake.gate is None or wake.gate.feed in feeds)
    ]
