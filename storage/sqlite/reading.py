"""What is read for people and workers in SQLite, beside the writer: committed state only."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from storage.changes import PutIncident
from storage.memory import CreditRow, Key
from storage.outbox import WakeRow
from storage.queries import load
from storage.reading import CustomerRow, Dossier, MessageRow
from storage.records import to_contact, to_int, to_moment_or_none
from storage.rows import (
    PersonColumns,
    to_books,
    to_calls,
    to_credit,
    to_due_wakes,
    to_incidents,
    to_journal,
    to_messages,
    to_person,
    to_request,
    to_wakes,
)
from storage.sqlite.memory import Recall

_SQL = load("sqlite", "reading")
_WAKES = load("sqlite", "wakes")
_LEDGER = load("sqlite", "ledger")
_MEMORY = load("sqlite", "memory")
_TRANSACTION = load("sqlite", "transactions")


def due_wakes(db: sqlite3.Connection, now: datetime, limit: int) -> tuple[WakeRow, ...]:
    """List the wakes that are due, the oldest first."""
    return to_due_wakes(db.execute(_WAKES["due_wakes"], (to_int(now), limit)))


def next_wake(db: sqlite3.Connection) -> datetime | None:
    """Tell when the earliest wake is due."""
    (at,) = db.execute(_WAKES["next_wake"]).fetchone()
    return to_moment_or_none(at)


def open_credits(db: sqlite3.Connection, limit: int) -> tuple[CreditRow, ...]:
    """List the credits that wait for the operator, the most urgent first."""
    return tuple(map(to_credit, db.execute(_LEDGER["open_credits"], (limit,))))


def customer_at(db: sqlite3.Connection, uri: str) -> str | None:
    """Find whose address this is."""
    return _first(db.execute(_SQL["customer_at"], (uri,)))


def get(db: sqlite3.Connection, name: str) -> str | None:
    """Read one kept value."""
    return _first(db.execute(_SQL["get"], (name,)))


def put(db: sqlite3.Connection, name: str, value: str) -> None:
    """Keep one value."""
    db.execute(_SQL["put"], (name, value))


def waiting(db: sqlite3.Connection, limit: int) -> tuple[str, ...]:
    """List who waits for budget, the longest waiting first."""
    return tuple(number for (number,) in db.execute(_SQL["waiting_for_budget"], (limit,)))


def calls_within(
    db: sqlite3.Connection,
    area: str | None,
    customers: Sequence[str],
    span: tuple[datetime, datetime],
) -> tuple[tuple[str, str], ...]:
    """List (customer, call id) of the calls in a span of time, of these customers or of an area."""
    rows = db.execute(_SQL["calls_between"], tuple(map(to_int, span)))
    return to_calls(rows, area, customers)


def incidents_between(
    db: sqlite3.Connection, since: datetime, until: datetime
) -> tuple[PutIncident, ...]:
    """List the incidents that were open at any time between two moments."""
    return to_incidents(db.execute(_SQL["incidents_between"], (to_int(since), to_int(until))))


def lease(db: sqlite3.Connection, name: str, holder: str, span: tuple[datetime, datetime]) -> bool:
    """Take or renew a lease from the first moment to the second, unless somebody else holds it."""
    now, until = map(to_int, span)
    taken = db.execute(_SQL["take_lease"], (name, holder, until, now)).fetchone()
    return taken is not None


def _first(rows: sqlite3.Cursor) -> str | None:
    row: tuple[str] | None = rows.fetchone()
    return row[0] if row else None


@contextmanager
def _one_moment(db: sqlite3.Connection) -> Iterator[None]:
    """Let several statements see the same state."""
    db.execute(_TRANSACTION["read"])
    try:
        yield
    finally:
        db.execute(_TRANSACTION["rollback"])


# --- Customers ----------------------------------------------------------------------------------


def customers(db: sqlite3.Connection, after: str, limit: int) -> tuple[CustomerRow, ...]:
    """List customers by number, a page at a time."""
    with _one_moment(db):
        page = db.execute(_SQL["page_of_customers"], (after, limit)).fetchall()
        return tuple(_to_customer(db, row) for row in page)


def _to_customer(db: sqlite3.Connection, row: PersonColumns) -> CustomerRow:
    contacts = db.execute(_MEMORY["read_contacts"], (row[0],))
    return to_person(row, (to_contact(*contact) for contact in contacts))


def dossier(db: sqlite3.Connection, customer: str) -> Dossier | None:
    """Read everything about one customer."""
    with _one_moment(db):
        memory = Recall().read(db, Key(customer=customer))
        if memory.customer is None:
            return None
        return Dossier(
            memory=memory,
            journal=to_journal(db.execute(_SQL["read_journal"], (customer,))),
            messages=to_messages(db.execute(_SQL["read_messages"], (customer,))),
            requests=tuple(map(to_request, db.execute(_SQL["read_requests"], (customer,)))),
            wakes=to_wakes(db.execute(_SQL["read_wakes"], (customer,))),
            ledger=tuple(to_books(db.execute(_SQL["read_bookings"], (customer,)))),
        )


def latest_messages(db: sqlite3.Connection, customer: str, limit: int) -> tuple[MessageRow, ...]:
    """List what was said to a customer lately, the newest first."""
    return to_messages(db.execute(_SQL["latest_messages"], (customer, limit)))
