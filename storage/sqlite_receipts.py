"""Receipts in SQLite: what a provider says about a message only ever rises on the ladder."""

import sqlite3

from storage.queries import load
from storage.records import to_int
from storage.store import OutboxState, Receipt

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

_Message = tuple[int, str, str | None, int | None, str | None]


def note(db: sqlite3.Connection, receipt: Receipt) -> bool:
    """Note a status of a message; False if there is none that it could mean."""
    message = _find(db, receipt)
    if message is None:
        return False
    row_id, _, customer, _, _ = message
    if customer is None:
        db.execute(_OUTBOX["forget"], (row_id,))  # it has left, which is all we needed to know
        return True
    at = to_int(receipt.at)
    kept = (row_id, receipt.status, at, receipt.rank, receipt.code)
    db.execute(_SQL["keep_receipt"], kept)
    _adopt(db, receipt, row_id)
    if _rises(receipt, message):
        end = _ENDS.get(receipt.status)
        db.execute(_SQL["climb"], (receipt.status, receipt.rank, receipt.code, end, row_id))
    return True


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


def _rises(receipt: Receipt, message: _Message) -> bool:
    """Tell whether a status comes later than the known one; of two ends the first stays."""
    _, _, _, rank, status = message
    if rank is None or receipt.rank > rank:
        return True
    return receipt.rank == rank and (status, receipt.status) in _MENDED
