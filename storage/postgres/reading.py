"""What is read for people and workers in PostgreSQL, beside the turns: committed state only."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from flows.effects import Gate
from flows.events import Feed
from storage.changes import Book, PutIncident, SetWake
from storage.memory import CreditRow, Key
from storage.outbox import OutboxState, WakeRow
from storage.postgres.database import Connection
from storage.postgres.memory import ContactColumns, read_common, recall, to_credit, to_request
from storage.queries import load
from storage.reading import CustomerRow, Dossier, JournalRow, MessageRow
from storage.records import names_from_json, to_contact, to_int, to_moment, to_moment_or_none

_SQL = load("postgres", "reading")

_Person: TypeAlias = tuple[str, str, str, str, int, str | None, Sequence[ContactColumns]]
_Entry: TypeAlias = tuple[int, int, str, str, UUID | None, str, int]
_Event: TypeAlias = tuple[int, int, int, str, str, str, str, bytes]
_Message: TypeAlias = tuple[
    int, str, str, str, str, int, str, int | None, str | None, str | None, str | None
]


class _Flags(msgspec.Struct):
    """What a list of customers shows of a journey."""

    is_accessible: bool = False
    is_silent: bool = False


_FLAGS = msgspec.json.Decoder(_Flags)


async def due_wakes(connection: Connection, now: datetime, limit: int) -> tuple[WakeRow, ...]:
    """List the wakes that are due, the oldest first."""
    rows = await connection.fetch(_SQL["due_wakes"], to_int(now), limit)
    return tuple(WakeRow(who, slot, what, to_moment(at)) for who, slot, what, at in rows)


async def next_wake(connection: Connection) -> datetime | None:
    """Tell when the earliest wake is due."""
    return to_moment_or_none(await connection.fetchval(_SQL["next_wake"]))


async def open_credits(connection: Connection, limit: int) -> tuple[CreditRow, ...]:
    """List the credits that wait for the operator, the most urgent first."""
    return tuple(map(to_credit, await connection.fetch(_SQL["open_credits"], limit)))


async def customer_at(connection: Connection, uri: str) -> str | None:
    """Find whose address this is."""
    number: str | None = await connection.fetchval(_SQL["customer_at"], uri)
    return number


async def watermarks(connection: Connection) -> dict[Feed, datetime]:
    """Tell up to when each feed is complete."""
    rows = await connection.fetch(_SQL["read_watermarks"])
    return {Feed(feed): to_moment(complete_until) for feed, complete_until in rows}


async def waiting(connection: Connection, limit: int) -> tuple[str, ...]:
    """List who waits for budget, the longest waiting first."""
    rows = await connection.fetch(_SQL["waiting_for_budget"], limit)
    return tuple(number for (number,) in rows)


async def calls_within(
    connection: Connection,
    area: str | None,
    customers: Sequence[str],
    span: tuple[datetime, datetime],
) -> tuple[tuple[str, str], ...]:
    """List (customer, call id) of the calls in a span of time, of these customers or of an area."""
    named = set(customers)
    rows = await connection.fetch(_SQL["calls_between"], *map(to_int, span))
    calls = (
        (number, call)
        for number, call, home in rows
        if number in named or (area is not None and home == area)
    )
    return tuple(dict.fromkeys(calls))  # a correction is another row about the same call


async def incidents_between(
    connection: Connection, since: datetime, until: datetime
) -> tuple[PutIncident, ...]:
    """List the incidents that were open at any time between two moments."""
    rows = await connection.fetch(_SQL["incidents_between"], to_int(since), to_int(until))
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


# --- Small things kept between starts -----------------------------------------------------------


async def get(connection: Connection, name: str) -> str | None:
    """Read one kept value."""
    value: str | None = await connection.fetchval(_SQL["get"], name)
    return value


async def put(connection: Connection, name: str, value: str) -> None:
    """Keep one value."""
    await connection.execute(_SQL["put"], name, value)


async def keep_once(connection: Connection, name: str, value: str) -> str:
    """Keep a value unless there is one, and give the one that is kept."""
    await connection.execute(_SQL["put_first"], name, value)
    return str(await connection.fetchval(_SQL["get"], name))


async def lease(
    connection: Connection, name: str, holder: str, span: tuple[datetime, datetime]
) -> bool:
    """Take or renew a lease from the first moment to the second, unless somebody else holds it."""
    now, until = map(to_int, span)
    taken = await connection.fetchval(_SQL["take_lease"], name, holder, until, now)
    return taken is not None


async def identity(connection: Connection) -> str:
    """Name the cluster and the database."""
    return str(await connection.fetchval(_SQL["identity"]))


# --- Customers ----------------------------------------------------------------------------------


async def customers(connection: Connection, after: str, limit: int) -> tuple[CustomerRow, ...]:
    """List customers by number, a page at a time."""
    rows = await connection.fetch(_SQL["page_of_customers"], after, limit)
    return tuple(map(_to_customer, rows))


def _to_customer(row: _Person) -> CustomerRow:
    number, language, state, step, month, body, contacts = row
    flags = _FLAGS.decode(body) if body else _Flags()
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


async def dossier(connection: Connection, customer: str) -> Dossier | None:
    """Read everything about one customer."""
    [recalled] = await recall(connection, [Key(customer=customer)], {0: customer})
    memory = recalled.memory(await read_common(connection))
    if memory.customer is None:
        return None
    requests = await connection.fetch(_SQL["read_requests"], customer)
    return Dossier(
        memory=memory,
        journal=_to_journal(await connection.fetch(_SQL["read_journal"], customer)),
        messages=_to_messages(await connection.fetch(_SQL["read_messages"], customer)),
        requests=tuple(map(to_request, requests)),
        wakes=_to_wakes(await connection.fetch(_SQL["read_wakes"], customer)),
        ledger=tuple(to_books(await connection.fetch(_SQL["read_bookings"], customer))),
    )


async def latest_messages(
    connection: Connection, customer: str, limit: int
) -> tuple[MessageRow, ...]:
    """List what was said to a customer lately, the newest first."""
    return _to_messages(await connection.fetch(_SQL["latest_messages"], customer, limit))


def _to_journal(rows: Iterable[_Event]) -> tuple[JournalRow, ...]:
    return tuple(JournalRow(row[0], to_moment(row[1]), to_moment(row[2]), *row[3:]) for row in rows)


def _to_messages(rows: Iterable[_Message]) -> tuple[MessageRow, ...]:
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


def _to_wakes(
    rows: Iterable[tuple[str, str, str, int, str | None, int | None]],
) -> tuple[SetWake, ...]:
    return tuple(
        SetWake(who, slot, what, to_moment(at), _to_gate(feed, needs))
        for who, slot, what, at, feed, needs in rows
    )


def _to_gate(feed: str | None, needs: int | None) -> Gate | None:
    return None if feed is None or needs is None else Gate(Feed(feed), to_moment(needs))


def to_books(rows: Iterable[_Entry]) -> Iterator[Book]:
    """Put the lines of each ledger transaction together."""
    for _, lines in itertools.groupby(rows, lambda row: row[0]):
        booked = list(lines)
        _, at, what, customer, credit, *_ = booked[0]
        entries = tuple((row[5], row[6]) for row in booked)
        yield Book(to_moment(at), what, customer, entries, credit)
