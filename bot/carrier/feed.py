"""The feed is what the operator reports: one canonical form, whatever door it came in by."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from flows.events import Event, Feed

_TOLERANCE = timedelta(minutes=5)


# --- What is reported ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    """A fault began, in an area or for certain customers."""

    incident: str
    at: datetime
    area: str | None = None
    customers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IncidentClosed:
    """A fault is over."""

    incident: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FeedComplete:
    """A feed has delivered everything that happened before this moment (its watermark)."""

    feed: Feed
    until: datetime


Happening = Event | IncidentOpened | IncidentClosed | FeedComplete


@dataclass(frozen=True, slots=True)
class Report:
    """One thing that the operator says has happened, known for good by source and id.

    `what` is None where we do not know the type or it does not concern us. `customer` is the
    operator's customer number; a calls file may name a line by its `phone` (E.164) instead.
    """

    source: str
    id: str
    type: str
    customer: str | None
    at: datetime
    what: Happening | None
    digest: bytes
    phone: str | None = None

    @property
    def due_at(self) -> datetime:
        """Give the latest moment of which it speaks: before that it cannot be true."""
        match self.what:
            case FeedComplete(until=until):
                return max(self.at, until)
            case Event(at=happened_at):
                return max(self.at, happened_at)
            case _:
                return self.at

    def is_ahead(self, now: datetime) -> bool:
        """Tell whether it claims to come from more than 5 minutes in the future."""
        return self.due_at > now + _TOLERANCE


@dataclass(frozen=True, slots=True)
class Fault:
    """A report that cannot be read: one line that names the field, and its id if it has one.

    `is_whole`: it is the request that cannot be read, not one item of it.
    """

    why: str
    id: str | None = None
    is_whole: bool = False


# --- Who takes it in ----------------------------------------------------------------------------


class Result(StrEnum):
    """What became of a report."""

    APPLIED = "applied"
    REPEAT = "repeat"
    HELD = "held"
    IGNORED = "ignored"
    UNKNOWN_CUSTOMER = "unknown_customer"
    QUARANTINED = "quarantined"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer to a report, after its turn is committed."""

    result: Result
    why: str = ""


class Intake(Protocol):
    """The one function behind every door."""

    async def happened(self, report: Report) -> Taken:
        """Answer one report in one turn; a repeat has no effect."""


# --- Whether it is genuine ----------------------------------------------------------------------


def is_genuine(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
) -> bool:
    """Check a Standard Webhooks signature over the raw bytes, at most 5 minutes from now.

    Several secrets and several signatures allow both sides to change them without a gap. Whatever
    is missing or garbled is not genuine. Header names are in lower case.
    """
    message, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (message and stamp.isascii() and stamp.isdigit()):
        return False
    try:
        at = datetime.fromtimestamp(int(stamp), UTC)
        text = body.decode()
    except (OverflowError, ValueError, OSError):
        return False
    if abs(now - at) > _TOLERANCE:
        return False
    given = headers.get("webhook-signature", "").split(" ")
    return any(_is_signed(message, at, text, secret, given) for secret in secrets)


def _is_signed(message: str, at: datetime, text: str, secret: str, given: Sequence[str]) -> bool:
    # The library's own `verify` reads the system's clock and raises half a dozen kinds of errors.
    try:
        right = Webhook(secret).sign(message, at, text).encode()
    except (ValueError, EmptyWebhookSecretError):
        return False
    return any(hmac.compare_digest(right, one.encode()) for one in given)
