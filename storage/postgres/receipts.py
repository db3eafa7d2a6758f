"""Receipts in PostgreSQL: what a provider says about a message only ever rises on the ladder."""

from collections.abc import Sequence

from storage.ladder import ENDS, MessageColumns, leaves_again, rises
from storage.outbox import Receipt
from storage.postgres.database import Connection
from storage.queries import load
from storage.records import to_int

_SQL = load("postgres", "receipts")
_OUTBOX = load("postgres", "outbox")


async def note_all(connection: Connection, receipts: Sequence[Receipt]) -> list[bool]:
    """Note statuses of messages, one after the other."""
    return [await note(connection, receipt) for receipt in receipts]


async def note(connection: Connection, receipt: Receipt) -> bool:
    """Note a status of a message; False if there is none that it could mean."""
    found = await connection.fetchrow(_SQL["hold_message"], receipt.tag, receipt.ref)
    if found is None:
        return False
    message: MessageColumns = tuple(found)
    row_id, customer, _, _, attempt, _ = message
    if customer is None:
        await connection.execute(_OUTBOX["forget"], [row_id])  # it has left: all we need to know
        return True
    kept = (receipt.status, to_int(receipt.at), receipt.rank, receipt.code)
    await connection.execute(_SQL["keep_receipt"], row_id, attempt, *kept)
    await _adopt(connection, receipt, row_id)
    if rises(receipt, message):
        await _climb(connection, receipt, message)
    return True


async def _climb(connection: Connection, receipt: Receipt, message: MessageColumns) -> None:
    end, row_id = ENDS.get(receipt.status), message[0]
    await connection.execute(_SQL["climb"], row_id, receipt.status, receipt.rank, receipt.code, end)
    if again := leaves_again(receipt, message):
        await connection.execute(_SQL["leave_again"], row_id, to_int(again.at))


async def _adopt(connection: Connection, receipt: Receipt, row_id: int) -> None:
    ref = receipt.ref
    if ref is not None and await connection.fetchval(_SQL["is_taken"], ref, row_id):
        ref = None
    figures = (to_int(receipt.at), receipt.segments, receipt.price_cents)
    await connection.execute(_SQL["adopt"], row_id, ref, *figures)
