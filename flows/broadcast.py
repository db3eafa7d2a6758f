"""The life of a broadcast: what may follow what, who is passed over and why, what is approved.

The author never approves; an approval covers exactly the texts, the audience and the limits that it
was given for, by their hash. Every recipient has one row and ends in exactly one state, so that
planned is the sum of the states at every instant.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from flows.journey import State


class BroadcastError(ValueError):
    """A command on a broadcast is refused; the message says why, and what to do."""


class BroadcastState(StrEnum):
    """Where a broadcast stands."""

    DRAFT = "draft"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class RecipientState(StrEnum):
    """What became of one recipient; the last four are ends."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why somebody is passed over, in the order in which it is found."""

    HELD_OUT = "held_out"
    OPTED_OUT = "opted_out"
    NO_CONSENT = "no_consent"
    NO_ADDRESS = "no_address"
    BLOCKED = "blocked"
    CAP = "cap"
    RECENTLY_CONTACTED = "recently_contacted"
    STALE = "stale"


class Act(StrEnum):
    """What a manager can do with a broadcast."""

    APPROVE = "approve"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


_B = BroadcastState
# Each act: the states in which it is allowed. `finish` and `fall due` are the engine's own.
_ALLOWED: dict[Act, frozenset[BroadcastState]] = {
    Act.APPROVE: frozenset({_B.DRAFT}),
    Act.START: frozenset({_B.APPROVED}),
    Act.PAUSE: frozenset({_B.SCHEDULED, _B.RUNNING}),
    Act.RESUME: frozenset({_B.PAUSED}),
    Act.CANCEL: frozenset({_B.DRAFT, _B.APPROVED, _B.SCHEDULED, _B.RUNNING, _B.PAUSED}),
}
_LEADS_TO = {
    Act.APPROVE: _B.APPROVED,
    Act.START: _B.RUNNING,
    Act.PAUSE: _B.PAUSED,
    Act.RESUME: _B.RUNNING,
    Act.CANCEL: _B.CANCELLED,
}


def after(state: BroadcastState, act: Act, *, is_due: bool = True) -> BroadcastState:
    """Give the state after an act; raises BroadcastError if it is not allowed now.

    What is started or resumed before its hour (`is_due` false) waits as scheduled.
    """
    if state not in _ALLOWED[act]:
        raise BroadcastError(f"a {state} broadcast cannot be {_PAST[act]}; {_HINT[state]}")
    new = _LEADS_TO[act]
    return _B.SCHEDULED if new is _B.RUNNING and not is_due else new


_PAST = {
    Act.APPROVE: "approved",
    Act.START: "started",
    Act.PAUSE: "paused",
    Act.RESUME: "resumed",
    Act.CANCEL: "cancelled",
}
_HINT = {
    _B.DRAFT: "a second person approves it first",
    _B.APPROVED: "start it, or cancel it",
    _B.SCHEDULED: "it waits for its hour; pause or cancel it",
    _B.RUNNING: "pause or cancel it",
    _B.PAUSED: "resume or cancel it",
    _B.DONE: "it is over; draft a new one",
    _B.CANCELLED: "it is over; draft a new one",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What a manager wants to say, and to whom: the texts by language, and the limits."""

    texts: Mapping[str, str]
    audience: str
    author: str
    limit: int | None = None
    at: str | None = None


def fingerprint(draft: Draft) -> str:
    """Hash what an approval covers: one letter changed gives another hash."""
    covered = [sorted(draft.texts.items()), draft.audience, draft.limit, draft.at]
    return hashlib.sha256(json.dumps(covered, ensure_ascii=False).encode()).hexdigest()


def check_approval(draft: Draft, approver: str, approved_hash: str) -> None:
    """Let a second person approve exactly this draft; raises BroadcastError otherwise."""
    if approver == draft.author:
        raise BroadcastError("the author cannot approve; ask a second person")
    if approved_hash != fingerprint(draft):
        raise BroadcastError("the draft has changed since; approve its new preview")


@dataclass(frozen=True, slots=True)
class Candidate:
    """What decides whether somebody of the audience may be written to."""

    state: str
    has_basis: bool
    has_address: bool
    is_opted_out: bool
    is_blocked: bool
    is_capped: bool = False
    was_contacted: bool = False


def exclusion(candidate: Candidate) -> Reason | None:
    """Give the one reason for which somebody is passed over; None if they may be written to."""
    found = {
        Reason.HELD_OUT: candidate.state == State.HELD_OUT,
        Reason.OPTED_OUT: candidate.is_opted_out,
        Reason.NO_CONSENT: not candidate.has_basis,
        Reason.NO_ADDRESS: not candidate.has_address,
        Reason.BLOCKED: candidate.is_blocked,
        Reason.CAP: candidate.is_capped,
        Reason.RECENTLY_CONTACTED: candidate.was_contacted,
    }
    return next((reason for reason, holds in found.items() if holds), None)
