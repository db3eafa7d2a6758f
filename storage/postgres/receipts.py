"""Receipts in PostgreSQL: what a provider says about a message only ever rises on the ladder."""

from collections.abc import Sequence
from typing import TypeAlias

from storage.outbox import Again, OutboxState, Receipt
from storage.postgres.database import Connection
from storage.queries import load
from storage.records import to_int

_SQL = load("postgres", "receipts")
_OUTBOX = load("postgres", "outbox")
# Twilio's words for an end (sms.md section 5); `sent` may be the last word and is none.
_ENDS = {
    "delivered": OutboxState.DELIVERED,
    "read": OutboxState.DELIVERED,
    "undelivered": OutboxState.FAILED,
    "failed": OutboxState.FAILED,
    "canceled": OutboxState.FAILED,
}
_MENDED = {("undelivered", "delivered"), ("failed", "delivered")}

_Message: TypeAlias = tuple[int, str | None, int | None, str | None, int, int | None]


async def note_all(connection: Connection, receipts: Sequence[Receipt]) -> list[bool]:
    """Note statuses of messages, one after the other."""
    return [await note(connection, receipt) for receipt in receipts]


async def note(connection: Connection, receipt: Receipt) -> bool:
    """Note a status of a message; False if there is none that it could mean."""
    found = await connection.fetchrow(_SQL["hold_message"], receipt.tag, receipt.ref)
    if found is None:
        return False
    message: _Message = tuple(found)
    row_id, customer, _, _, attempt, _ = message
    if customer is None:
        await connection.execute(_OUTBOX["forget"], [row_id])  # it has left: all we need to know
        return True
    kept = (receipt.status, to_int(receipt.at), receipt.rank, receipt.code)
    await connection.execute(_SQL["keep_receipt"], row_id, attempt, *kept)
    await _adopt(connection, receipt, row_id)
    if _rises(receipt, message):
        await _climb(connection, receipt, message)
    return True


async def _climb(connection: Connection, receipt: Receipt, message: _Message) -> None:
    end, again, row_id = _ENDS.get(receipt.status), receipt.again, message[0]
    await connection.execute(_SQL["climb"], row_id, receipt.status, receipt.rank, receipt.code, end)
    if end is OutboxState.FAILED and again is not None and _may_leave(again, message):
        await connection.execute(_SQL["leave_again"], row_id, to_int(again.at))


def _may_leave(again: Again, message: _Message) -> bool:
    """Tell whether a message that failed softly has an attempt left, and is still worth it then."""
    *_, attempt, use_by = message
    return attempt < again.attempts and (use_by is None or to_int(again.at) < use_by)


async def _adopt(connection: Connection, receipt: Receipt, row_id: int) -> None:
    ref = receipt.ref
    if ref is not None and await connection.fetchval(_SQL["is_taken"], ref, row_id):
        ref = None
    figures = (to_int(receipt.at), receipt.segments, receipt.price_cents)
    await connection.execute(_SQL["adopt"], row_id, ref, *figures)


def _rises(receipt: Receipt, message: _Message) -> bool:
    """Tell whether a status comes later than the known one; of two ends the first stays."""
    _, _, rank, status, _, _ = message
    if rank is None or receipt.rank > rank:
        return True
    return receipt.rank == rank and (status, receipt.status) in _MENDED
