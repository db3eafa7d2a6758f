"""The outbox's work in SQLite: what is settled, recovered and looked up."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage.outbox import OutboxState, Settle, Unresolved
from storage.queries import load
from storage.records import (
    to_int,
    to_int_or_none,
    to_moment,
    to_moment_or_none,
    to_outbox_row,
)

_SQL = load("sqlite", "outbox")
_INBOX = load("sqlite", "inbox")

_S = OutboxState
_OPEN = {_S.READY, _S.CLAIMED, _S.POSTING, _S.UNKNOWN}


# --- Settling -----------------------------------------------------------------------------------


def settle(db: sqlite3.Connection, settlements: Sequence[Settle]) -> None:
    """Record what became of rows; what a receipt has said meanwhile is not lowered."""
    accepted = [settlement for settlement in settlements if settlement.state is _S.ACCEPTED]
    if accepted and not _are_accepted(db, accepted):
        for settlement in accepted:
            _settle(db, settlement)
    for settlement in settlements:
        if settlement.state is not _S.ACCEPTED:
            _settle(db, settlement)


def _settle(db: sqlite3.Connection, settlement: Settle) -> None:
    found = db.execute(_SQL["read_outcome"], (settlement.id,)).fetchone()
    if found is None:
        return
    state, customer, tag = found
    is_accepted = settlement.state in (_S.ACCEPTED, _S.DELIVERED)
    if settlement.tag is not None and settlement.tag != tag:
        return  # were its id adopted, its callbacks could not prove a double any more
    # A row that waits again may still turn out to have left; nothing else is news about it.
    if not is_accepted and (state not in _OPEN or state == _S.READY):
        return
    _write(db, settlement)
    if _is_final(settlement):
        _forget_stranger(db, settlement.id, customer)


def _are_accepted(db: sqlite3.Connection, accepted: Sequence[Settle]) -> bool:
    """Accept customers' rows by one statement; tell whether all were as simple as nearly always.

    If not, each has to be looked at; those that were simple bear being accepted again.
    """
    rows = [(one.id, one.tag, one.ref, to_int(one.at), one.reason) for one in accepted]
    listed = msgspec.json.encode(rows).decode()
    return db.execute(_SQL["accept_attempt"], (listed,)).rowcount == len(rows)


def _write(db: sqlite3.Connection, settlement: Settle) -> None:
    match settlement.state:
        case _S.ACCEPTED | _S.DELIVERED:
            _accept(db, settlement)
        case _S.READY:
            due, reason = to_int(settlement.due or settlement.at), settlement.reason
            db.execute(_SQL["wait"], (due, reason, not settlement.counts, settlement.id))
        case _S.UNKNOWN:
            due2, reason = to_int_or_none(settlement.due), settlement.reason
            db.execute(_SQL["lose_sight"], (due2, reason, settlement.id))
        case _S.FAILED | _S.SKIPPED:
            db.execute(_SQL["end_as"], (settlement.state, settlement.reason, settlement.id))
        case _S.CLAIMED | _S.POSTING:
            raise ValueError(f"{settlement.state} is no outcome")


def _accept(db: sqlite3.Connection, settlement: Settle) -> None:
    at = to_int(settlement.at)
    try:
        row = (settlement.ref, at, settlement.reason, settlement.id)
        db.execute(_SQL["accept"], row)
    except sqlite3.IntegrityError:
        # Another row owns this id: the message was accepted all the same.
        db.execute(_SQL["accept"], (None, at, "its id is another row's", settlement.id))


def _is_final(settlement: Settle) -> bool:
    if settlement.state is _S.UNKNOWN:
        return settlement.due is None
    return settlement.state is not _S.READY


def _forget_stranger(db: sqlite3.Connection, row_id: int, customer: str | None) -> None:
    """Delete a final row that no customer stands behind."""
    if customer is None:
        db.execute(_SQL["forget"], (row_id,))


def recover(db: sqlite3.Connection, now: datetime) -> int:
    """Free what dead workers held, and forget strangers whose time is over."""
    db.execute(_INBOX["forget_strangers"], (to_int(now),))
    db.execute(_SQL["forget_allowances"], (to_int(now),))
    freed = db.execute(_SQL["free_claimed"], (to_int(now),)).rowcount
    return freed + db.execute(_SQL["lose_posting"], (to_int(now),)).rowcount


# --- Looking up ---------------------------------------------------------------------------------


def unresolved(
    db: sqlite3.Connection, lane: str, now: datetime, limit: int
) -> tuple[Unresolved, ...]:
    """List rows of unknown outcome whose look-up is due."""
    rows = db.execute(_SQL["unresolved"], (lane, to_int(now), limit))
    return tuple(
        Unresolved(to_outbox_row(row[:15], row[16], row[8], row[15]), to_moment(row[16]))
        for row in rows
    )


def next_look(db: sqlite3.Connection, lane: str) -> datetime | None:
    """Tell when a lane's earliest look-up is due."""
    (due,) = db.execute(_SQL["next_look"], (lane,)).fetchone()
    return to_moment_or_none(due)


def known_refs(db: sqlite3.Connection, refs: Sequence[str]) -> frozenset[str]:
    """Tell which of a provider's ids are a row's already."""
    return frozenset(ref for ref in refs if db.execute(_SQL["known_ref"], (ref,)).fetchone())


def pause_lane(db: sqlite3.Connection, lane: str, until: datetime, reason: str) -> None:
    """Let nothing leave by a lane until then."""
    db.execute(_SQL["pause_lane"], (lane, to_int(until), reason))


def pause_recipient(db: sqlite3.Connection, recipient: str, until: datetime) -> None:
    """Let nothing leave to a recipient until then."""
    db.execute(_SQL["pause_recipient"], (recipient, to_int(until)))
