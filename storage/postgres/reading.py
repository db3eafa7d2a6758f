"""What is read for people and workers in PostgreSQL, beside the turns: committed state only."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from flows.events import Feed
from storage.changes import PutIncident
from storage.memory import CreditRow, Key
from storage.outbox import WakeRow
from storage.postgres.database import Connection
from storage.postgres.memory import ContactColumns, read_common, recall
from storage.queries import load
from storage.reading import CustomerRow, Dossier, MessageRow
from storage.records import to_contact, to_int, to_moment, to_moment_or_none
from storage.rows import (
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

_SQL = load("postgres", "reading")

_Person: TypeAlias = tuple[str, str, str, str, int, str | None, Sequence[ContactColumns]]


async def due_wakes(connection: Connection, now: datetime, limit: int) -> tuple[WakeRow, ...]:
    """List the wakes that are due, the oldest first."""
    rows = await connection.fetch(_SQL["due_wakes"], to_int(now), limit)
    return to_due_wakes(rows)


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
    rows = await connection.fetch(_SQL["calls_between"], *map(to_int, span))
    return to_calls(rows, area, customers)


async def incidents_between(
    connection: Connection, since: datetime, until: datetime
) -> tuple[PutIncident, ...]:
    """List the incidents that were open at any time between two moments."""
    rows = await connection.fetch(_SQL["incidents_between"], to_int(since), to_int(until))
    return to_incidents(rows)


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
    return to_person(row[:6], (to_contact(*contact) for contact in row[6]))


async def dossier(connection: Connection, customer: str) -> Dossier | None:
    """Read everything about one customer."""
    [recalled] = await recall(connection, [Key(customer=customer)], {0: customer})
    memory = recalled.memory(await read_common(connection))
    if memory.customer is None:
        return None
    requests = await connection.fetch(_SQL["read_requests"], customer)
    return Dossier(
        memory=memory,
        journal=to_journal(await connection.fetch(_SQL["read_journal"], customer)),
        messages=to_messages(await connection.fetch(_SQL["read_messages"], customer)),
        requests=tuple(map(to_request, requests)),
        wakes=to_wakes(await connection.fetch(_SQL["read_wakes"], customer)),
        ledger=tuple(to_books(await connection.fetch(_SQL["read_bookings"], customer))),
    )


async def latest_messages(
    connection: Connection, customer: str, limit: int
) -> tuple[MessageRow, ...]:
    """List what was said to a customer lately, the newest first."""
    return to_messages(await connection.fetch(_SQL["latest_messages"], customer, limit))
