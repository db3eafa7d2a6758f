"""What leaves: the rows of the outbox on their way out, and the wakes that are due."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from storage.pace import Allowances


class OutboxState(StrEnum):
    """Where a row of the outbox stands. `posting`: its bytes may be on their way.

    `claimed`: an earlier version of this program, or one beside us, has taken it to post it later.
    """

    READY = "ready"
    CLAIMED = "claimed"
    POSTING = "posting"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


class OutboxRow(NamedTuple):
    """A claimed row: `slot` is the moment at which it may leave, `tag` names this attempt.

    (A tuple, because one is made for every message, in a fourth of the time.)
    """

    id: int
    lane: str
    priority: int
    recipient: str
    line: str
    body: str
    due: datetime
    slot: datetime
    created_at: datetime
    attempt: int
    customer: str | None
    use_by: datetime | None
    cost: int
    is_unasked: bool
    may_resend: bool
    about: str | None
    tag: str


@dataclass(frozen=True, slots=True)
class Left:
    """A message that has left unasked, on whatever channel."""

    at: datetime
    priority: int


class Leaving(msgspec.Struct, frozen=True):
    """A customer's row about to leave; if it is unasked, with what has left in the last month."""

    at: datetime
    priority: int
    attempt: int
    lately: tuple[Left, ...] = ()


Permit = Callable[[Leaving], datetime]  # from when on a row may leave; never waits, as `decide`


def at_once(leaving: Leaving) -> datetime:
    """Let everything leave when it is due."""
    return leaving.at


def fresh_tag() -> str:
    """Give an attempt a name nobody can guess: the millisecond, and 96 random bits.

    As UUIDs of version 7 do (RFC 9562, 5.7) it begins with the time, so that names which are
    written together lie together in the index; else each would touch a page of its own.
    """
    return f"{time.time_ns() // 1_000_000:011x}{os.urandom(12).hex()}"


def _nobodys(_: str) -> None:
    """Know no hash of an address, so that none is found to be suppressed."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Ask for work: rows of one lane that are due, one per recipient, in order of priority.

    `rate` is the lane's tokens per second (None: no limit). Rows are given slots on the lane's
    clock, at least `lead_s` and at most `horizon_s` ahead of `now`; no second holds more than the
    rate even if each row leaves up to `late_s` after its slot. `allowances` tells what each single
    recipient bears (None: no limit); whoever has had enough waits, and holds nobody else up.

    `permit` says from when on a row may leave, `keyed` gives an address' hash, under which it may
    be suppressed, and `new_tag` the name by which the provider's answer is known.

    `instead_of` are rows of this lane which their node has not begun with: where no slot is left,
    one of them makes way for something more urgent of the same cost. It waits again, and that was
    no attempt.
    """

    lane: str
    node: str
    now: datetime
    lease_until: datetime
    limit: int
    rate: float | None = None
    horizon_s: float = 0.2
    lead_s: float = 0.0
    late_s: float = 0.0
    allowances: Allowances | None = None
    permit: Permit = at_once
    keyed: Callable[[str], bytes | None] = _nobodys
    new_tag: Callable[[], str] = fresh_tag
    instead_of: tuple[OutboxRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Claimed:
    """Rows that are posting now, and how many were kept back instead: those may hide others.

    So may the `held`, who wait until their recipients bear one more. `foremost` is the most urgent
    priority of which something waits where no slot is left.
    """

    rows: tuple[OutboxRow, ...] = ()
    kept_back: int = 0
    foremost: int | None = None
    held: int = 0


class Settle(msgspec.Struct, frozen=True):
    """What became of a row; READY lets it wait until `due`, `counts` if it took an attempt.

    With a `tag` it speaks of that attempt only: if the row has gone on to another, somebody slept
    longer than the lease, and what they have to say is passed over.
    """

    id: int
    state: OutboxState
    at: datetime
    ref: str | None = None
    reason: str | None = None
    due: datetime | None = None
    counts: bool = True
    tag: str | None = None


def wait_again(row: OutboxRow, at: datetime, reason: str, due: datetime) -> Settle:
    """Let a row wait of which nothing has left; that was no attempt."""
    ready = OutboxState.READY
    return Settle(row.id, ready, at, reason=reason, due=due, counts=False, tag=row.tag)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A row whose last attempt came to nobody knows what, and when it was posted."""

    row: OutboxRow
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class Again:
    """Let a message that failed softly leave once more, if it has left fewer times than this."""

    at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A provider's word about a message, by our tag or its own id; kept whatever its order.

    `again` says what to do if that word is a failure which may not last.
    """

    status: str
    rank: int
    at: datetime
    tag: str | None = None
    ref: str | None = None
    code: str | None = None
    segments: int | None = None
    price_cents: float | None = None
    again: Again | None = None


@dataclass(frozen=True, slots=True)
class WakeRow:
    """A wake that is due."""

    customer: str
    slot: str
    what: str
    at: datetime
