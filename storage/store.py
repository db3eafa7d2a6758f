"""The store's promise: what is remembered, and the few verbs by which it is read and changed.

A turn is one event answered in one transaction. The store reads everything that concerns one
customer into a frozen `Memory`, calls the plain function `decide`, and applies the changes that
this returns, all or none. `decide` never waits, so both keepers, SQLite and PostgreSQL, can answer
many turns in one transaction. MB are decimal integers, moments are aware and kept in UTC.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from flows.customer import Address
from flows.events import Feed
from storage.broadcasts import Broadcasting
from storage.changes import Decision, PutIncident
from storage.deliveries import Deliveries
from storage.memory import CreditRow, Key, Memory
from storage.outbox import (
    Claim,
    Claimed,
    Receipt,
    Settle,
    Unresolved,
    WakeRow,
)
from storage.questions import Questions
from storage.reading import (
    CreditMove,
    CustomerRow,
    Dossier,
    KeptText,
    MessageRow,
    Quarantined,
    Snapshot,
)
from storage.rights import Rights

T = TypeVar("T")


class Store(Protocol):
    """The keeper of journeys, inbox, outbox, wakes, ledger and audit."""

    @property
    def broadcasts(self) -> Broadcasting:
        """What managers say to many."""

    @property
    def deliveries(self) -> Deliveries:
        """What became of messages in the end."""

    @property
    def rights(self) -> Rights:
        """What people may ask about themselves, and what may be kept no longer."""

    @property
    def questions(self) -> Questions:
        """What waits for people."""

    async def close(self) -> None:
        """Refuse new turns, finish those that wait, and close."""

    async def turn(self, key: Key, decide: Callable[[Memory], Decision[T]]) -> T:
        """Answer one event in one transaction; the answer comes after the commit.

        What `decide` raises is raised here and leaves nothing behind. It may be asked more than
        once; only what it says last holds. Raises StorageError where the outcome of the commit is
        not known: repeat it, the inbox makes that harmless.
        """

    # The outbox

    async def claim(self, claim: Claim) -> Claimed:
        """Let rows leave that are due and that nobody holds, one in flight per recipient.

        They are posting from here on, each under the tag of its attempt; commit that before a byte
        leaves. A row past its use-by, or unasked to a suppressed or closed address, becomes
        `skipped` with the reason and is not among them. What `permit` allows only later is due from
        then on, or stale if that is too late. Of one customer no two unasked rows are asked for at
        the same time, so what has left is known exactly.
        """

    async def next_due(self, lane: str, now: datetime, ahead_s: float = 0.0) -> datetime | None:
        """Tell when the lane next has a row that may leave, None if it is empty.

        A slot of the lane's clock may be asked for so long ahead.
        """

    async def standing(self, tags: Sequence[str]) -> frozenset[str]:
        """Tell which attempts are posting still: what a STOP took back before its moment is not."""

    async def settle(self, settlements: Sequence[Settle]) -> None:
        """Record what became of rows. Rows without a customer are deleted once they are final."""

    async def recover(self, now: datetime) -> int:
        """Free rows whose lease is over: claimed ones are ready again, posting ones unknown."""

    async def unresolved(self, lane: str, now: datetime, limit: int) -> tuple[Unresolved, ...]:
        """List rows of unknown outcome whose next look-up (the `due` they settled with) is due."""

    async def next_look(self, lane: str) -> datetime | None:
        """Tell when the lane's earliest look-up is due."""

    async def known_refs(self, refs: Sequence[str]) -> frozenset[str]:
        """Tell which of a provider's ids are a row's already."""

    async def receipt(self, receipt: Receipt) -> bool:
        """Note a delivery status; it only ever rises. False if no message is known by it."""

    async def pause_lane(self, lane: str, until: datetime, reason: str) -> None:
        """Let nothing leave by this lane until then."""

    async def pause_recipient(self, recipient: str, until: datetime) -> None:
        """Let nothing leave to this recipient until then, on lanes that have allowances."""

    # Wakes

    async def due_wakes(self, now: datetime, limit: int) -> tuple[WakeRow, ...]:
        """List the wakes that are due, oldest first; the turn that answers one replaces it."""

    async def next_wake(self) -> datetime | None:
        """Tell when the earliest wake is due."""

    # The ledger

    async def open_credits(self, limit: int) -> tuple[CreditRow, ...]:
        """List the credits that wait to be polled or resolved, the most urgent first."""

    async def followed(self, provider_id: str) -> UUID | None:
        """Find the open credit that the operator knows by this id of its own."""

    async def moves(self, credit: UUID) -> tuple[CreditMove, ...]:
        """Read the history of a credit, the oldest first."""

    # Checking

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """Look at all that is kept as it stands at one moment, while the work goes on."""

    async def quarantined(self, now: datetime, limit: int) -> tuple[Quarantined, ...]:
        """List the kept events whose time has come, the oldest first."""

    async def next_quarantined(self) -> datetime | None:
        """Tell when the time of the next kept event comes."""

    async def kept_text(self, text_hash: str) -> KeptText | None:
        """Read the words that a hash stands for."""

    # Reading, for people

    async def dossier(self, customer: str) -> Dossier | None:
        """Read everything about one customer."""

    async def latest_messages(self, customer: str, limit: int) -> tuple[MessageRow, ...]:
        """List what was said to one customer lately, queued or sent, the newest first."""

    async def customer_at(self, address: Address) -> str | None:
        """Find the customer number behind an address."""

    async def customers(self, after: str = "", limit: int = 1000) -> tuple[CustomerRow, ...]:
        """List customers by number, a page at a time."""

    async def waiting(self, limit: int) -> tuple[str, ...]:
        """List who waits for budget, the longest waiting first."""

    async def watermarks(self) -> dict[Feed, datetime]:
        """Tell up to when each feed is complete."""

    async def incidents_between(self, since: datetime, until: datetime) -> tuple[PutIncident, ...]:
        """List the incidents that were open at any time between two moments."""

    async def calls_within(
        self, area: str | None, customers: Sequence[str], since: datetime, until: datetime
    ) -> tuple[tuple[str, str], ...]:
        """List (customer, call id) of hotline calls that lie within an incident."""

    # Small things kept between starts

    async def get(self, name: str) -> str | None:
        """Read one kept value."""

    async def put(self, name: str, value: str) -> None:
        """Keep one value."""

    async def lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew a lease; False while somebody else holds it."""

    async def identity(self) -> str:
        """Name the place where this database lives, as the database itself knows it.

        A copy that was restored elsewhere (another cluster, another name) names another place. A
        file cannot tell, so there it is always the same.
        """
