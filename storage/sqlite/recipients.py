"""Recipients in SQLite: planned in chunks, fed into the outbox by a valve, and reported on."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter

from storage.broadcasts import (
    Audience,
    BroadcastRow,
    Compose,
    Composed,
    ReportRow,
    Settled,
)
from storage.memory import Key
from storage.queries import load
from storage.records import to_int, to_moment_or_none
from storage.sqlite.audience import selection
from storage.sqlite.changes import apply
from storage.sqlite.memory import Recall

CHUNK = 1000  # recipients; half the bulk speed, and turns wait no longer than when idle
SPAN = 500  # customers looked at at once, of whom few may be in the audience
LOOKED_AT = 4000
AT_ONCE = 20  # rows fed in one transaction: wording takes its time, and turns wait for it
PACE_OF = 200

_SQL = load("sqlite", "broadcasts")


def plan(
    db: sqlite3.Connection, row: BroadcastRow, audience: Audience, spare_s: float = 0.0
) -> bool:
    """Plan the next chunk of a running broadcast; False once all are planned.

    A chunk goes on while there is time to spare: where commits are slow, turns wait for these.
    """
    number, ends = row.id, perf_counter() + spare_s
    sql, values = selection("plan", replace(audience, broadcast=number))
    made, looked, cursor = 0, 0, row.cursor
    while (made <= CHUNK - SPAN and looked < LOOKED_AT) or perf_counter() < ends:
        (until,) = db.execute(_SQL["last_of_span"], (cursor, SPAN)).fetchone()
        if until is None:
            break
        made += db.execute(sql, values | {"after": cursor, "until": until}).rowcount
        looked, cursor = looked + SPAN, until
    if made:
        db.execute(_SQL["count_planned"], (number, row.cursor, cursor))
    db.execute(_SQL["move_cursor"], (cursor, looked == 0, number))
    return looked > 0


def feed(
    db: sqlite3.Connection,
    row: BroadcastRow,
    recall: Recall,
    compose: Compose,
    valve: tuple[int, datetime],
) -> int:
    """Put the next recipients of a running broadcast into the outbox; tells how many.

    The valve: how many may wait there at most, and the present moment.
    """
    most, now = valve
    (unsent,) = db.execute(_SQL["count_unsent"], (row.id,)).fetchone()
    room = min(most - unsent, AT_ONCE)
    if room <= 0:
        return 0
    waiting = db.execute(_SQL["unfed"], (row.id, room)).fetchall()
    for customer, attempt in waiting:
        composed = compose(recall.read(db, Key(customer=customer)), attempt)
        _put(db, row.id, customer, composed, now)
    return len(waiting)


def _put(
    db: sqlite3.Connection, number: int, customer: str, composed: Composed | str, now: datetime
) -> None:
    if isinstance(composed, str):
        db.execute(_SQL["pass_over"], (composed, number, customer))
        return
    before = db.total_changes
    apply(db, composed.row)
    if db.total_changes == before:
        db.execute(_SQL["pass_over"], ("said already", number, customer))
        return
    (row_id,) = db.execute(_SQL["last_row"]).fetchone()
    db.execute(_SQL["feed"], (row_id, to_int(now), number, customer))
    for link in composed.links:
        apply(db, link)


def lately(db: sqlite3.Connection, number: int, most: int) -> Settled:
    """Tell what became of the last recipients since it was started or resumed."""
    rows = db.execute(_SQL["lately_settled"], (number, most)).fetchall()
    failed = sum(state == "failed" for state, _ in rows)
    return Settled(len(rows), failed, sum(has_left for _, has_left in rows))


def pace(db: sqlite3.Connection, number: int) -> float | None:
    """Give the messages a second at which the last ones left; None while nobody can tell."""
    count, first, last = db.execute(_SQL["pace_lately"], (number, PACE_OF)).fetchone()
    if count < 2 or last <= first:  # noqa: PLR2004 - a pace lies between two
        return None
    return float((count - 1) / timedelta(microseconds=last - first).total_seconds())


def report(db: sqlite3.Connection, number: int, after: str, most: int) -> tuple[ReportRow, ...]:
    """List what became of everybody, by customer, a page at a time."""
    rows = db.execute(_SQL["report"], (number, after, most))
    return tuple(
        ReportRow(customer, state, reason, attempts, address, lane, to_moment_or_none(at), *rest)
        for customer, state, reason, attempts, address, lane, at, *rest in rows
    )
