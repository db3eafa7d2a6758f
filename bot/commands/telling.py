"""A customer's records in words, for somebody who has that customer on the phone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.commands.showing import wall
from bot.turns.journal import SEALED, event_of
from flows.campaign import STREAK, Campaign
from flows.credit import PENDING
from flows.events import (
    CreditMoved,
    CreditReversed,
    Event,
    Feed,
    Heard,
    HotlineCalled,
    IncidentFound,
    ObjectionAnswered,
    PortalUsed,
    StepWaived,
    VideoWatched,
)
from flows.journey import Call, Journey, Stage, Verdict
from flows.standing import settles_at
from flows.steps.streak import Judgement, begins_at, counted, judge, window
from storage.memory import CreditRow
from storage.reading import Dossier, JournalRow

_INSIDE = ("Wake ", "Sleep", "Reserve", "Release")  # what concerns nobody on the phone


def words(name: str) -> str:
    """Take the name of a line or an event apart: `CreditTakenBack` is `credit taken back`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()


# --- Rows of tables -----------------------------------------------------------------------------


def credit_row(credit: CreditRow, zone: ZoneInfo) -> tuple[str, ...]:
    """Say how one credit stands: for what, how much, state and since when, the operator's id."""
    attempts = f"attempt {credit.attempts}" if credit.attempts > 1 else ""
    note = ", ".join(part for part in (attempts, credit.note) if part)
    state, since = credit.state.value, wall(credit.moved_at, zone)
    return (credit.step, str(credit.megabytes), state, since, credit.provider_id or "–", note)


def call_rows(journey: Journey, terms: Campaign) -> Iterator[tuple[str, ...]]:
    """Say of each call whether it counts, and why."""
    first = {call.id for call in counted(journey, terms)}
    for call in journey.calls:
        length = str(timedelta(seconds=call.duration_s))
        what = _judged(call, journey, terms, is_first=call.id in first)
        yield wall(call.at, terms.zone), length, call.reason or "–", what


def _judged(call: Call, journey: Journey, terms: Campaign, *, is_first: bool) -> str:
    match judge(call, journey, terms):
        case Judgement.NO_CALL:
            return "no call: not inbound, not connected, or too short"
        case Judgement.DISPUTED:
            return "disputed: no effect until a person has decided"
        case Judgement.EXEMPT:
            return f"does not count: {_excuse(call, journey, terms)}"
        case Judgement.PROVISIONAL:
            until = wall(call.known_at + terms.calls.patience, terms.zone)
            return f"unknown reason: counts from {until} unless contested"
        case Judgement.COUNTED if is_first:
            return "counts"
        case Judgement.COUNTED:
            return "counts as one with the call before it, or came after the payout"


def _excuse(call: Call, journey: Journey, terms: Campaign) -> str:
    if call.has_incident:
        return "there was an incident"
    if terms.calls.exempts(call.reason):
        return "the reason is exempt"
    if call.verdict is Verdict.EXEMPT or not journey.is_accessible:
        return "a person decided so"
    return "the customer is marked as accessible"


def message_rows(dossier: Dossier, most: int, zone: ZoneInfo) -> Iterator[tuple[str, ...]]:
    """List what was said lately, the newest last."""
    for message in dossier.messages[-most:]:
        at = wall(message.sent_at or message.created_at, zone)
        state = message.state.value + (f": {message.reason}" if message.reason else "")
        yield at, message.lane, words(message.line), state


def request_rows(dossier: Dossier, zone: ZoneInfo) -> Iterator[tuple[str, ...]]:
    """List what still waits for a person."""
    for row in dossier.requests:
        if row.closed_at is None:
            yield str(row.id), wall(row.at, zone), row.request.value, row.about


def event_row(row: JournalRow, zone: ZoneInfo) -> tuple[str, ...]:
    """Say what happened, who reported it, and what it led to."""
    what = "history sealed" if row.kind == SEALED else _event(event_of(row))
    led_to = ", ".join(effect for name in row.effects.split(", ") if (effect := _effect(name)))
    return wall(row.at, zone), what, row.source, led_to


