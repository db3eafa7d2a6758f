"""What a turn lets leave, or takes back before it has left."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Put something finished into the outbox.

    `cost` counts the lane's tokens (SMS segments); rows of one `recipient` leave one after the
    other. `may_resend`: if its outcome stays unknown it may leave a second time. `about` ties it to
    a credit or a broadcast, for which it is said at most once (unique with `line`).
    """

    lane: str
    priority: int
    recipient: str
    line: str
    body: str
    due: datetime
    created_at: datetime
    customer: str | None = None
    use_by: datetime | None = None
    cost: int = 1
    is_unasked: bool = True
    may_resend: bool = False
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Show:
    """Say something on a customer's own page, where it is delivered at once: nothing leaves.

    `about` as in `Enqueue`.
    """

    customer: str
    line: str
    body: str
    at: datetime
    about: str | None = None


@dataclass(frozen=True, slots=True)
class CancelQueued:
    """Take back everything unasked that is queued for a customer; the row keeps the reason.

    What is marked as posting for a later moment than `at` has not left, and is taken back too.
    """

    customer: str
    reason: str
    at: datetime
