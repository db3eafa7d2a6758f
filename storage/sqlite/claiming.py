"""Claiming in SQLite: what waits is read in order, decided on, and marked as posting."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import itemgetter

import msgspec

from storage.claiming import (
    LATELY,
    KeptBack,
    Reach,
    Selection,
    Standing,
    Waiting,
    makes_way,
    opening,
    page_size,
)
from storage.outbox import Claim, Claimed, Left, OutboxState
from storage.pace import SECOND, Pace
from storage.queries import load
from storage.records import to_int, to_moment
from storage.sqlite.outbox import settle

_SQL = load("sqlite", "claiming")
_OUTBOX = load("sqlite", "outbox")
_PAIRS = msgspec.json.Decoder(list[tuple[int, int]])
_PAGE = msgspec.json.Decoder(list[Waiting])
_due_and_id = itemgetter(6, 0)
_NOTHING = "[]"
_BEFORE_ALL = -(2**31)
LARGEST_PAGE = 2000


def claim(db: sqlite3.Connection, wanted: Claim) -> Claimed:
    """Let rows leave in order, one per recipient, as far as the lane's pace reaches."""
    pace, paused_until = _read_lane(db, wanted.lane, wanted.rate)
    pace.late = round(wanted.late_s * SECOND)
    now = to_int(wanted.now)
    pace.put_right(now)
    if paused_until > now:
        return Claimed()
    if pace.free > Reach.of(wanted).latest and not wanted.instead_of:
        return Claimed(foremost=next(_priorities(db, wanted.lane), None))
    before = pace.free
    look = _Look(db, wanted)
    selection = Selection(wanted, pace, look.standing, look.opens)
    for columns in _waiting(db, wanted):
        selection.offer(columns)
        if selection.is_done:
            break
    _write(db, wanted, selection)
    if pace.free != before:
        recent = msgspec.json.encode(pace.recent).decode()
        db.execute(_SQL["put_pace"], (wanted.lane, pace.free, recent))
    return selection.claimed


def next_due(db: sqlite3.Connection, lane: str, now: datetime, ahead_s: float) -> datetime | None:
    """Tell when a lane's next row may leave that is not held back by another."""
    pace, paused_until = _read_lane(db, lane, None)
    firsts = (
        db.execute(_SQL["next_due"], (lane, priority)).fetchone()
        for priority in _priorities(db, lane)
    )
    return opening(pace, paused_until, [first[0] for first in firsts if first], now, ahead_s)


def standing(db: sqlite3.Connection, tags: Sequence[str]) -> frozenset[str]:
    """Tell which attempts are posting still."""
    return frozenset(tag for tag in tags if db.execute(_SQL["is_standing"], (tag,)).fetchone())


def _read_lane(db: sqlite3.Connection, lane: str, rate: float | None) -> tuple[Pace, int]:
    row: tuple[int, str, int] | None = db.execute(_SQL["read_lane"], (lane,)).fetchone()
    free, recent, paused_until = row or (0, "[]", 0)
    return Pace(rate, free, _PAIRS.decode(recent)), paused_until


# --- Looking ------------------------------------------------------------------------------------


def _waiting(db: sqlite3.Connection, wanted: Claim) -> Iterator[Waiting]:
    """Go through what may be claimed, the most urgent first, and no further than is asked.

    Each page reads past what is due in the same moment as the last one, so pages double.
    """
    for priority in _priorities(db, wanted.lane):
        last, many = (_BEFORE_ALL, 0), page_size(wanted)
        while page := _page(db, wanted, priority, last, many):
            yield from page
            if len(page) < many:
                break
            last, many = (page[-1][6], page[-1][0]), min(2 * many, LARGEST_PAGE)


def _page(
    db: sqlite3.Connection, wanted: Claim, priority: int, last: tuple[int, int], many: int
) -> list[Waiting]:
    """Read so many of one priority that wait behind the last one, by when they are due."""
    now, since = to_int(wanted.now), to_int(wanted.now - LATELY)
    asked = (since, wanted.lane, priority, now, *last, many)
    (page,) = db.execute(_SQL["waiting"], asked).fetchone()
    return sorted(_PAGE.decode(page), key=_due_and_id)


def _priorities(db: sqlite3.Connection, lane: str) -> Iterator[int]:
    """List the priorities of which a lane has something, by one index step each."""
    priority = _BEFORE_ALL
    while True:
        (found,) = db.execute(_SQL["next_priority"], (lane, priority)).fetchone()
        if found is None:
            return
        yield found
        priority = found


class _Look:
    """Looks at what a decision needs, no more than is asked for."""

    def __init__(self, db: sqlite3.Connection, wanted: Claim) -> None:
        self._db = db
        self._keyed = wanted.keyed

    def standing(self, waiting: Waiting) -> Standing:
        """Tell how the address and the broadcast of something unasked stand."""
        address, opted_out_at, blocked_at, broadcast, lately = waiting[15:20]
        return Standing(
            is_theirs=address is not None,
            is_opted_out=opted_out_at is not None or self._is_suppressed(waiting[3]),
            is_blocked=blocked_at is not None,
            broadcast=broadcast,
            lately=_left(lately) if lately != _NOTHING else (),
        )

    def _is_suppressed(self, recipient: str) -> bool:
        address_hash = self._keyed(recipient)
        if address_hash is None:
            return False
        return self._db.execute(_SQL["is_suppressed"], (address_hash,)).fetchone() is not None

    def opens(self, recipient: str) -> int:
        """Tell from when on a recipient may be written to again."""
        found = self._db.execute(_SQL["read_allowance"], (recipient,)).fetchone()
        return int(found[0]) if found else 0


def _left(lately: str) -> tuple[Left, ...]:
    return tuple(Left(to_moment(at), priority) for at, priority in sorted(_PAIRS.decode(lately)))


# --- Writing ------------------------------------------------------------------------------------


def _write(db: sqlite3.Connection, wanted: Claim, selection: Selection) -> None:
    lease = to_int(wanted.lease_until)
    taken = [(row.id, row.tag, to_int(row.slot)) for row in selection.rows]
    db.execute(_SQL["claim"], (msgspec.json.encode(taken).decode(), wanted.node, lease))
    db.executemany(_SQL["put_allowance"], selection.open.items())
    db.executemany(_SQL["hold_back"], selection.held)
    for kept_back in selection.kept_back:
        _keep_back(db, kept_back)
    settle(db, [makes_way(row, wanted.now) for row in selection.made_way])


def _keep_back(db: sqlite3.Connection, kept: KeptBack) -> None:
    """Let a row wait, or end it; a stranger's row goes."""
    row = kept.row
    if kept.until is not None:
        db.execute(_SQL["put_off"], (kept.until, kept.reason, row.id))
    elif row.customer is None:
        db.execute(_OUTBOX["forget"], (row.id,))
    else:
        db.execute(_OUTBOX["end_as"], (OutboxState.SKIPPED, kept.reason, row.id))
