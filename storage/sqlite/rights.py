"""People's rights in SQLite: what is held about them, and how it is forgotten."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from storage.changes import CloseBooks, DropHistory, Erase
from storage.queries import load
from storage.records import to_int, to_moment
from storage.rights import Sheet, Span, Value
from storage.sqlite.patience import patient

T = TypeVar("T")

PATIENCE_MS = 500  # how long a reader of an old state is waited for
SMALL = 64 * 1024 * 1024  # bytes that are written anew in the time that a webhook may wait
_ERASING = load("sqlite", "erasing")  # in the order in which references allow it
_HELD = load("sqlite", "held")
_HELD_BY_NAME = load("sqlite", "held_by_name")
_SQL = load("sqlite", "retention")
_CONNECTION = load("sqlite", "connection")
_HISTORY = (
    "drop_journal", "drop_messages", "drop_words", "drop_questions", "drop_requests",
    "drop_viewing",
)  # fmt: skip
_CARRIED = ("carry_entries", "carried_entries", "carried_books")
_GONE = (
    "drop_moves", "drop_credits", "drop_record", "drop_journey", "drop_recipients",
    "drop_customer",
)  # fmt: skip
_MOMENT = "_at"


class _Run(Protocol):
    def __call__(self, work: Callable[[sqlite3.Connection], T]) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class SqliteRights:
    """The keeper of rights, over the store's readers, its writer, and its thread between turns."""

    read: _Run
    write: _Run
    between: _Run

    async def held(self, customer: str, hashes: Mapping[str, bytes]) -> tuple[Sheet, ...]:
        """Read every table about one customer."""
        return await self.read(lambda db: tuple(_held(db, customer, hashes)))

    async def flush(self) -> None:
        """Empty the log of old states, if nobody reads one."""
        await self.between(partial(_sweep, most_bytes=0))

    async def scrub(self) -> bool:
        """Let go of what was deleted; a large database is only flushed."""
        return await self.between(partial(_sweep, most_bytes=SMALL))

    async def rewrite(self) -> bool:
        """Write the database anew, however large it is."""
        return await self.between(partial(_sweep, most_bytes=None))

    async def lapsed(self, until: datetime, limit: int) -> tuple[tuple[str, datetime], ...]:
        """List whose invitation came to nothing, and when, the oldest first."""
        asked = (to_int(until), limit)
        rows = await self.read(lambda db: db.execute(_SQL["lapsed"], asked).fetchall())
        return tuple((customer, to_moment(since)) for customer, since in rows)

    async def uninvited(self, until: datetime, limit: int) -> tuple[str, ...]:
        """List who was imported until then and never invited."""
        asked = (to_int(until), limit)
        return await self.read(
            lambda db: tuple(row[0] for row in db.execute(_SQL["uninvited"], asked))
        )

    async def held_early(
        self, expired: Span, declined: Span, limit: int
    ) -> tuple[tuple[str, datetime], ...]:
        """List of whom a report is kept though their invitation came to nothing."""
        asked = (*map(to_int, (*expired, *declined)), limit)
        rows = await self.read(lambda db: db.execute(_SQL["held_early"], asked).fetchall())
        return tuple((customer, to_moment(since)) for customer, since in rows)

    async def old_books(
        self, after: int, before: datetime, limit: int
    ) -> tuple[tuple[int, str], ...]:
        """List bookings from before a moment, by number, and whose they are."""
        asked = (after, to_int(before), limit)
        return await self.read(lambda db: tuple(db.execute(_SQL["old_books"], asked)))

    async def drop_expired(self, links: datetime, texts: datetime, limit: int) -> int:
        """Delete links and codes that ended, and reports that were kept, before these moments."""
        asked = {
            "drop_links": (to_int(links), limit),
            "drop_codes": (to_int(links), limit),
            "drop_reports": (to_int(texts), limit),
        }
        return await self.write(
            lambda db: sum(db.execute(_SQL[name], row).rowcount for name, row in asked.items())
        )


def apply(db: sqlite3.Connection, change: Erase | CloseBooks | DropHistory) -> None:
    """Apply a change that forgets something."""
    match change:
        case Erase():
            _erase(db, change)
        case CloseBooks():
            _close_books(db, change)
        case DropHistory():
            for name in _HISTORY:
                db.execute(_SQL[name], (change.customer,))


def _erase(db: sqlite3.Connection, change: Erase) -> None:
    for name in change.names:
        db.execute(_SQL["forget_reports"], (name.encode(),))
        db.execute(_SQL["forget_drafts"], (name,))
    both = (change.customer, change.pseudonym)
    for sql in _ERASING.values():
        db.execute(sql, both if "?2" in sql else both[:1])


def _close_books(db: sqlite3.Connection, change: CloseBooks) -> None:
    booking = db.execute(_SQL["carry"], (to_int(change.at),)).lastrowid
    for kind in ("liability", "delivered"):
        db.execute(_SQL["carry_balance"], (kind, change.pseudonym))
        db.execute(_SQL["close_account"], (kind, change.pseudonym))
    for name in _CARRIED:
        db.execute(_SQL[name], (booking, change.pseudonym))
    for name in _GONE:
        db.execute(_SQL[name], (change.pseudonym,))


def _held(db: sqlite3.Connection, customer: str, hashes: Mapping[str, bytes]) -> Iterator[Sheet]:
    for name, sql in _HELD.items():
        yield _sheet(name, db.execute(sql, (customer,)))
    for name, sql in _HELD_BY_NAME.items():
        found = [
            _sheet(name, db.execute(sql, (keyed,)), address) for address, keyed in hashes.items()
        ]
        if found:
            yield Sheet(name, found[0].columns, tuple(row for sheet in found for row in sheet.rows))


def _sheet(name: str, found: sqlite3.Cursor, address: str | None = None) -> Sheet:
    """Write what was found as a sheet; what is kept by an address' hash says whose it is."""
    columns = tuple(column[0] for column in found.description)
    rows = (
        tuple(_value(column, value) for column, value in zip(columns, row, strict=True))
        for row in found
    )
    if address is None:
        return Sheet(name, columns, tuple(rows))
    return Sheet(name, ("address", *columns), tuple((address, *row) for row in rows))


def _value(column: str, value: Value) -> Value:
    return to_moment(value) if column.endswith(_MOMENT) and isinstance(value, int) else value


def _sweep(db: sqlite3.Connection, most_bytes: int | None) -> bool:
    """Write the file anew unless it is larger; then empty the log, whose pages hold old states.

    Deleted bytes are overwritten where they stood (`secure_delete`), but a page that is split or
    built anew keeps, in its free middle, what was moved elsewhere before.
    """
    with patient(db, PATIENCE_MS):
        (size,) = db.execute(_CONNECTION["size"]).fetchone()
        is_small = most_bytes is None or size <= most_bytes
        try:
            if is_small:
                db.execute(_CONNECTION["rewrite"])
            is_busy, _, _ = db.execute(_CONNECTION["checkpoint"]).fetchone()
        except sqlite3.OperationalError:
            return False  # another process is writing
    return is_small and not is_busy
