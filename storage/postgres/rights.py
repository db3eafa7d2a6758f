"""People's rights in PostgreSQL: what is held about them, and how it is forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from storage.changes import CloseBooks, DropHistory, Erase
from storage.postgres.database import Connection, Database, rows_of
from storage.queries import load
from storage.records import to_int, to_moment
from storage.rights import Sheet, Span, Value

_ERASING = load("postgres", "erasing")  # in the order in which references allow it
_HELD = load("postgres", "held")
_HELD_BY_NAME = load("postgres", "held_by_name")
_SQL = load("postgres", "retention")
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


@dataclass(frozen=True, slots=True)
class PostgresRights:
    """The keeper of rights."""

    database: Database

    async def held(self, customer: str, hashes: Mapping[str, bytes]) -> tuple[Sheet, ...]:
        """Read every table about one customer."""
        async with self.database.one_moment() as connection:
            sheets = [await _sheet(connection, name, _HELD[name], customer) for name in _HELD]
            for name in _HELD_BY_NAME:
                sheets.extend(await _by_name(connection, name, hashes))
            return tuple(sheets)

    async def flush(self) -> None:
        """Leave it to the server, as below."""

    async def scrub(self) -> bool:
        """Leave it to the server: its autovacuum gives the room of dead rows to others by itself.

        Nobody can read them any more; what its files and its log still hold is its keeper's care.
        """
        return True

    async def rewrite(self) -> bool:
        """Leave it to the server, as above."""
        return True

    async def lapsed(self, until: datetime, limit: int) -> tuple[tuple[str, datetime], ...]:
        """List whose invitation came to nothing, and when, the oldest first."""
        rows = await self.database.read(lambda c: c.fetch(_SQL["lapsed"], to_int(until), limit))
        return tuple((customer, to_moment(since)) for customer, since in rows)

    async def uninvited(self, until: datetime, limit: int) -> tuple[str, ...]:
        """List who was imported until then and never invited."""
        asked = (to_int(until), limit)
        rows = await self.database.read(lambda c: c.fetch(_SQL["uninvited"], *asked))
        return tuple(row["customer"] for row in rows)

    async def held_early(
        self, expired: Span, declined: Span, limit: int
    ) -> tuple[tuple[str, datetime], ...]:
        """List of whom a report is kept though their invitation came to nothing."""
        asked = (*map(to_int, (*expired, *declined)), limit)
        rows = await self.database.read(lambda c: c.fetch(_SQL["held_early"], *asked))
        return tuple((customer, to_moment(since)) for customer, since in rows)

    async def old_books(
        self, after: int, before: datetime, limit: int
    ) -> tuple[tuple[int, str], ...]:
        """List bookings from before a moment, by number, and whose they are."""
        asked = (after, to_int(before), limit)
        rows = await self.database.read(lambda c: c.fetch(_SQL["old_books"], *asked))
        return tuple((number, customer) for number, customer in rows)

    async def drop_expired(self, links: datetime, texts: datetime, limit: int) -> int:
        """Delete links and codes that ended, and reports that were kept, before these moments."""
        asked = {
            "drop_links": to_int(links),
            "drop_codes": to_int(links),
            "drop_reports": to_int(texts),
        }

        async def drop(connection: Connection) -> int:
            gone = [
                await connection.execute(_SQL[name], moment, limit)
                for name, moment in asked.items()
            ]
            return sum(map(rows_of, gone))

        return await self.database.write(drop)


async def forget(connection: Connection, change: Erase | CloseBooks | DropHistory) -> None:
    """Apply a change that forgets something."""
    match change:
        case Erase():
            await _erase(connection, change)
        case CloseBooks():
            await _close_books(connection, change)
        case DropHistory():
            for name in _HISTORY:
                await connection.execute(_SQL[name], change.customer)


async def _erase(connection: Connection, change: Erase) -> None:
    for name in change.names:
        await connection.execute(_SQL["forget_reports"], name.encode())
        await connection.execute(_SQL["forget_drafts"], name)
    both = (change.customer, change.pseudonym)
    for sql in _ERASING.values():
        await connection.execute(sql, *(both if "$2" in sql else both[:1]))


async def _close_books(connection: Connection, change: CloseBooks) -> None:
    booking = await connection.fetchval(_SQL["carry"], to_int(change.at))
    for kind in ("liability", "delivered"):
        await connection.execute(_SQL["carry_balance"], kind, change.pseudonym)
        await connection.execute(_SQL["close_account"], kind, change.pseudonym)
    for name in _CARRIED:
        await connection.execute(_SQL[name], booking, change.pseudonym)
    for name in _GONE:
        await connection.execute(_SQL[name], change.pseudonym)


async def _by_name(
    connection: Connection, name: str, hashes: Mapping[str, bytes]
) -> tuple[Sheet, ...]:
    """Read what is kept by the hashes of addresses; each row says whose it is."""
    found = {
        address: await _sheet(connection, name, _HELD_BY_NAME[name], keyed)
        for address, keyed in hashes.items()
    }
    rows = tuple((address, *row) for address, sheet in found.items() for row in sheet.rows)
    columns = [sheet.columns for sheet in found.values()]
    return (Sheet(name, ("address", *columns[0]), rows),) if columns else ()


async def _sheet(connection: Connection, name: str, sql: str, about: str | bytes) -> Sheet:
    statement = await connection.prepare(sql)
    columns = tuple(column.name for column in statement.get_attributes())
    rows = tuple(
        tuple(_value(column, value) for column, value in zip(columns, row, strict=True))
        for row in await statement.fetch(about)
    )
    return Sheet(name, columns, rows)


def _value(column: str, value: Value) -> Value:
    return to_moment(value) if column.endswith(_MOMENT) and isinstance(value, int) else value
