"""A lane is one rate limit with a handler behind it; this is how it judges what became of a row."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from bot.channels.channel import Accepted, Clock, Fault, NotSent, Outcome, Refused, Unknown
from bot.metrics import Metrics
from storage.outbox import (
    Claim,
    Claimed,
    OutboxRow,
    OutboxState,
    Permit,
    Receipt,
    Settle,
    Unresolved,
    at_once,
    fresh_tag,
    wait_again,
)
from storage.pace import Allowances

LOOK_UPS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
SHORTEST_BACKOFF = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(minutes=5)
LATER = timedelta(hours=2)
LATER_AT_MOST = 2
HALTED = timedelta(minutes=15)  # then one row tries whether somebody has mended it
HALTING = {Fault.ACCOUNT, Fault.SENDER}

HORIZON_S = 0.05  # an answer waits no longer for what was taken before it

Chance = Callable[[], float]


class Outbox(Protocol):
    """The part of the store that the relay works on."""

    async def claim(self, claim: Claim) -> Claimed:
        """Let rows leave that are due and that nobody holds."""

    async def next_due(self, lane: str, now: datetime, ahead_s: float = 0.0) -> datetime | None:
        """Tell when the lane next has a row that may leave."""

    async def standing(self, tags: Sequence[str]) -> frozenset[str]:
        """Tell which attempts are posting still."""

    async def settle(self, settlements: Sequence[Settle]) -> None:
        """Record what became of rows."""

    async def recover(self, now: datetime) -> int:
        """Free rows whose lease is over."""

    async def unresolved(self, lane: str, now: datetime, limit: int) -> tuple[Unresolved, ...]:
        """List rows of unknown outcome whose look-up is due."""

    async def next_look(self, lane: str) -> datetime | None:
        """Tell when the lane's earliest look-up is due."""

    async def receipt(self, receipt: Receipt) -> bool:
        """Note a delivery status; False if no message is known by it."""

    async def pause_lane(self, lane: str, until: datetime, reason: str) -> None:
        """Let nothing leave by this lane until then."""

    async def pause_recipient(self, recipient: str, until: datetime) -> None:
        """Let nothing leave to this recipient until then."""

    async def get(self, name: str) -> str | None:
        """Read one kept value."""

    async def put(self, name: str, value: str) -> None:
        """Keep one value."""


class Handler(Protocol):
    """What hands over the rows of a lane."""

    async def send(self, row: OutboxRow, tag: str) -> Outcome:
        """Hand one row over."""

    async def look_up(self, row: OutboxRow, tag: str, posted_at: datetime) -> Accepted | None:
        """Find a row of unknown outcome; None if it is not there, raises if nobody can tell."""

    async def refused(self, row: OutboxRow, refusal: Refused) -> None:
        """Note that a row's address is closed to us."""


async def nothing() -> None:
    """Bring nothing: the handler is ready as it is."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One rate limit: tokens a second over all nodes (None: no limit), and sends at a time here.

    `prepare` brings what the first send would wait for; no row is claimed before it has.
    `allowances` tells what each single recipient bears. `ahead` is how many rows this node may hold
    ready beside those, so that a lane without a rate never waits for a claim: of what a node held
    that is killed nobody knows whether it left.
    """

    name: str
    handler: Handler
    rate: float | None = None
    in_flight: int = 20
    allowances: Allowances | None = None
    ahead: int = 0
    prepare: Callable[[], Awaitable[None]] = nothing


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the relay is handed: the clock, how to wait until a moment, chance, and its figures.

    `horizon_s` is how far ahead slots are taken, beyond what the commits take (0 under a clock that
    is moved by hand). `permit` says from when on a row may leave, and `keyed` hashes a recipient,
    to find out whether the address is suppressed.
    """

    clock: Clock
    until: Callable[[datetime], Awaitable[None]]
    chance: Chance
    metrics: Metrics
    node: str
    new_tag: Callable[[], str] = fresh_tag
    horizon_s: float = HORIZON_S
    permit: Permit = at_once
    keyed: Callable[[str], bytes | None] = lambda _: None


class Verdict(msgspec.Struct, frozen=True):
    """What an outcome means: how the row is settled, how long the lane rests, who must be told."""

    settle: Settle
    rest: timedelta | None = None
    reason: str = ""
    is_alarm: bool = False


def judge(
    row: OutboxRow,
    outcome: NotSent | Refused | Unknown,
    at: datetime,
    *,
    failures: int,
    chance: Chance,
) -> Verdict:
    """Decide what becomes of a row that was not accepted.

    `failures` counts how often in a row the lane sent nothing.
    """
    match outcome:
        case Unknown(why):
            return Verdict(unknown(row, at, at, reason=why))
        case NotSent():
            return _wait(row, outcome, at, backoff(failures, chance))
        case Refused():
            return _refuse(row, outcome, at, chance)


def accepted(row: OutboxRow, ref: str, at: datetime) -> Settle:
    """Note that the provider has a row, and by which id."""
    return Settle(row.id, OutboxState.ACCEPTED, at, ref=ref, tag=row.tag)


def resent_name(tag: str) -> str:
    """Name the kept value that says which row left again after its attempt `tag` stayed unknown."""
    return f"resent.{tag}"


def backoff(failures: int, chance: Chance) -> timedelta:
    """Double the wait with each failure in a row, from 1 s to 5 min, and vary it by half."""
    doubled = SHORTEST_BACKOFF * (1 << min(max(failures - 1, 0), 20))
    wait = min(doubled, LONGEST_BACKOFF)
    return wait * (0.75 + chance() / 2)


def unknown(row: OutboxRow, posted_at: datetime, at: datetime, reason: str) -> Settle:
    """Keep a row as unknown until its next look-up, 30 s, 2 min and 10 min after its posting.

    Without a further one it stays unknown for good: that is shown, never repeated.
    """
    due = next((posted_at + wait for wait in LOOK_UPS if posted_at + wait > at), None)
    return Settle(row.id, OutboxState.UNKNOWN, at, reason=reason, due=due, tag=row.tag)


def resend(row: OutboxRow, at: datetime) -> Settle:
    """Let a row of unknown outcome leave once more."""
    return Settle(row.id, OutboxState.READY, at, reason="resent", due=at, tag=row.tag)


def give_back(row: OutboxRow, at: datetime, reason: str) -> Settle:
    """Let a row take another slot: it missed its own, or nobody has begun with it."""
    return wait_again(row, at, reason, due=at)


def _wait(row: OutboxRow, outcome: NotSent, at: datetime, wait: timedelta) -> Verdict:
    wait = max(wait, outcome.retry_after or wait)
    settle = wait_again(row, at, outcome.why, due=at + wait)
    return Verdict(settle, rest=wait if outcome.holds == "lane" else None, reason=outcome.why)


def _refuse(row: OutboxRow, refusal: Refused, at: datetime, chance: Chance) -> Verdict:
    reason = f"{refusal.fault}:{refusal.code}"
    if refusal.fault in HALTING:
        settle = wait_again(row, at, reason, due=at)
        return Verdict(settle, rest=HALTED, reason=reason, is_alarm=True)
    later = at + LATER * (0.75 + chance() / 2)
    if (
        refusal.fault is Fault.LATER
        and row.attempt <= LATER_AT_MOST
        and (row.use_by is None or later < row.use_by)
    ):
        ready = OutboxState.READY
        return Verdict(Settle(row.id, ready, at, reason=reason, due=later, tag=row.tag))
    failed = Settle(row.id, OutboxState.FAILED, at, reason=reason, tag=row.tag)
    return Verdict(failed, is_alarm=refusal.fault is Fault.OURS)