def _event(event: Event) -> str:  # noqa: PLR0911 - it is the table of the events that tell more
    name = words(type(event).__name__)
    match event:
        case Heard():
            return f"said {event.intent.name.lower().replace('_', ' ')} by {event.channel}"
        case HotlineCalled():
            reason = event.reason or "no reason"
            return f"{name}: {event.call_id}, {reason}, {event.duration_s} s"
        case IncidentFound():
            return f"incident found for call {event.call_id}"
        case ObjectionAnswered():
            return f"objection {'accepted' if event.is_accepted else 'rejected'}"
        case CreditMoved():
            return f"{event.step} {'booked' if event.is_confirmed else 'refused'} by the operator"
        case CreditReversed() | StepWaived():
            return f"{name}: {event.step}"
        case VideoWatched():
            return f"{name}: {'transcript read' if event.has_read_transcript else event.share}"
        case PortalUsed():
            return f"{name}: {event.action}"
        case _:
            return name


def _effect(name: str) -> str:
    if name.startswith(_INSIDE):
        return ""
    kind, _, about = name.partition(" ")
    verbs = {"Say": f"told: {words(about)}", "Credit": f"earned: {about}"}
    return verbs.get(kind, words(kind) + (f": {about}" if about else ""))


# --- Why it stands so ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reasons:
    """Names what decided how a customer stands."""

    dossier: Dossier
    journey: Journey
    terms: Campaign

    def all(self) -> Iterator[str]:
        """Say it in sentences, the most general first."""
        yield from self._of_stage()
        if self.journey.is_member:
            yield from self._of_window()
            yield from self._of_bonus()
        for credit in self.dossier.memory.credits:
            if credit.state in PENDING and credit.note:
                yield f"{credit.step} is {credit.state.value}: {credit.note}."

    def _of_stage(self) -> Iterator[str]:
        journey, zone = self.journey, self.terms.zone
        if journey.consent is not None:
            consent = journey.consent
            yield f"The terms {consent.version} hold: consent of {wall(consent.at, zone)}."
        match journey.stage:
            case Stage.DROPPED:
                days = self.terms.inactivity.drop_after_days
                out = wall(journey.out_at, zone)
                yield f"Dropped out on {out}: {days} days without the portal."
            case Stage.LEFT | Stage.ENDED:
                yield f"It ended on {wall(journey.out_at, zone)}."
            case Stage.WAITING:
                yield "The budget bears nobody more: the customer is on the waiting list."
            case _:
                pass

    def _of_window(self) -> Iterator[str]:
        span, zone = window(self.journey, self.terms), self.terms.zone
        if span is None:
            yield "The months have not begun: they wait for the steps that are open."
            return
        calls = (call for call in counted(self.journey, self.terms) if call.at == span.start)
        call, first = next(calls, None), begins_at(self.journey, self.terms)
        if call is None or span.start == first:
            last = max(self.journey.reached, key=lambda r: r.at, default=None)
            cause = f"the step {last.step}" if last and last.at == span.start else "the enrolment"
        else:
            cause = f"the hotline call {call.id} ({call.reason or 'no reason'})"
        yield f"The months run from {wall(span.start, zone)}: that is {cause}."

    def _of_bonus(self) -> Iterator[str]:
        span, zone = window(self.journey, self.terms), self.terms.zone
        is_due = self.journey.months_told >= self.terms.streak.months
        if span is None or not is_due or self.journey.credit(STREAK) is not None:
            return
        mark = dict(self.dossier.memory.watermarks).get(Feed.HOTLINE)
        if mark is None or mark < span.end:
            yield (
                f"The bonus waits: the feed of calls is complete until {wall(mark, zone)}, "
                f"and must be until {wall(span.end, zone)}."
            )
        yield f"The bonus is settled from {wall(settles_at(span.end, self.terms), zone)} on."
