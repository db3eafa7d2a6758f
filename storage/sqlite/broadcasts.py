"""Broadcasts in SQLite: drafts, how they stand, and what is asked about their audiences."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Protocol, TypeVar

import msgspec

from flows.broadcast import BroadcastState
from storage.broadcasts import (
    HELD,
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
    Talking,
)
from storage.changes import Audit
from storage.queries import load
from storage.records import to_int, to_int_or_none, to_moment_or_none
from storage.rows import to_broadcast
from storage.sqlite import recipients
from storage.sqlite.audience import parts, path_of, survey, talking
from storage.sqlite.changes import apply
from storage.sqlite.memory import Recall

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


MOST_S = 0.01  # that planning takes of the writer at once

_US = timedelta(microseconds=1)
_SQL = load("sqlite", "broadcasts")
_OUTBOX = load("sqlite", "outbox")
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
    flush_s: dict[int, float] = field(default_factory=dict)  # of each broadcast's last chunk

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
            lambda db: tuple(map(to_broadcast, db.execute(_SQL["read_broadcasts"], (None,))))
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
            self.aside(partial(survey, audience=audience, asked=asked, part=part))
            for part in await self.read(lambda db: parts(db, audience, asked))
        ]
        return tuple(group for part in await asyncio.gather(*look) for group in part)

    async def talking(self, audience: Audience, since: datetime) -> tuple[Talking, ...]:
        """Count those who would be written to and wrote to us after a moment."""
        return await self.aside(lambda db: talking(db, audience, since))

    async def has_attribute(self, name: str) -> bool:
        """Tell whether any customer has an attribute."""
        return await self.aside(
            lambda db: bool(db.execute(_SQL["has_attribute"], (path_of(name),)).fetchone()[0])
        )

    async def census(self) -> tuple[Census, ...]:
        """Count all customers by where they stand."""
        return await self.aside(
            lambda db: tuple(Census(*row) for row in db.execute(_SQL["census"]))
        )

    async def plan(self, number: int, audience: Audience) -> bool:
        """Plan the next chunk of a running broadcast; False once all are planned.

        A chunk takes half as long as the last one took to be committed, within bounds.
        """
        began, spare_s = perf_counter(), min(self.flush_s.get(number, 0.0) / 2, MOST_S)
        worked: list[float] = []

        def work(db: sqlite3.Connection) -> bool:
            start = perf_counter()
            row = _running(db, number)
            goes_on = (
                row is not None
                and not row.is_planned
                and recipients.plan(db, row, audience, spare_s)
            )
            worked[:] = [perf_counter() - start]
            return goes_on

        goes_on = await self.write(work)
        self.flush_s[number] = perf_counter() - began - sum(worked)
        return goes_on

    async def feed(self, number: int, compose: Compose, most: int, now: datetime) -> int:
        """Put the next recipients of a running broadcast into the outbox."""

        def work(db: sqlite3.Connection) -> int:
            row = _running(db, number)
            return recipients.feed(db, row, self.recall, compose, (most, now)) if row else 0

        return await self.write(work)

    async def withdraw(self, number: int) -> bool:
        """Skip a chunk of those a cancelled broadcast had planned."""
        return await self.write(
            lambda db: db.execute(_SQL["drop_planned"], (number, recipients.CHUNK)).rowcount > 0
        )

    async def next_unsent(self, number: int) -> datetime | None:
        """Tell when the first row that waits in the outbox may leave."""
        return await self.read(
            lambda db: to_moment_or_none(db.execute(_SQL["next_unsent"], (number,)).fetchone()[0])
        )

    async def lately(self, number: int, most: int) -> Settled:
        """Tell what became of the last recipients since it was started or resumed."""
        return await self.read(lambda db: recipients.lately(db, number, most))

    async def pace(self, number: int) -> float | None:
        """Give the messages a second at which the last ones left."""
        return await self.read(lambda db: recipients.pace(db, number))

    async def retry_failed(self, number: int, move: Move) -> int:
        """Let those who failed be tried once more."""
        return await self.write(lambda db: _retry_failed(db, number, move))

    async def report(self, number: int, after: str, most: int) -> tuple[ReportRow, ...]:
        """List what became of everybody, by customer."""
        return await self.read(lambda db: recipients.report(db, number, after, most))

    async def last_waiting(self, lines: tuple[str, ...]) -> datetime | None:
        """Tell when the last of those leaves that wait to say one of these lines."""
        values = (HELD // _US, _lines(lines))
        return await self.aside(
            lambda db: to_moment_or_none(db.execute(_SQL["last_waiting"], values).fetchone()[0])
        )

    async def hold(self, lines: tuple[str, ...] | None) -> int:
        """Hold back the next of those that wait to say one of these lines."""
        values = (HELD // _US, _lines(lines), recipients.CHUNK)
        return await self.write(lambda db: db.execute(_SQL["hold_lines"], values).rowcount)

    async def release(
        self, lines: tuple[str, ...] | None, later: timedelta, worth: timedelta
    ) -> int:
        """Let the next of those that are held back leave so much later."""
        values = (HELD // _US, later // _US, _lines(lines), recipients.CHUNK, worth // _US)
        return await self.write(lambda db: db.execute(_SQL["release_lines"], values).rowcount)


def _lines(lines: tuple[str, ...] | None) -> str | None:
    return None if lines is None else msgspec.json.encode(lines).decode()


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


def _running(db: sqlite3.Connection, number: int) -> BroadcastRow | None:
    """Find a broadcast, None unless it is running."""
    row = _find(db, number)
    return row if row is not None and row.state is _S.RUNNING else None


def _find(db: sqlite3.Connection, number: int) -> BroadcastRow | None:
    found = db.execute(_SQL["read_broadcasts"], (number,)).fetchone()
    return to_broadcast(found) if found else None


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
            db.execute(_SQL["drop_planned"], (row.id, recipients.CHUNK))
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
