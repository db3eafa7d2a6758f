"""The outbox's work in SQLite: what is claimed, posted, settled, recovered and looked up."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from storage.outbox import Claim, OutboxRow, OutboxState, Settle, Unresolved
from storage.pace import SECOND, Allowances, Pace
from storage.queries import load
from storage.records import (
    OutboxColumns,
    to_int,
    to_int_or_none,
    to_moment,
    to_moment_or_none,
    to_outbox_row,
)

_SQL = load("sqlite", "outbox")
_INBOX = load("sqlite", "inbox")
_RECENT = msgspec.json.Decoder(list[tuple[int, int]])
_BEFORE_ALL = -(2**31)

_S = OutboxState
_OPEN = {_S.READY, _S.CLAIMED, _S.POSTING, _S.UNKNOWN}


# --- Claiming -----------------------------------------------------------------------------------


def claim(db: sqlite3.Connection, wanted: Claim) -> tuple[OutboxRow, ...]:
    """Take rows in order, one per recipient, as far as the lane's pace reaches."""
    now = to_int(wanted.now)
    pace, paused_until = _read_lane(db, wanted.lane, wanted.rate)
    pace.late = round(wanted.late_s * SECOND)
    pace.put_right(now)
    earliest, horizon = (now + round(s * SECOND) for s in (wanted.lead_s, wanted.horizon_s))
    if paused_until > now or pace.free > max(earliest, horizon):
        return ()
    before = pace.free
    manners = _Manners(db, wanted.allowances) if wanted.allowances else None
    waiting = _waiting(db, wanted.lane, now)
    span = (earliest, max(earliest, horizon))
    taken = tuple(_paced(waiting, pace, manners, wanted.limit, span))
    lease = to_int(wanted.lease_until)
    db.executemany(_SQL["claim"], [(wanted.node, lease, row.id) for row in taken])
    if pace.free != before:
        recent = msgspec.json.encode(pace.recent).decode()
        db.execute(_SQL["put_pace"], (wanted.lane, pace.free, recent))
    if manners is not None:
        manners.keep()
    return taken


def next_due(db: sqlite3.Connection, lane: str, now: datetime, ahead_s: float) -> datetime | None:
    """Tell when a lane's next row may leave that is not held back by another."""
    pace, paused_until = _read_lane(db, lane, None)
    pace.put_right(to_int(now))
    pace.free -= round(ahead_s * SECOND)
    firsts = (
        db.execute(_SQL["next_due"], (lane, priority)).fetchone()
        for priority in _priorities(db, lane)
    )
    dues = [first[0] for first in firsts if first]
    return to_moment(max(to_int(now), min(dues), pace.free, paused_until)) if dues else None


def _read_lane(db: sqlite3.Connection, lane: str, rate: float | None) -> tuple[Pace, int]:
    row: tuple[int, str, int] | None = db.execute(_SQL["read_lane"], (lane,)).fetchone()
    free, recent, paused_until = row or (0, "[]", 0)
    return Pace(rate, free, _RECENT.decode(recent)), paused_until


class _Manners:
    """Keeps to what each recipient bears."""

    def __init__(self, db: sqlite3.Connection, allowances: Allowances) -> None:
        self._db = db
        self._allowances = allowances
        self._opens: dict[str, int] = {}
        self._held: list[tuple[int, int]] = []

    def lets(self, row_id: int, recipient: str, slot: int) -> bool:
        """Tell whether a row may take a slot; if not it is due later, and out of the way."""
        opens = self._opens.get(recipient)
        if opens is None:
            found = self._db.execute(_SQL["read_allowance"], (recipient,)).fetchone()
            opens = self._opens[recipient] = found[0] if found else 0
        if opens > slot:
            self._held.append((opens, row_id))
        return opens <= slot

    def take(self, recipient: str, slot: int) -> None:
        """Use what a recipient bears."""
        allowance = self._allowances(recipient)
        opens = allowance.opens_after(self._opens[recipient], slot)
        self._opens[recipient] = opens
        self._db.execute(_SQL["put_allowance"], (recipient, opens))

    def keep(self) -> None:
        """Let those wait who have had enough."""
        self._db.executemany(_SQL["hold_back"], self._held)


def _paced(
    waiting: Iterable[OutboxColumns],
    pace: Pace,
    manners: _Manners | None,
    limit: int,
    span: tuple[int, int],
) -> Iterator[OutboxRow]:
    """Give one row of each recipient its slot, until the slots lie beyond the horizon."""
    earliest, horizon = span
    recipients: set[str] = set()
    for columns in waiting:
        recipient, cost = columns[3], columns[11]
        if len(recipients) == limit:
            return
        if recipient in recipients:
            continue
        slot = pace.slot(cost, earliest)
        if slot > horizon:
            pace.free = slot  # so that `next_due` does not promise this row too early
            return
        if manners is not None:
            if not manners.lets(columns[0], recipient, slot):
                continue
            manners.take(recipient, slot)
        pace.take(cost, slot)
        recipients.add(recipient)
        yield to_outbox_row(columns, slot, attempt=columns[8] + 1)


def _waiting(db: sqlite3.Connection, lane: str, now: int) -> Iterator[OutboxColumns]:
    """Go through what may be claimed, the most urgent first, and no further than is asked."""
    for priority in _priorities(db, lane):
        yield from db.execute(_SQL["waiting"], (lane, priority, now))


def _priorities(db: sqlite3.Connection, lane: str) -> Iterator[int]:
    """List the priorities of which a lane has something, by one index step each."""
    priority = _BEFORE_ALL
    while True:
        (found,) = db.execute(_SQL["next_priority"], (lane, priority)).fetchone()
        if found is None:
            return
        yield found
        priority = found


def _forget_stranger(db: sqlite3.Connection, row_id: int, customer: str | None) -> None:
    """Delete a final row that no customer stands behind."""
    if customer is None:
        db.execute(_SQL["forget"], (row_id,))


# --- Settling -----------------------------------------------------------------------------------


def settle(db: sqlite3.Connection, settlements: Sequence[Settle]) -> None:
    """Record what became of rows; what a receipt has said meanwhile is not lowered."""
    for settlement in settlements:
        _settle(db, settlement)


def _settle(db: sqlite3.Connection, settlement: Settle) -> None:
    if settlement.state is _S.ACCEPTED and _is_accepted(db, settlement):
        return
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


def _is_accepted(db: sqlite3.Connection, settlement: Settle) -> bool:
    """Accept a customer's row in one statement; tell whether it was as simple as nearly always."""
    row = (settlement.ref, to_int(settlement.at), settlement.reason, settlement.id, settlement.tag)
    return db.execute(_SQL["accept_attempt"], row).rowcount == 1


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
        Unresolved(
            to_outbox_row(columns, columns[16], columns[8]), columns[15], to_moment(columns[16])
        )
        for columns in rows
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
