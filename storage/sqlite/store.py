"""The store in SQLite: one writer that commits in groups, and readers beside it.

What each verb writes is short, or may take long; that decides in which thread it is done.

Several processes may share the file; each waits its turn for writing. Nothing here asks a clock.
"""

import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar
from uuid import UUID

from flows.customer import Address
from flows.events import Feed
from storage.changes import Decision, PutIncident
from storage.errors import ClosedError, StorageError
from storage.memory import CreditRow, Key, Memory
from storage.migrate import migrate_sqlite
from storage.outbox import (
    Claim,
    Claimed,
    Receipt,
    Settle,
    Unresolved,
    WakeRow,
)
from storage.reading import (
    CreditMove,
    CustomerRow,
    Dossier,
    KeptText,
    MessageRow,
    Quarantined,
)
from storage.sqlite import claiming, outbox, reading, receipts, snapshot
from storage.sqlite.broadcasts import SqliteBroadcasts
from storage.sqlite.changes import apply, changes_what_is_common
from storage.sqlite.connecting import checkpoint, connect_reader, connect_writer
from storage.sqlite.deliveries import SqliteDeliveries
from storage.sqlite.memory import Recall, read_watermarks
from storage.sqlite.questions import SqliteQuestions
from storage.sqlite.rights import SqliteRights
from storage.sqlite.snapshot import SqliteSnapshot
from storage.sqlite.writer import LONGEST_QUEUE, Hop, Writer

T = TypeVar("T")

READERS = 2
FILE = "file"  # a copy of a file is like the file: `backup` stamps the one that it makes


