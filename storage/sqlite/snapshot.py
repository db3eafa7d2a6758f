"""All that is kept as it stood at one moment, in SQLite; and the rare look-ups of the ledger."""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from flows.credit import CreditState
from storage.errors import StorageError
from storage.memory import InboxKey
from storage.queries import load
from storage.reading import (
    ActRow,
    ChainEnd,
    CreditMove,
    Holding,
    JournalRow,
    KeptText,
    OwnedCredit,
    Quarantined,
)
from storage.records import journey_from_json, to_int, to_moment, to_moment_or_none
from storage.rows import to_books, to_credit
from storage.sqlite.memory import read_credits
from storage.sqlite.writer import Hop

T = TypeVar("T")

_SQL = load("sqlite", "snapshot")
_READING = load("sqlite", "reading")
_TRANSACTION = load("sqlite", "transactions")


class SqliteSnapshot:
    """One connection inside one reading transaction: whatever is written meanwhile is not seen."""

    def __init__(self, hop: Hop) -> None:
        self._hop = hop

    async def begin(self) -> None:
        """Stand at this moment from now on."""
        await self._read(lambda db: db.execute(_TRANSACTION["read"]))
        await self.acts(0, 1)  # SQLite takes its picture when it first reads

    async def end(self) -> None:
        """Let the moment go."""
        await self._read(lambda db: db.execute(_TRANSACTION["rollback"]))

    async def size(self) -> int:
        """Count the customers that have a journey, credits or a ledger."""
        return await self._read(lambda db: int(db.execute(_SQL["size"]).fetchone()[0]))

    async def holdings(self, after: str, limit: int) -> tuple[Holding, ...]:
        """List what customers hold, by number."""

        def read(db: sqlite3.Connection) -> tuple[Holding, ...]:
            page = db.execute(_SQL["next_holders"], (after, limit)).fetchall()
            return tuple(_holding(db, number) for (number,) in page)

        return await self._read(read)

    async def balances(self) -> dict[str, int]:
        """Give the kept balances of the accounts that are nobody's own, and of each kind."""

        def read(db: sqlite3.Connection) -> dict[str, int]:
            shared = db.execute(_SQL["read_shared_accounts"]).fetchall()
            return dict(shared + db.execute(_SQL["read_kept_kinds"]).fetchall())

        return await self._read(read)

    async def credits(self, after: UUID | None, limit: int) -> tuple[OwnedCredit, ...]:
        """List all credits by id."""
        start = after.bytes if after else b""

        def read(db: sqlite3.Connection) -> tuple[OwnedCredit, ...]:
            rows = db.execute(_SQL["page_of_credits"], (start, limit))
            return tuple(
                OwnedCredit(to_credit(row[:13]), row[13], tuple((row[14] or "").split()))
                for row in rows
            )

        return await self._read(read)

    async def journal(
        self, after: tuple[str, int], limit: int
    ) -> tuple[tuple[str, JournalRow], ...]:
        """List the rows of all journals, by customer and number."""

        def read(db: sqlite3.Connection) -> tuple[tuple[str, JournalRow], ...]:
            rows = db.execute(_SQL["page_of_journal"], (*after, limit))
            return tuple(
                (customer, JournalRow(n, to_moment(at), to_moment(known_at), *rest))
                for customer, n, at, known_at, *rest in rows
            )

        return await self._read(read)

    async def ends(self, after: str, limit: int) -> tuple[ChainEnd, ...]:
        """List the ends of all journals, by customer."""

        def read(db: sqlite3.Connection) -> tuple[ChainEnd, ...]:
            rows = db.execute(_SQL["page_of_ends"], (after, limit))
            return tuple(ChainEnd(*row) for row in rows)

        return await self._read(read)

    async def acts(self, after: int, limit: int) -> tuple[ActRow, ...]:
        """List the managers' chain."""

        def read(db: sqlite3.Connection) -> tuple[ActRow, ...]:
            rows = db.execute(_SQL["page_of_acts"], (after, limit))
            return tuple(ActRow(n, to_moment(at), *rest) for n, at, *rest in rows)

        return await self._read(read)

    async def _read(self, reading: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._hop.run(reading)
        except sqlite3.Error as error:
            raise StorageError(str(error)) from error


def _holding(db: sqlite3.Connection, customer: str) -> Holding:
    body: tuple[bytes] | None = db.execute(_SQL["read_journey"], (customer,)).fetchone()
    told = db.execute(_SQL["read_told"], (customer,))
    return Holding(
        customer=customer,
        journey=journey_from_json(body[0]) if body else None,
        credits=read_credits(db, customer),
        ledger=tuple(to_books(db.execute(_READING["read_bookings"], (customer,)))),
        balances=tuple(db.execute(_SQL["read_own_accounts"], (customer,)).fetchall()),
        told=tuple(UUID(about) for (about,) in told),
    )


# --- Rare look-ups ------------------------------------------------------------------------------


def moves(db: sqlite3.Connection, credit: UUID) -> tuple[CreditMove, ...]:
    """Read the history of a credit, the oldest first."""
    rows = db.execute(_SQL["read_moves"], (credit.bytes,))
    return tuple(
        CreditMove(n, CreditState(state), to_moment(at), provider_id, note)
        for n, state, at, provider_id, note in rows
    )


def followed(db: sqlite3.Connection, provider_id: str) -> UUID | None:
    """Find the open credit that the operator knows by this id of its own."""
    row: tuple[bytes] | None = db.execute(_SQL["followed"], (provider_id,)).fetchone()
    return UUID(bytes=row[0]) if row else None


def quarantined(db: sqlite3.Connection, now: datetime, limit: int) -> tuple[Quarantined, ...]:
    """List the kept events whose time has come, the oldest first."""
    rows = db.execute(_SQL["due_quarantine"], (to_int(now), limit))
    return tuple(
        Quarantined(InboxKey(source, id_), body, reason, to_moment(at))
        for source, id_, body, reason, at in rows
    )


def next_quarantined(db: sqlite3.Connection) -> datetime | None:
    """Tell when the time of the next kept event comes."""
    (at,) = db.execute(_SQL["next_quarantine"]).fetchone()
    return to_moment_or_none(at)


def kept_text(db: sqlite3.Connection, text_hash: str) -> KeptText | None:
    """Read the words that a hash stands for."""
    row: tuple[str, str, str] | None = db.execute(_SQL["kept_text"], (text_hash,)).fetchone()
    return KeptText(*row) if row else None
