"""What is read for people and workers in SQLite, beside the writer: committed state only."""

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import msgspec

from flows.effects import Gate
from flows.events import Feed
from storage.changes import Book, PutIncident, SetWake
from storage.memory import CreditRow, Key, RequestRow
from storage.outbox import OutboxState, WakeRow
from storage.queries import load
from storage.reading import CustomerRow, Dossier, JournalRow, MessageRow
from storage.records import names_from_json, to_contact, to_int, to_moment, to_moment_or_none
from storage.sqlite.memory import Recall, to_credit, to_request

_SQL = load("sqlite", "reading")
_WAKES = load("sqlite", "wakes")
_LEDGER = load("sqlite", "ledger")
_MEMORY = load("sqlite", "memory")
_TRANSACTION = load("sqlite", "transactions")

_Person = tuple[str, str, str, str, int, bytes | None]
_Entry = tuple[int, int, str, str, bytes | None, str, int]


class _Flags(msgspec.Struct):
    """What a list of customers shows of a journey."""

    is_accessible: bool = False
    is_silent: bool = False


_FLAGS = msgspec.json.Decoder(_Flags)


def due_wakes(db: sqlite3.Connection, now: datetime, limit: int) -> tuple[WakeRow, ...]:
    """List the wakes that are due, the oldest first."""
    rows = db.execute(_WAKES["due_wakes"], (to_int(now), limit))
    return tuple(WakeRow(who, slot, what, to_moment(at)) for who, slot, what, at in rows)


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
    named = set(customers)
    rows = db.execute(_SQL["calls_between"], tuple(map(to_int, span)))
    calls = (
        (number, call)
        for number, call, home in rows
        if number in named or (area is not None and home == area)
    )
    return tuple(dict.fromkeys(calls))  # a correction is another row about the same call


def incidents_between(
    db: sqlite3.Connection, since: datetime, until: datetime
) -> tuple[PutIncident, ...]:
    """List the incidents that were open at any time between two moments."""
    rows = db.execute(_SQL["incidents_between"], (to_int(since), to_int(until)))
    return tuple(
        PutIncident(
            incident=incident,
            area=area,
            customers=names_from_json(customers),
            opened_at=to_moment_or_none(opened_at),
            closed_at=to_moment_or_none(closed_at),
        )
        for incident, area, customers, opened_at, closed_at in rows
    )


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


def _to_customer(db: sqlite3.Connection, row: _Person) -> CustomerRow:
    number, language, state, step, month, body = row
    flags = _FLAGS.decode(body) if body else _Flags()
    contacts = db.execute(_MEMORY["read_contacts"], (number,))
    return CustomerRow(
        number=number,
        language=language,
        state=state,
        step=step,
        month=month,
        contacts=tuple(to_contact(*contact) for contact in contacts),
        is_accessible=flags.is_accessible,
        is_silent=flags.is_silent,
    )


def dossier(db: sqlite3.Connection, customer: str) -> Dossier | None:
    """Read everything about one customer."""
    with _one_moment(db):
        memory = Recall().read(db, Key(customer=customer))
        if memory.customer is None:
            return None
        return Dossier(
            memory=memory,
            journal=_read_journal(db, customer),
            messages=to_messages(db.execute(_SQL["read_messages"], (customer,))),
            requests=_read_requests(db, customer),
            wakes=_read_wakes(db, customer),
            ledger=tuple(to_books(db.execute(_SQL["read_bookings"], (customer,)))),
        )


def _read_journal(db: sqlite3.Connection, customer: str) -> tuple[JournalRow, ...]:
    rows = db.execute(_SQL["read_journal"], (customer,))
    return tuple(
        JournalRow(n, to_moment(at), to_moment(known_at), *rest) for n, at, known_at, *rest in rows
    )


def latest_messages(db: sqlite3.Connection, customer: str, limit: int) -> tuple[MessageRow, ...]:
    """List what was said to a customer lately, the newest first."""
    return to_messages(db.execute(_SQL["latest_messages"], (customer, limit)))


def to_messages(rows: sqlite3.Cursor) -> tuple[MessageRow, ...]:
    """Read messages."""
    return tuple(
        MessageRow(
            id=id_,
            lane=lane,
            recipient=recipient,
            line=line,
            body=body,
            created_at=to_moment(created_at),
            state=OutboxState(state),
            sent_at=to_moment_or_none(sent_at),
            ref=ref,
            reason=reason,
            about=about,
        )
        for id_, lane, recipient, line, body, created_at, state, sent_at, ref, reason, about in rows
    )


def _read_requests(db: sqlite3.Connection, customer: str) -> tuple[RequestRow, ...]:
    rows = db.execute(_SQL["read_requests"], (customer,))
    return tuple(map(to_request, rows))


def _read_wakes(db: sqlite3.Connection, customer: str) -> tuple[SetWake, ...]:
    rows = db.execute(_SQL["read_wakes"], (customer,))
    return tuple(
        SetWake(
            who, slot, what, to_moment(at), Gate(Feed(feed), to_moment(needs)) if feed else None
        )
        for who, slot, what, at, feed, needs in rows
    )


def to_books(rows: Iterable[_Entry]) -> Iterator[Book]:
    """Put the lines of each ledger transaction together."""
    for (_, at, what, customer, credit), lines in itertools.groupby(rows, lambda row: row[:5]):
        entries = tuple((account, megabytes) for *_, account, megabytes in lines)
        yield Book(to_moment(at), what, customer, entries, UUID(bytes=credit) if credit else None)
