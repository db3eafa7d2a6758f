"""Broadcasts in SQLite: drafts, recipients planned in chunks, and the valve before the outbox."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

import msgspec

from flows.broadcast import BroadcastState, Draft
from storage.broadcasts import (
    Asked,
    Audience,
    BroadcastRow,
    Census,
    Compose,
    Counts,
    Group,
    Move,
    ReportRow,
    Settled,
)
from storage.changes import Audit, Enqueue
from storage.memory import Key
from storage.queries import load
from storage.records import to_int, to_int_or_none, to_moment, to_moment_or_none
from storage.sqlite.audience import halves, path_of, selection, survey
from storage.sqlite.changes import apply
from storage.sqlite.memory import Recall

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

CHUNK = 500  # recipients; half the bulk speed, and turns wait no longer than when idle
SPAN = 250  # customers looked at at once, of whom few may be in the audience
LOOKED_AT = 2000
AT_ONCE = 20  # rows fed in one transaction: wording takes its time, and turns wait for it
PACE_OF = 200
HELD = 1000 * 365 * 86_400 * 1_000_000  # a thousand years in microseconds, added to a moment

_SQL = load("sqlite", "broadcasts")
_OUTBOX = load("sqlite", "outbox")
_TEXTS = msgspec.json.Decoder(dict[str, str])
_S = BroadcastState


class _Read(Protocol):
    def __call__(self, work: Work[T], /) -> Awaitable[T]: ...


class _Write(Protocol):
    def __call__(self, work: Work[T], /) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class SqliteBroadcasts:
    """The keeper of broadcasts, over the store's readers and its writer.

    What reads for seconds reads `aside`, by a connection that nobody waits for.
    """

    recall: Recall
    read: _Read
    write: _Write
    aside: _Read

    async def draft(self, row: BroadcastRow, audit: Audit) -> int:
        """Keep a new draft; its id comes back."""
        return await self.write(lambda db: _draft(db, row, audit))

    async def note(self, audit: Audit) -> None:
        """Keep what a manager did, or was refused."""
        await self.write(lambda db: apply(db, audit))

    async def find(self, number: int) -> BroadcastRow | None:
        """Read one broadcast."""
        return await self.read(lambda db: _find(db, number))

    async def all(self) -> tuple[BroadcastRow, ...]:
        """List all broadcasts, the newest first."""
        return await self.read(
            lambda db: tuple(map(_to_row, db.execute(_SQL["read_broadcasts"], (None,))))
        )

    async def at_work(self) -> tuple[int, ...]:
        """List those for which something remains to be done."""
        return await self.read(
            lambda db: tuple(number for (number,) in db.execute(_SQL["read_at_work"]))
        )

    async def counts(self, number: int) -> Counts:
        """Read the counters."""
        return await self.read(lambda db: _counts(db, number))

    async def move(self, number: int, move: Move) -> BroadcastRow | None:
        """Change where a broadcast stands, in one transaction."""
        return await self.write(lambda db: _move(db, number, move))

    async def survey(self, audience: Audience, asked: Asked) -> tuple[Group, ...]:
        """Look at an audience without planning anything, beside all who read and write."""
        look = [
            self.aside(partial(survey, audience=audience, asked=asked, span=span))
            for span in await self.read(halves)
        ]
        return tuple(group for half in await asyncio.gather(*look) for group in half)

    async def has_attribute(self, name: str) -> bool:
        """Tell whether any customer has an attribute."""
        return await self.read(
            lambda db: bool(db.execute(_SQL["has_attribute"], (path_of(name),)).fetchone()[0])
        )

    async def census(self) -> tuple[Census, ...]:
        """Count all customers by where they stand."""
        return await self.aside(
            lambda db: tuple(Census(*row) for row in db.execute(_SQL["census"]))
        )

    async def plan(self, number: int, audience: Audience) -> bool:
        """Plan the next chunk of a running broadcast; False once all are planned."""
        return await self.write(lambda db: _plan(db, number, audience))

    async def feed(self, number: int, compose: Compose, most: int, now: datetime) -> int:
        """Put the next recipients of a running broadcast into the outbox."""
        return await self.write(lambda db: self._feed(db, number, compose, most, now))

    async def withdraw(self, number: int) -> bool:
        """Skip a chunk of those a cancelled broadcast had planned."""
        return await self.write(
            lambda db: db.execute(_SQL["drop_planned"], (number, CHUNK)).rowcount > 0
        )

    async def next_unsent(self, number: int) -> datetime | None:
        """Tell when the first row that waits in the outbox may leave."""
        return await self.read(
            lambda db: to_moment_or_none(db.execute(_SQL["next_unsent"], (number,)).fetchone()[0])
        )

    async def lately(self, number: int, most: int) -> Settled:
        """Tell what became of the last recipients since it was started or resumed."""
        return await self.read(lambda db: _lately(db, number, most))

    async def pace(self, number: int) -> float | None:
        """Give the messages a second at which the last ones left."""
        return await self.read(lambda db: _pace(db, number))

    async def retry_failed(self, number: int, move: Move) -> int:
        """Let those who failed be tried once more."""
        return await self.write(lambda db: _retry_failed(db, number, move))

    async def report(self, number: int, after: str, most: int) -> tuple[ReportRow, ...]:
        """List what became of everybody, by customer."""
        return await self.read(lambda db: _report(db, number, after, most))

    async def hold(self, lines: tuple[str, ...]) -> int:
        """Hold back the next of those that wait to say one of these lines."""
        values = (HELD, msgspec.json.encode(lines).decode(), CHUNK)
        return await self.write(lambda db: db.execute(_SQL["hold_lines"], values).rowcount)

    async def release(self, lines: tuple[str, ...], later: timedelta) -> int:
        """Let the next of those that are held back leave so much later."""
        shift = later // timedelta(microseconds=1)
        values = (HELD, shift, msgspec.json.encode(lines).decode(), CHUNK)
        return await self.write(lambda db: db.execute(_SQL["release_lines"], values).rowcount)

    def _feed(
        self, db: sqlite3.Connection, number: int, compose: Compose, most: int, now: datetime
    ) -> int:
        row = _find(db, number)
        if row is None or row.state is not _S.RUNNING:
            return 0
        (unsent,) = db.execute(_SQL["count_unsent"], (number,)).fetchone()
        room = min(most - unsent, AT_ONCE)
        if room <= 0:
            return 0
        waiting = db.execute(_SQL["unfed"], (number, room)).fetchall()
        for customer, attempt in waiting:
            composed = compose(self.recall.read(db, Key(customer=customer)), attempt)
            _put(db, number, customer, composed, now)
        return len(waiting)


def _put(
    db: sqlite3.Connection, number: int, customer: str, composed: Enqueue | str, now: datetime
) -> None:
    if isinstance(composed, str):
        db.execute(_SQL["pass_over"], (composed, number, customer))
        return
    before = db.total_changes
    apply(db, composed)
    if db.total_changes == before:
        db.execute(_SQL["pass_over"], ("said already", number, customer))
        return
    (row_id,) = db.execute(_SQL["last_row"]).fetchone()
    db.execute(_SQL["feed"], (row_id, to_int(now), number, customer))


# --- One broadcast ------------------------------------------------------------------------------


def _draft(db: sqlite3.Connection, row: BroadcastRow, audit: Audit) -> int:
    draft = row.draft
    texts = msgspec.json.encode(draft.texts).decode()
    said = (draft.author, draft.audience, texts, draft.at, draft.limit, row.hash)
    times = (to_int(row.drafted_at), to_int_or_none(row.starts_at))
    number = db.execute(_SQL["put_draft"], (*said, *times)).lastrowid
    assert number is not None  # noqa: S101 - an insert gives one
    apply(db, Audit(audit.at, audit.actor, audit.act, f"{audit.about}B{number}"))
    return number


def _find(db: sqlite3.Connection, number: int) -> BroadcastRow | None:
    found = db.execute(_SQL["read_broadcasts"], (number,)).fetchone()
    return _to_row(found) if found else None


_Columns = tuple[
    int, str, str, str, str | None, int | None, str, str, str, int, int | None,
    str | None, str | None, int | None, int | None, int, str,
]  # fmt: skip


def _to_row(columns: _Columns) -> BroadcastRow:
    number, author, audience, texts, starts, at_most, hash_, state, reason, drafted_at = columns[
        :10
    ]
    starts_at, approved_by, approved_hash, started_at, ended_at, is_planned, cursor = columns[10:]
    return BroadcastRow(
        id=number,
        draft=Draft(_TEXTS.decode(texts), audience, author, at_most, starts),
        hash=hash_,
        state=BroadcastState(state),
        drafted_at=to_moment(drafted_at),
        reason=reason,
        starts_at=to_moment_or_none(starts_at),
        approved_by=approved_by,
        approved_hash=approved_hash,
        started_at=to_moment_or_none(started_at),
        ended_at=to_moment_or_none(ended_at),
        is_planned=bool(is_planned),
        cursor=cursor,
    )


def _counts(db: sqlite3.Connection, number: int) -> Counts:
    rows = db.execute(_SQL["read_counts"], (number,)).fetchall()
    states = {state: count for state, _, count in rows if state != "excluded"}
    return Counts(states, {reason: count for state, reason, count in rows if state == "excluded"})


def _move(db: sqlite3.Connection, number: int, move: Move) -> BroadcastRow | None:
    before = _find(db, number)
    if before is None:
        return None
    row, audits = move(before)
    times = (to_int_or_none(row.started_at), to_int_or_none(row.ended_at))
    stands = (row.state, row.reason, row.approved_by, row.approved_hash)
    db.execute(_SQL["write_broadcast"], (*stands, *times, number))
    if row.state is not before.state:
        _follow(db, row)
    for audit in audits:
        apply(db, audit)
    return row


def _follow(db: sqlite3.Connection, row: BroadcastRow) -> None:
    """Let the outbox follow what was decided about a broadcast."""
    match row.state:
        case _S.RUNNING:
            db.execute(_SQL["watch_from_here"], (row.id,))
        case _S.PAUSED | _S.SCHEDULED:
            for (row_id,) in db.execute(_SQL["never_posted"], (row.id,)).fetchall():
                db.execute(_SQL["untie"], (row_id,))
                db.execute(_OUTBOX["forget"], (row_id,))
        case _S.CANCELLED:
            db.execute(_SQL["drop_queued"], (row.id,))
            db.execute(_SQL["drop_planned"], (row.id, CHUNK))
        case _S.DRAFT | _S.APPROVED | _S.DONE:
            pass


def _retry_failed(db: sqlite3.Connection, number: int, move: Move) -> int:
    before = _find(db, number)
    if before is None:
        return 0
    row, audits = move(before)
    failed = db.execute(_SQL["retry_failed"], (number,)).rowcount
    if failed and row.state is not before.state:
        db.execute(_SQL["reopen"], (number,))
    if failed:
        db.execute(_SQL["watch_from_here"], (number,))
    for audit in audits:
        apply(db, audit)
    return failed


# --- Recipients ---------------------------------------------------------------------------------


def _plan(db: sqlite3.Connection, number: int, audience: Audience) -> bool:
    row = _find(db, number)
    if row is None or row.state is not _S.RUNNING or row.is_planned:
        return False
    sql, values = selection("plan", replace(audience, broadcast=number))
    made, looked, cursor = 0, 0, row.cursor
    while made <= CHUNK - SPAN and looked < LOOKED_AT:
        (until,) = db.execute(_SQL["last_of_span"], (cursor, SPAN)).fetchone()
        if until is None:
            break
        made += db.execute(sql, values | {"after": cursor, "until": until}).rowcount
        looked, cursor = looked + SPAN, until
    if made:
        db.execute(_SQL["count_planned"], (number, row.cursor, cursor))
    db.execute(_SQL["move_cursor"], (cursor, looked == 0, number))
    return looked > 0


def _lately(db: sqlite3.Connection, number: int, most: int) -> Settled:
    rows = db.execute(_SQL["lately_settled"], (number, most)).fetchall()
    failed = sum(state == "failed" for state, _ in rows)
    return Settled(len(rows), failed, sum(has_left for _, has_left in rows))


def _pace(db: sqlite3.Connection, number: int) -> float | None:
    count, first, last = db.execute(_SQL["pace_lately"], (number, PACE_OF)).fetchone()
    if count < 2 or last <= first:  # noqa: PLR2004 - a pace lies between two
        return None
    return float((count - 1) / timedelta(microseconds=last - first).total_seconds())


def _report(db: sqlite3.Connection, number: int, after: str, most: int) -> tuple[ReportRow, ...]:
    rows = db.execute(_SQL["report"], (number, after, most))
    return tuple(
        ReportRow(customer, state, reason, attempts, address, lane, to_moment_or_none(at), *rest)
        for customer, state, reason, attempts, address, lane, at, *rest in rows
    )