class SqliteStore:
    """The keeper of the promise in one file; `await SqliteStore.open(path)`."""

    def __init__(self, path: Path, hop: Hop, readers: Sequence[Hop], longest_queue: int) -> None:
        self._path = path
        self._recall = Recall()
        self._hop = hop
        self._readers = readers
        self._next_reader = itertools.cycle(readers)
        self._writer = Writer(hop, self._recall.fresh, longest_queue)
        self._is_closed = False
        self.broadcasts = SqliteBroadcasts(self._recall, self._read, self._writer.run, self._aside)
        self.deliveries = SqliteDeliveries(self._read, self._writer.run)
        self.questions = SqliteQuestions(self._read, self._writer.run)
        self.rights = SqliteRights(self._read, self._writer.run, self._between)

    @classmethod
    async def open(cls, path: Path, longest_queue: int = LONGEST_QUEUE) -> Self:
        """Open a database, made or brought to this version if need be.

        Raises NewerDatabaseError, or StorageError if the file is none or cannot be used.
        """
        opened: list[Hop] = []
        try:
            opened.append(await Hop.open(lambda: connect_writer(path)))
            await opened[0].run(migrate_sqlite)
            while len(opened) <= READERS:
                opened.append(await Hop.open(lambda: connect_reader(path)))
        except sqlite3.Error as error:
            await _close(opened)
            raise StorageError(f"{path}: {error}") from error
        except BaseException:
            await _close(opened)
            raise
        return cls(path, opened[0], opened[1:], longest_queue)

    async def close(self) -> None:
        """Refuse new turns, finish those that wait, and close."""
        if self._is_closed:
            return
        self._is_closed = True
        await self._writer.close()
        await _close(self._readers)
        try:
            await self._writer.between(checkpoint)
        finally:
            await self._hop.close()

    async def turn(self, key: Key, decide: Callable[[Memory], Decision[T]]) -> T:
        """Answer one event in one transaction; the answer comes after the commit."""

        def work(db: sqlite3.Connection) -> T:
            decision = decide(self._recall.read(db, key))
            for change in decision.changes:
                apply(db, change)
            if any(map(changes_what_is_common, decision.changes)):
                self._recall.fresh()
            return decision.answer

        if _names_nobody(key):
            return await self._writer.run(work)
        return await self._writer.run_short(work)

    # --- The outbox -----------------------------------------------------------------------------

    async def claim(self, claim: Claim) -> Claimed:
        """Let rows leave that are due and that nobody holds."""
        return await self._writer.run_short(lambda db: claiming.claim(db, claim))

    async def next_due(self, lane: str, now: datetime, ahead_s: float = 0.0) -> datetime | None:
        """Tell when the lane next has a row that may leave."""
        return await self._read(lambda db: claiming.next_due(db, lane, now, ahead_s))

    async def standing(self, tags: Sequence[str]) -> frozenset[str]:
        """Tell which attempts are posting still."""
        return await self._read(lambda db: claiming.standing(db, tags))

    async def settle(self, settlements: Sequence[Settle]) -> None:
        """Record what became of rows."""
        await self._writer.run_short(lambda db: outbox.settle(db, settlements))

    async def recover(self, now: datetime) -> int:
        """Free rows whose lease is over."""
        return await self._writer.run(lambda db: outbox.recover(db, now))

    async def unresolved(self, lane: str, now: datetime, limit: int) -> tuple[Unresolved, ...]:
        """List rows of unknown outcome whose look-up is due."""
        return await self._read(lambda db: outbox.unresolved(db, lane, now, limit))

    async def next_look(self, lane: str) -> datetime | None:
        """Tell when the lane's earliest look-up is due."""
        return await self._read(lambda db: outbox.next_look(db, lane))

    async def known_refs(self, refs: Sequence[str]) -> frozenset[str]:
        """Tell which of a provider's ids are a row's already."""
        return await self._read(lambda db: outbox.known_refs(db, refs))

    async def receipt(self, receipt: Receipt) -> bool:
        """Note a delivery status; False if no message is known by it."""
        return await self._writer.run_short(lambda db: receipts.note(db, receipt))

    async def pause_lane(self, lane: str, until: datetime, reason: str) -> None:
        """Let nothing leave by this lane until then."""
        await self._writer.run(lambda db: outbox.pause_lane(db, lane, until, reason))

    async def pause_recipient(self, recipient: str, until: datetime) -> None:
        """Let nothing leave to this recipient until then."""
        await self._writer.run_short(lambda db: outbox.pause_recipient(db, recipient, until))

    # --- Wakes and credits ----------------------------------------------------------------------

    async def due_wakes(self, now: datetime, limit: int) -> tuple[WakeRow, ...]:
        """List the wakes that are due, oldest first."""
        return await self._read(lambda db: reading.due_wakes(db, now, limit))

    async def next_wake(self) -> datetime | None:
        """Tell when the earliest wake is due."""
        return await self._read(reading.next_wake)

    async def open_credits(self, limit: int) -> tuple[CreditRow, ...]:
        """List the credits that wait to be polled or resolved."""
        return await self._read(lambda db: reading.open_credits(db, limit))

    # --- Reading, for people --------------------------------------------------------------------

    async def dossier(self, customer: str) -> Dossier | None:
        """Read everything about one customer."""
        return await self._read(lambda db: reading.dossier(db, customer))

    async def latest_messages(self, customer: str, limit: int) -> tuple[MessageRow, ...]:
        """List what was said to one customer lately, the newest first."""
        return await self._read(lambda db: reading.latest_messages(db, customer, limit))

    async def customer_at(self, address: Address) -> str | None:
        """Find the customer number behind an address."""
        return await self._read(lambda db: reading.customer_at(db, address.uri))

    async def customers(self, after: str = "", limit: int = 1000) -> tuple[CustomerRow, ...]:
        """List customers by number, a page at a time."""
        return await self._read(lambda db: reading.customers(db, after, limit))

    async def waiting(self, limit: int) -> tuple[str, ...]:
        """List who waits for budget, the longest waiting first."""
        return await self._read(lambda db: reading.waiting(db, limit))

    async def watermarks(self) -> dict[Feed, datetime]:
        """Tell up to when each feed is complete."""
        return dict(await self._read(read_watermarks))

    async def calls_within(
        self, area: str | None, customers: Sequence[str], since: datetime, until: datetime
    ) -> tuple[tuple[str, str], ...]:
        """List (customer, call id) of hotline calls that lie within an incident."""
        span = (since, until)
        return await self._read(lambda db: reading.calls_within(db, area, customers, span))

    async def incidents_between(self, since: datetime, until: datetime) -> tuple[PutIncident, ...]:
        """List the incidents that were open at any time between two moments."""
        return await self._read(lambda db: reading.incidents_between(db, since, until))

    # --- Checking -------------------------------------------------------------------------------

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[SqliteSnapshot]:
        """Look at all that is kept as it stands at one moment, while the work goes on."""
        if self._is_closed:
            raise ClosedError
        hop = await Hop.open(lambda: connect_reader(self._path))
        snapshot = SqliteSnapshot(hop)
        try:
            await snapshot.begin()
            yield snapshot
            await snapshot.end()
        finally:
            await hop.close()

    async def followed(self, provider_id: str) -> UUID | None:
        """Find the open credit that the operator knows by this id of its own."""
        return await self._read(lambda db: snapshot.followed(db, provider_id))

    async def moves(self, credit: UUID) -> tuple[CreditMove, ...]:
        """Read the history of a credit, the oldest first."""
        return await self._read(lambda db: snapshot.moves(db, credit))

    async def quarantined(self, now: datetime, limit: int) -> tuple[Quarantined, ...]:
        """List the kept events whose time has come, the oldest first."""
        return await self._read(lambda db: snapshot.quarantined(db, now, limit))

    async def next_quarantined(self) -> datetime | None:
        """Tell when the time of the next kept event comes."""
        return await self._read(snapshot.next_quarantined)

    async def kept_text(self, text_hash: str) -> KeptText | None:
        """Read the words that a hash stands for."""
        return await self._read(lambda db: snapshot.kept_text(db, text_hash))

    # --- Small things kept between starts -------------------------------------------------------

    async def get(self, name: str) -> str | None:
        """Read one kept value."""
        return await self._read(lambda db: reading.get(db, name))

    async def put(self, name: str, value: str) -> None:
        """Keep one value."""
        await self._writer.run(lambda db: reading.put(db, name, value))

    async def lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew a lease; False while somebody else holds it."""
        return await self._writer.run_short(
            lambda db: reading.lease(db, name, holder, (now, until))
        )

    async def identity(self) -> str:
        """Name the place where this database lives: a file knows of none."""
        return FILE

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Read beside the writer: what was committed, and nothing else."""
        if self._is_closed:
            raise ClosedError
        return await _asked(next(self._next_reader), work)

    async def _aside(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Read for long, by a connection of its own, so that nobody waits for it."""
        if self._is_closed:
            raise ClosedError
        hop = await Hop.open(lambda: connect_reader(self._path))
        try:
            return await _asked(hop, work)
        finally:
            await hop.close()

    async def _between(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something on the writer's connection between two groups, in no transaction."""
        if self._is_closed:
            raise ClosedError
        try:
            return await self._writer.between(work)
        except sqlite3.Error as error:
            raise StorageError(str(error)) from error


def _names_nobody(key: Key) -> bool:
    """Tell whether a turn is about nobody in particular, so that it may change much."""
    named = (key.customer, key.address, key.link_hash, key.credit, key.request)
    return all(name is None for name in named)


async def _asked(hop: Hop, work: Callable[[sqlite3.Connection], T]) -> T:
    try:
        return await hop.run(work)
    except sqlite3.Error as error:
        raise StorageError(str(error)) from error


async def _close(hops: Iterable[Hop]) -> None:
    for hop in hops:
        await hop.close()
