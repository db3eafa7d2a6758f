"""All that is kept as it stood at one moment, in PostgreSQL; and rare look-ups of the ledger."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from flows.credit import CreditState
from storage.memory import InboxKey
from storage.postgres.database import Connection
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

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

_SQL = load("postgres", "snapshot")


@dataclass(frozen=True, slots=True)
class PostgresSnapshot:
    """One connection inside one reading transaction: whatever is written meanwhile is not seen."""

    connection: Connection

    async def size(self) -> int:
        """Count the customers that have a journey, credits or a ledger."""
        return int(await self.connection.fetchval(_SQL["size"]))

    async def holdings(self, after: str, limit: int) -> tuple[Holding, ...]:
        """List what customers hold, by number."""
        page = [
            number for (number,) in await self.connection.fetch(_SQL["next_holders"], after, limit)
        ]
        bodies = dict(await self._of("read_journeys", page))
        owned = _grouped(await self._of("read_credits", page), lambda row: row[1])
        books = _grouped(await self._of("read_bookings", page), lambda row: row[3])
        accounts = _grouped(await self._of("read_own_accounts", page), lambda row: row[0])
        told = _grouped(await self._of("read_told", page), lambda row: row[0])
        return tuple(
            Holding(
                customer=number,
                journey=journey_from_json(bodies[number].encode()) if number in bodies else None,
                credits=tuple(map(to_credit, owned[number])),
                ledger=tuple(to_books(books[number])),
                balances=tuple((name, megabytes) for _, name, megabytes in accounts[number]),
                told=tuple(UUID(about) for _, about in told[number]),
            )
            for number in page
        )

    async def balances(self) -> dict[str, int]:
        """Give the kept balances of the accounts that are nobody's own, and of each kind."""
        shared = await self.connection.fetch(_SQL["read_shared_accounts"])
        return dict([*shared, *await self.connection.fetch(_SQL["read_kept_kinds"])])

    async def credits(self, after: UUID | None, limit: int) -> tuple[OwnedCredit, ...]:
        """List all credits by id."""
        rows = await self.connection.fetch(_SQL["page_of_credits"], after, limit)
        return tuple(OwnedCredit(to_credit(row[:13]), row[13], tuple(row[14])) for row in rows)

    async def journal(
        self, after: tuple[str, int], limit: int
    ) -> tuple[tuple[str, JournalRow], ...]:
        """List the rows of all journals, by customer and number."""
        rows = await self.connection.fetch(_SQL["page_of_journal"], *after, limit)
        return tuple(
            (customer, JournalRow(n, to_moment(at), to_moment(known_at), *rest))
            for customer, n, at, known_at, *rest in rows
        )

    async def ends(self, after: str, limit: int) -> tuple[ChainEnd, ...]:
        """List the ends of all journals, by customer."""
        rows = await self.connection.fetch(_SQL["page_of_ends"], after, limit)
        return tuple(ChainEnd(*row) for row in rows)

    async def acts(self, after: int, limit: int) -> tuple[ActRow, ...]:
        """List the managers' chain."""
        rows = await self.connection.fetch(_SQL["page_of_acts"], after, limit)
        return tuple(ActRow(n, to_moment(at), *rest) for n, at, *rest in rows)

    async def _of(self, name: str, customers: Sequence[str]) -> list[Any]:
        return await self.connection.fetch(_SQL[name], customers)


def _grouped(rows: Iterable[T], key: Callable[[T], K]) -> defaultdict[K, list[T]]:
    groups: defaultdict[K, list[T]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


# --- Rare look-ups ------------------------------------------------------------------------------


async def moves(connection: Connection, credit: UUID) -> tuple[CreditMove, ...]:
    """Read the history of a credit, the oldest first."""
    return tuple(
        CreditMove(n, CreditState(state), to_moment(at), provider_id, note)
        for n, state, at, provider_id, note in await connection.fetch(_SQL["read_moves"], credit)
    )


async def followed(connection: Connection, provider_id: str) -> UUID | None:
    """Find the open credit that the operator knows by this id of its own."""
    found: UUID | None = await connection.fetchval(_SQL["followed"], provider_id)
    return found


async def quarantined(connection: Connection, now: datetime, limit: int) -> tuple[Quarantined, ...]:
    """List the kept events whose time has come, the oldest first."""
    rows = await connection.fetch(_SQL["due_quarantine"], to_int(now), limit)
    return tuple(
        Quarantined(InboxKey(source, id_), body, reason, to_moment(at))
        for source, id_, body, reason, at in rows
    )


async def next_quarantined(connection: Connection) -> datetime | None:
    """Tell when the time of the next kept event comes."""
    return to_moment_or_none(await connection.fetchval(_SQL["next_quarantine"]))


async def kept_text(connection: Connection, text_hash: str) -> KeptText | None:
    """Read the words that a hash stands for."""
    found = await connection.fetchrow(_SQL["kept_text"], text_hash)
    return KeptText(*found) if found else None
