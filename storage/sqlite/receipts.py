"""Receipts in SQLite: what a provider says about a message only ever rises on the ladder."""

import sqlite3

from storage.outbox import Again, OutboxState, Receipt
from storage.queries import load
from storage.records import to_int

_SQL = load("sqlite", "receipts")
_OUTBOX = load("sqlite", "outbox")
# Twilio's words for an end (sms.md section 5); `sent` may be the last word and is none.
_ENDS = {
    "delivered": OutboxState.DELIVERED,
    "read": OutboxState.DELIVERED,
    "undelivered": OutboxState.FAILED,
    "failed": OutboxState.FAILED,
    "canceled": OutboxState.FAILED,
}
_MENDED = {("undelivered", "delivered"), ("failed", "delivered")}

_Message = tuple[int, str | None, int | None, str | None, int, int | None]


def note(db: sqlite3.Connection, receipt: Receipt) -> bool:
    """Note a status of a message; False if there is none that it could mean."""
    message = _find(db, receipt)
    if message is None:
        return False
    row_id, customer, _, _, attempt, _ = message
    if customer is None:
        db.execute(_OUTBOX["forget"], (row_id,))  # it has left, which is all we needed to know
        return True
    at = to_int(receipt.at)
    kept = (row_id, attempt, receipt.status, at, receipt.rank, receipt.code)
    db.execute(_SQL["keep_receipt"], kept)
    _adopt(db, receipt, row_id)
    if _rises(receipt, message):
        end = _ENDS.get(receipt.status)
        db.execute(_SQL["climb"], (receipt.status, receipt.rank, receipt.code, end, row_id))
        again = receipt.again
        if end is OutboxState.FAILED and again is not None and _may_leave(again, message):
            db.execute(_SQL["leave_again"], (to_int(again.at), row_id))
    return True


def _may_leave(again: Again, message: _Message) -> bool:
    """Tell whether a message that failed softly has an attempt left, and is still worth it then."""
    *_, attempt, use_by = message
    return attempt < again.attempts and (use_by is None or to_int(again.at) < use_by)


def _find(db: sqlite3.Connection, receipt: Receipt) -> _Message | None:
    """Find the message: our tag first, since a receipt may overtake the provider's own answer."""
    named = ((_SQL["message_by_tag"], receipt.tag), (_SQL["message_by_ref"], receipt.ref))
    for sql, name in named:
        found: _Message | None = db.execute(sql, (name,)).fetchone() if name else None
        if found:
            return found
    return None


def _adopt(db: sqlite3.Connection, receipt: Receipt, row_id: int) -> None:
    facts = (to_int(receipt.at), receipt.segments, receipt.price_cents, row_id)
    try:
        db.execute(_SQL["adopt"], (receipt.ref, *facts))
    except sqlite3.IntegrityError:
        db.execute(_SQL["adopt"], (None, *facts))  # the id is another row's
    db.execute(_SQL["has_left"], (row_id,))


def _rises(receipt: Receipt, message: _Message) -> bool:
    """Tell whether a status comes later than the known one; of two ends the first stays."""
    _, _, rank, status, _, _ = message
    if rank is None or receipt.rank > rank:
        return True
    return receipt.rank == rank and (status, receipt.status) in _MENDED
