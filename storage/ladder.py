"""The ladder of delivery: what a provider says about a message only ever rises on it."""

from typing import TypeAlias

from storage.outbox import Again, OutboxState, Receipt
from storage.records import to_int

# Twilio's words for an end (sms.md section 5); `sent` may be the last word and is none.
ENDS = {
    "delivered": OutboxState.DELIVERED,
    "read": OutboxState.DELIVERED,
    "undelivered": OutboxState.FAILED,
    "failed": OutboxState.FAILED,
    "canceled": OutboxState.FAILED,
}
_MENDED = {("undelivered", "delivered"), ("failed", "delivered")}

# Row, customer, rank and status as they are known, attempt, use-by: as both keepers read it.
MessageColumns: TypeAlias = tuple[int, str | None, int | None, str | None, int, int | None]


def rises(receipt: Receipt, message: MessageColumns) -> bool:
    """Tell whether a status comes later than the known one; of two ends the first stays."""
    _, _, rank, status, _, _ = message
    if rank is None or receipt.rank > rank:
        return True
    return receipt.rank == rank and (status, receipt.status) in _MENDED


def leaves_again(receipt: Receipt, message: MessageColumns) -> Again | None:
    """Tell when a message that failed softly leaves again, if it may and is worth it then."""
    again, (*_, attempt, use_by) = receipt.again, message
    if ENDS.get(receipt.status) is not OutboxState.FAILED or again is None:
        return None
    is_worth_it = use_by is None or to_int(again.at) < use_by
    return again if attempt < again.attempts and is_worth_it else None
