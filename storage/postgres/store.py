"""The store in PostgreSQL: any number of nodes share one database. Nothing here asks a clock."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Self, TypeVar
from uuid import UUID

from flows.customer import Address
from flows.events import Feed
from storage.changes import Decision, PutIncident
from storage.memory import CreditRow, Key, Memory
from storage.outbox import (
    Claim,
    Claimed,
    Receipt,
    Settle,
    Unresolved,
    WakeRow,
)
from storage.postgres import claiming, outbox, reading, receipts, snapshot
from storage.postgres.broadcasts import PostgresBroadcasts
from storage.postgres.database import Database
from storage.postgres.deliveries import PostgresDeliveries
from storage.postgres.migrations import check_version, migrate_postgres
from storage.postgres.questions import PostgresQuestions
from storage.postgres.rights import PostgresRights
from storage.postgres.snapshot import PostgresSnapshot
from storage.postgres.together import Together
from storage.postgres.writer import LONGEST_QUEUE, Writer
from storage.reading import (
    CreditMove,
    CustomerRow,
    Dossier,
    KeptText,
    MessageRow,
    Quarantined,
)

T = TypeVar("T")


class PostgresStore:
    """The keeper of the promise on a server; `await PostgresStore.open(url)`."""

    def __init__(self, database: Database, longest_queue: int) -> None:
        self._database = database
        self._writer = Writer(database, longest_queue)
        self._settling = Together(self._settle)
        self._asking = Together(self._stand)
        self._noting = Together(self._note)
        self.broadcasts = PostgresBroadcasts(database)
        self.deliveries = PostgresDeliveries(database)
        self.questions = PostgresQuestions(database)
        self.rights = PostgresRights(database)

    @classmethod
    async def open(cls, url: str, longest_queue: int = LONGEST_QUEUE) -> Self:
        """Open a database that `prepare` has brought to this version.

        Raises NewerDatabaseError, UnpreparedDatabaseError, or StorageError if it is out of reach.
        """
        database = await Database.open(url)
        try:
            await check_version(database)
        except BaseException:
            await database.close()
            raise
        return cls(database, longest_queue)

    @staticmethod
    async def prepare(url: str) -> int:
        """Bring a database to this version, and tell how many steps that took.

        Raises NewerDatabaseError, or StorageError if it is out of reach or a step has failed.
        """
        database = await Database.open(url)
        try:
            return await migrate_postgres(database)
        finally:
            await database.close()

    async def close(self) -> None:
        """Refuse new turns, finish those that wait, and close."""
        for busy in (self._writer, self._settling, self._asking, self._noting):
            await busy.close()
        await self._database.close()

    async def turn(self, key: Key, decide: Callable[[Memory], Decision[T]]) -> T:
        """Answer one event in one transaction; the answer comes after the commit."""
        return await self._writer.turn(key, decide)

    # --- The outbox -----------------------------------------------------------------------------

    async def claim(self, claim: Claim) -> Claimed:
        """Let rows leave that are due and that nobody holds."""
        claimed = await self._database.write(lambda c: claiming.claim(c, claim))
        if claimed.rows:
            await self._database.flush()
        return claimed

    async def next_due(self, lane: str, now: datetime, ahead_s: float = 0.0) -> datetime | None:
        """Tell when the lane next has a row that may leave."""
        return await self._database.read(lambda c: claiming.next_due(c, lane, now, ahead_s))

    async def standing(self, tags: Sequence[str]) -> frozenset[str]:
        """Tell which attempts are posting still."""
        return await self._asking.ask(tags)

    async def settle(self, settlements: Sequence[Settle]) -> None:
        """Record what became of rows."""
        await self._settling.ask(settlements)

    async def recover(self, now: datetime) -> int:
        """Free rows whose lease is over."""
        return await self._database.write(lambda c: outbox.recover(c, now))

    async def unresolved(self, lane: str, now: datetime, limit: int) -> tuple[Unresolved, ...]:
        """List rows of unknown outcome whose look-up is due."""
        return await self._database.read(lambda c: outbox.unresolved(c, lane, now, limit))

    async def next_look(self, lane: str) -> datetime | None:
        """Tell when the lane's earliest look-up is due."""
        return await self._database.read(lambda c: outbox.next_look(c, lane))

    async def known_refs(self, refs: Sequence[str]) -> frozenset[str]:
        """Tell which of a provider's ids are a row's already."""
        return await self._database.read(lambda c: outbox.known_refs(c, refs))

    async def receipt(self, receipt: Receipt) -> bool:
        """Note a delivery status; False if no message is known by it."""
        return await self._noting.ask(receipt)

    async def pause_lane(self, lane: str, until: datetime, reason: str) -> None:
        """Let nothing leave by this lane until then."""
        await self._database.write(lambda c: outbox.pause_lane(c, lane, until, reason))

    async def pause_recipient(self, recipient: str, until: datetime) -> None:
        """Let nothing leave to this recipient until then."""
        await self._database.write(lambda c: outbox.pause_recipient(c, recipient, until))

    # --- Wakes and credits ----------------------------------------------------------------------

    async def due_wakes(self, now: datetime, limit: int) -> tuple[WakeRow, ...]:
        """List the wakes that are due, oldest first."""
        return await self._database.read(lambda c: reading.due_wakes(c, now, limit))

    async def next_wake(self) -> datetime | None:
        """Tell when the earliest wake is due."""
        return await self._database.read(reading.next_wake)

    async def open_credits(self, limit: int) -> tuple[CreditRow, ...]:
        """List the credits that wait to be polled or resolved."""
        return await self._database.read(lambda c: reading.open_credits(c, limit))

    # --- Reading, for people --------------------------------------------------------------------

    async def dossier(self, customer: str) -> Dossier | None:
        """Read everything about one customer."""
        async with self._database.one_moment() as connection:
            return await reading.dossier(connection, customer)

    async def latest_messages(self, customer: str, limit: int) -> tuple[MessageRow, ...]:
        """List what was said to one customer lately, the newest first."""
        return await self._database.read(lambda c: reading.latest_messages(c, customer, limit))

    async def customer_at(self, address: Address) -> str | None:
        """Find the customer number behind an address."""
        return await self._database.read(lambda c: reading.customer_at(c, address.uri))

    async def customers(self, after: str = "", limit: int = 1000) -> tuple[CustomerRow, ...]:
        """List customers by number, a page at a time."""
        return await self._database.read(lambda c: reading.customers(c, after, limit))

    async def waiting(self, limit: int) -> tuple[str, ...]:
        """List who waits for budget, the longest waiting first."""
        return await self._database.read(lambda c: reading.waiting(c, limit))

    async def watermarks(self) -> dict[Feed, datetime]:
        """Tell up to when each feed is complete."""
        return await self._database.read(reading.watermarks)

    async def calls_within(
        self, area: str | None, customers: Sequence[str], since: datetime, until: datetime
    ) -> tuple[tuple[str, str], ...]:
        """List (customer, call id) of hotline calls that lie within an incident."""
        span = (since, until)
        return await self._database.read(lambda c: reading.calls_within(c, area, customers, span))

    async def incidents_between(self, since: datetime, until: datetime) -> tuple[PutIncident, ...]:
        """List the incidents that were open at any time between two moments."""
        return await self._database.read(lambda c: reading.incidents_between(c, since, until))

    # --- Checking -------------------------------------------------------------------------------

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[PostgresSnapshot]:
        """Look at all that is kept as it stands at one moment, while the work goes on."""
        async with self._database.one_moment() as connection:
            taken = PostgresSnapshot(connection)
            await taken.acts(0, 1)  # PostgreSQL takes its picture when it first reads
            yield taken

    async def followed(self, provider_id: str) -> UUID | None:
        """Find the open credit that the operator knows by this id of its own."""
        return await self._database.read(lambda c: snapshot.followed(c, provider_id))

    async def moves(self, credit: UUID) -> tuple[CreditMove, ...]:
        """Read the history of a credit, the oldest first."""
        return await self._database.read(lambda c: snapshot.moves(c, credit))

    async def quarantined(self, now: datetime, limit: int) -> tuple[Quarantined, ...]:
        """List the kept events whose time has come, the oldest first."""
        return await self._database.read(lambda c: snapshot.quarantined(c, now, limit))

    async def next_quarantined(self) -> datetime | None:
        """Tell when the time of the next kept event comes."""
        return await self._database.read(snapshot.next_quarantined)

    async def kept_text(self, text_hash: str) -> KeptText | None:
        """Read the words that a hash stands for."""
        return await self._database.read(lambda c: snapshot.kept_text(c, text_hash))

    # --- Small things kept between starts -------------------------------------------------------

    async def get(self, name: str) -> str | None:
        """Read one kept value."""
        return await self._database.read(lambda c: reading.get(c, name))

    async def put(self, name: str, value: str) -> None:
        """Keep one value."""
        await self._database.write(lambda c: reading.put(c, name, value))

    async def keep_once(self, name: str, value: str) -> str:
        """Keep a value unless there is one, and give the one that is kept."""
        return await self._database.write(lambda c: reading.keep_once(c, name, value))

    async def lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew a lease; False while somebody else holds it."""
        return await self._database.write(lambda c: reading.lease(c, name, holder, (now, until)))

    async def identity(self) -> str:
        """Name the place where this database lives: cluster and name."""
        return await self._database.read(reading.identity)

    # --- What comes one by one ------------------------------------------------------------------

    async def _settle(self, asked: Sequence[Sequence[Settle]]) -> Sequence[None]:
        together = [settlement for settlements in asked for settlement in settlements]
        await self._database.write(lambda c: outbox.settle(c, together))
        return [None] * len(asked)

    async def _stand(self, asked: Sequence[Sequence[str]]) -> Sequence[frozenset[str]]:
        together = [tag for tags in asked for tag in tags]
        found = await self._database.read(lambda c: claiming.standing(c, together))
        return [found.intersection(tags) for tags in asked]

    async def _note(self, asked: Sequence[Receipt]) -> Sequence[bool]:
        return await self._database.write(lambda c: receipts.note_all(c, asked))
