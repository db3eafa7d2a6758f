"""What is read for people and for checks, beside the turns."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from flows.credit import CreditState
from flows.customer import Contact
from flows.journey import Journey
from storage.changes import Book, SetWake
from storage.memory import CreditRow, InboxKey, Memory, RequestRow
from storage.outbox import OutboxState


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One event of a customer's journal."""

    n: int
    at: datetime
    known_at: datetime
    kind: str
    body: str
    source: str
    effects: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message of the outbox, for people and for the data export."""

    id: int
    lane: str
    recipient: str
    line: str
    body: str
    created_at: datetime
    state: OutboxState
    sent_at: datetime | None
    ref: str | None
    reason: str | None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything held about one customer."""

    memory: Memory
    journal: tuple[JournalRow, ...]
    messages: tuple[MessageRow, ...]
    requests: tuple[RequestRow, ...]
    wakes: tuple[SetWake, ...]
    ledger: tuple[Book, ...]


@dataclass(frozen=True, slots=True)
class KeptText:
    """The exact words that a consent refers to."""

    text: str
    version: str
    language: str


@dataclass(frozen=True, slots=True)
class CreditMove:
    """One row of a credit's history: into which state it came, and when."""

    n: int
    state: CreditState
    at: datetime
    provider_id: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An event that waits for its time."""

    key: InboxKey
    body: bytes
    reason: str
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """What one customer holds of the ledger.

    `balances` are those kept of the customer's own accounts; `told` are the credits that messages
    speak of as booked.
    """

    customer: str
    journey: Journey | None
    credits: tuple[CreditRow, ...]
    ledger: tuple[Book, ...]
    balances: tuple[tuple[str, int], ...]
    told: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class OwnedCredit:
    """A credit, and how the operator knows the line that it belongs to."""

    credit: CreditRow
    bucket: str | None
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActRow:
    """One row of the managers' chain."""

    n: int
    at: datetime
    actor: str
    act: str
    about: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The last row of a customer's journal (0 if there is none), and what was sealed as its end."""

    customer: str
    n: int
    hash: bytes
    seal: bytes | None


class Snapshot(Protocol):
    """All that is kept, as it stood at one moment, a page at a time: for checks."""

    async def size(self) -> int:
        """Count the customers that have a journey, credits or a ledger."""

    async def holdings(self, after: str, limit: int) -> tuple[Holding, ...]:
        """List what customers hold, by number."""

    async def balances(self) -> dict[str, int]:
        """Give the kept balances of the accounts that are nobody's own, and of each kind."""

    async def credits(self, after: UUID | None, limit: int) -> tuple[OwnedCredit, ...]:
        """List all credits by id."""

    async def journal(
        self, after: tuple[str, int], limit: int
    ) -> tuple[tuple[str, JournalRow], ...]:
        """List the rows of all journals, by customer and number."""

    async def ends(self, after: str, limit: int) -> tuple[ChainEnd, ...]:
        """List the ends of all journals, by customer."""

    async def acts(self, after: int, limit: int) -> tuple[ActRow, ...]:
        """List the managers' chain."""


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One line of a list of customers."""

    number: str
    language: str
    state: str
    step: str
    month: int
    contacts: tuple[Contact, ...]
    is_accessible: bool
    is_silent: bool
