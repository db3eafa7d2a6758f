"""Receipts in SQLite: what a provider says about a message only ever rises on the ladder."""

import sqlite3

from storage.ladder import ENDS, MessageColumns, leaves_again, rises
from storage.outbox import Receipt
from storage.queries import load
from storage.records import to_int

_SQL = load("sqlite", "receipts")
_OUTBOX = load("sqlite", "outbox")


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
    if rises(receipt, message):
        end = ENDS.get(receipt.status)
        db.execute(_SQL["climb"], (receipt.status, receipt.rank, receipt.code, end, row_id))
        if again := leaves_again(receipt, message):
            db.execute(_SQL["leave_again"], (to_int(again.at), row_id))
    return True


def _find(db: sqlite3.Connection, receipt: Receipt) -> MessageColumns | None:
    """Find the message: our tag first, since a receipt may overtake the provider's own answer."""
    named = ((_SQL["message_by_tag"], receipt.tag), (_SQL["message_by_ref"], receipt.ref))
    for sql, name in named:
        found: MessageColumns | None = db.execute(sql, (name,)).fetchone() if name else None
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
