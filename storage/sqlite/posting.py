"""The last look at a row before its bytes leave: who is closed, what is stale, what has to wait."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from flows.broadcast import BroadcastState
from storage.outbox import Leaving, Left, OutboxState, Permit, Posting
from storage.queries import load
from storage.records import to_int, to_moment, to_moment_or_none

LATELY = timedelta(days=32)  # what a month's cap has to know
PAUSED_FOR = timedelta(seconds=30)  # then a row of a paused broadcast is looked at again

_SQL = load("sqlite", "posting")
_OUTBOX = load("sqlite", "outbox")
_BROADCASTS = load("sqlite", "broadcasts")

_Claimed = tuple[
    str | None, int, int, int, int | None,
    str | None, int | None, int | None, int,
    str | None,
]  # fmt: skip


def post(db: sqlite3.Connection, postings: Sequence[Posting], permit: Permit) -> frozenset[int]:
    """Mark rows as posting, but for those that must not leave any more, or not yet."""
    return frozenset(posting.id for posting in postings if _post(db, posting, permit))


def standing(db: sqlite3.Connection, tags: Sequence[str]) -> frozenset[str]:
    """Tell which attempts are posting still."""
    return frozenset(tag for tag in tags if db.execute(_SQL["is_standing"], (tag,)).fetchone())


def _post(db: sqlite3.Connection, posting: Posting, permit: Permit) -> bool:
    row: _Claimed | None
    row = db.execute(_SQL["read_claimed"], (posting.address_hash, posting.id)).fetchone()
    if row is None:
        return False
    reason = _closed(row) if row[1] else None
    if reason is not None:
        return _skip(db, posting.id, reason, row[0])
    if row[1] and _is_stopped(db, posting, row[9]):
        return False
    use_by, at = to_moment_or_none(row[4]), _permitted(db, posting, row, permit)
    if use_by is not None and use_by <= max(at, posting.at):
        return _skip(db, posting.id, "stale", row[0])
    if at > posting.at:
        db.execute(_SQL["put_off"], (to_int(at), posting.id))
        return False
    db.execute(_SQL["post"], (posting.tag, to_int(posting.at), posting.id))
    return True


def _closed(row: _Claimed) -> str | None:
    """Tell why nothing unasked may go to an address."""
    customer, _, _, _, _, address, opted_out_at, blocked_at, is_suppressed, _ = row
    if is_suppressed or opted_out_at is not None:
        return "opted_out"
    if customer is None:
        return None
    if address is None:
        return "no_address"
    return "blocked" if blocked_at is not None else None


def _is_stopped(db: sqlite3.Connection, posting: Posting, broadcast: str | None) -> bool:
    """Obey a pause or a cancel of a row's broadcast that came after the row was claimed."""
    match broadcast:
        case BroadcastState.PAUSED | BroadcastState.SCHEDULED:
            due = posting.at + PAUSED_FOR
            db.execute(_BROADCASTS["hold"], (to_int(due), posting.id))
            return True
        case BroadcastState.CANCELLED:
            db.execute(_OUTBOX["end_as"], (OutboxState.SKIPPED, "cancelled", posting.id))
            return True
        case _:
            return False


def _permitted(db: sqlite3.Connection, posting: Posting, row: _Claimed, permit: Permit) -> datetime:
    """Ask from when a customer's row may leave; a stranger is answered at once."""
    customer, is_unasked, priority, attempt = row[:4]
    if customer is None:
        return posting.at
    lately = _lately(db, customer, posting.at) if is_unasked else ()
    return permit(Leaving(posting.at, priority, attempt, lately))


def _lately(db: sqlite3.Connection, customer: str, at: datetime) -> tuple[Left, ...]:
    rows = db.execute(_SQL["left_lately"], (customer, to_int(at - LATELY)))
    return tuple(Left(to_moment(left_at), priority) for left_at, priority in rows)


def _skip(db: sqlite3.Connection, row_id: int, reason: str, customer: str | None) -> bool:
    """End a row that does not leave; a stranger's row goes."""
    if customer is None:
        db.execute(_OUTBOX["forget"], (row_id,))
    else:
        db.execute(_OUTBOX["end_as"], (OutboxState.SKIPPED, reason, row_id))
    return False
