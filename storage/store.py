"""The store's promise: what is remembered, and the few verbs by which it is read and changed.

A turn is one event answered in one transaction. The store reads everything that concerns one
customer into a frozen `Memory`, calls the plain function `decide`, and applies the changes that
this returns, all or none. `decide` never waits, so both keepers, SQLite and PostgreSQL, can answer
many turns in one transaction. MB are decimal integers, moments are aware and kept in UTC.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from flows.credit import CreditState
from flows.customer import Address, Contact, Customer
from flows.effects import Gate, Request
from flows.events import Feed
from flows.journey import Journey
from flows.watching import Viewing
from storage.deliveries import Deliveries

T = TypeVar("T")


class StorageError(Exception):
    """The database cannot be used."""

    def __str__(self) -> str:
        return super().__str__() or self.__doc__ or ""


class OverloadedError(StorageError):
    """Too many turns are waiting; try again in a moment."""


class ClosedError(StorageError):
    """The store is closed."""


class NewerDatabaseError(StorageError):
    """The database was written by a newer version of this program."""


class AddressTakenError(StorageError):
    """One of these addresses is another customer's already."""


class UnbalancedError(StorageError):
    """The entries of a ledger transaction must add up to zero."""


# --- What a turn reads --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InboxKey:
    """Under which name a message or event was received; each pair is handled once, for good."""

    source: str
    id: str


@dataclass(frozen=True, slots=True)
class Key:
    """Whom a turn concerns: a customer by number, address, link or credit, and which message.

    Hashes are keyed (HMAC with SECRET_KEY), so that what stays behind names nobody. An import asks
    for all its addresses by `address_hashes`.
    """

    customer: str | None = None
    address: Address | None = None
    address_hash: bytes | None = None
    address_hashes: tuple[bytes, ...] = ()
    link_hash: bytes | None = None
    credit: UUID | None = None
    inbox: InboxKey | None = None
    request: int | None = None
    with_viewing: bool = False  # what the customer has watched is read as well


@dataclass(frozen=True, slots=True)
class Seen:
    """An inbox row: the digest of the body and what was answered."""

    digest: bytes
    answer: str


@dataclass(frozen=True, slots=True)
class Link:
    """A personal link, known by its hash only."""

    customer: str
    purpose: str
    expires_at: datetime
    spent_at: datetime | None


@dataclass(frozen=True, slots=True)
class CreditRow:
    """One credit as the ledger holds it."""

    id: UUID
    customer: str
    step: str
    cycle: int
    megabytes: int
    state: CreditState
    earned_at: datetime
    moved_at: datetime
    provider_id: str | None = None
    attempts: int = 0
    poll_at: datetime | None = None
    usable_until: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything a turn may decide on."""

    seen: Seen | None = None
    customer: Customer | None = None
    journey: Journey | None = None
    terms: str | None = None  # the version the journey is pinned to
    entries: int = 0  # how many rows the customer's journal has
    tail: bytes = b""  # the hash of its last row
    credits: tuple[CreditRow, ...] = ()
    is_suppressed: bool = False
    suppressed: frozenset[bytes] = frozenset()  # of the key's `address_hashes`
    stranger_answered_at: datetime | None = None
    link: Link | None = None
    watermarks: tuple[tuple[Feed, datetime], ...] = ()
    reserved_megabytes: int = 0  # promised to members of the campaign, not delivered yet
    delivered_megabytes: int = 0
    has_open_incident: bool = False
    viewing: Viewing | None = None  # only where the key asks for it
    request: "RequestRow | None" = None  # the one that the key names


# --- What a turn changes ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Remember:
    """Note a message as handled; a repeat is then seen."""

    key: InboxKey
    digest: bytes
    answer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PutCustomer:
    """Write a customer with all contacts (those not named any more are dropped)."""

    customer: Customer
    at: datetime


@dataclass(frozen=True, slots=True)
class PutContact:
    """Write one address of a customer, or what we may do with it."""

    customer: str
    contact: Contact


@dataclass(frozen=True, slots=True)
class PutJourney:
    """Write where a customer stands; state, step and month are repeated for audiences."""

    journey: Journey
    state: str
    step: str
    month: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Append:
    """Add a row to the customer's journal: `n` counts from 1, `hash` covers the row before."""

    customer: str
    n: int
    at: datetime
    known_at: datetime
    kind: str
    body: str
    source: str
    effects: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class SetWake:
    """Come back for this customer; due at once its gate is open and its moment has come."""

    customer: str
    slot: str
    what: str
    at: datetime
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class ClearWake:
    """Forget a wake."""

    customer: str
    slot: str


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Put something finished into the outbox.

    `cost` counts the lane's tokens (SMS segments); rows of one `recipient` leave one after the
    other. `may_resend`: if its outcome stays unknown it may leave a second time. `about` ties it to
    a credit or a broadcast, for which it is said at most once (unique with `line`).
    """

    lane: str
    priority: int
    recipient: str
    line: str
    body: str
    due: datetime
    created_at: datetime
    customer: str | None = None
    use_by: datetime | None = None
    cost: int = 1
    is_unasked: bool = True
    may_resend: bool = False
    about: str | None = None


@dataclass(frozen=True, slots=True)
class CancelQueued:
    """Take back everything unasked that is queued for a customer; the row keeps the reason."""

    customer: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PutCredit:
    """Write a credit and, if its state changed, the row of its history."""

    credit: CreditRow


@dataclass(frozen=True, slots=True)
class Book:
    """Append one ledger transaction; its entries (account, MB) add up to zero."""

    at: datetime
    what: str
    customer: str
    entries: tuple[tuple[str, int], ...]
    credit: UUID | None = None


@dataclass(frozen=True, slots=True)
class Suppress:
    """Put an address, by its keyed hash, on the list of those who are never written to."""

    address_hash: bytes
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Unsuppress:
    """Take an address off that list: its owner said START there."""

    address_hash: bytes


@dataclass(frozen=True, slots=True)
class MintLink:
    """Make a personal link valid."""

    link_hash: bytes
    link: Link


@dataclass(frozen=True, slots=True)
class SpendLink:
    """Mark a single-use link as used."""

    link_hash: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class PutViewing:
    """Write what a customer has watched of the film."""

    viewing: Viewing


@dataclass(frozen=True, slots=True)
class SetWatermark:
    """Raise a feed's watermark (never lower it) and open the gates that it opens."""

    feed: Feed
    complete_until: datetime


@dataclass(frozen=True, slots=True)
class KeepText:
    """Keep the exact text that a consent refers to, once per hash."""

    text_hash: str
    text: str
    version: str
    language: str


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """Put something into the queue of the people behind the bot."""

    customer: str
    request: Request
    about: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CloseRequest:
    """Note that a person has answered something of the queue; the first answer stays."""

    id: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class CountStranger:
    """Remember, by keyed hash and for a while, that a stranger was answered."""

    address_hash: bytes
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Keep an event or update that cannot be applied now, and why."""

    key: InboxKey
    body: bytes
    reason: str
    at: datetime
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unquarantine:
    """Let a kept event go: it has been applied, and its inbox row says so from now on."""

    key: InboxKey
    answer: str


@dataclass(frozen=True, slots=True)
class Audit:
    """Note what a person did, or was refused, in the managers' chain."""

    at: datetime
    actor: str
    act: str
    about: str


@dataclass(frozen=True, slots=True)
class PutIncident:
    """Note an incident, its area or its customers, and when it was open."""

    incident: str
    area: str | None
    customers: tuple[str, ...]
    opened_at: datetime | None
    closed_at: datetime | None


Change = (
    Remember
    | PutCustomer
    | PutContact
    | PutJourney
    | Append
    | SetWake
    | ClearWake
    | Enqueue
    | CancelQueued
    | PutCredit
    | Book
    | Suppress
    | Unsuppress
    | MintLink
    | SpendLink
    | PutViewing
    | SetWatermark
    | KeepText
    | OpenRequest
    | CloseRequest
    | CountStranger
    | Quarantine
    | Unquarantine
    | Audit
    | PutIncident
)


@dataclass(frozen=True, slots=True)
class Decision(Generic[T]):
    """What a turn changes, and what its caller is told after the commit."""

    answer: T
    changes: tuple[Change, ...] = ()


# --- What leaves --------------------------------------------------------------------------------


class OutboxState(StrEnum):
    """Where a row of the outbox stands. `posting`: its bytes may be on their way."""

    READY = "ready"
    CLAIMED = "claimed"
    POSTING = "posting"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A claimed row; `slot` is the moment from which the lane's rate lets it leave."""

    id: int
    lane: str
    priority: int
    recipient: str
    line: str
    body: str
    due: datetime
    slot: datetime
    created_at: datetime
    attempt: int
    customer: str | None
    use_by: datetime | None
    cost: int
    is_unasked: bool
    may_resend: bool
    about: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """Ask for work: rows of one lane that are due, one per recipient, in order of priority.

    `rate` is the lane's tokens per second (None: no limit). Rows are given slots on the lane's
    clock, at most `horizon_s` ahead of `now`, at least one row.
    """

    lane: str
    node: str
    now: datetime
    lease_until: datetime
    limit: int
    rate: float | None = None
    horizon_s: float = 0.2


@dataclass(frozen=True, slots=True)
class Posting:
    """Commit this before the bytes leave: the tag by which the provider's answer is known.

    `address_hash` is the recipient's keyed hash, under which the address may be suppressed.
    """

    id: int
    tag: str
    at: datetime
    address_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A message that has left unasked, on whatever channel."""

    at: datetime
    priority: int


@dataclass(frozen=True, slots=True)
class Leaving:
    """A customer's row about to leave; if it is unasked, with what has left in the last month."""

    at: datetime
    priority: int
    attempt: int
    lately: tuple[Left, ...] = ()


Permit = Callable[[Leaving], datetime]  # from when on a row may leave; never waits, as `decide`


def at_once(leaving: Leaving) -> datetime:
    """Let everything leave when it is due."""
    return leaving.at


@dataclass(frozen=True, slots=True)
class Settle:
    """What became of a row; READY lets it wait until `due`, `counts` if it took an attempt.

    With a `tag` it speaks of that attempt only: if the row has gone on to another, somebody slept
    longer than the lease, and what they have to say is passed over.
    """

    id: int
    state: OutboxState
    at: datetime
    ref: str | None = None
    reason: str | None = None
    due: datetime | None = None
    counts: bool = True
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A row whose outcome is unknown, with the tag of its last attempt and when it was posted."""

    row: OutboxRow
    tag: str
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class Again:
    """Let a message that failed softly leave once more, if it has left fewer times than this."""

    at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A provider's word about a message, by our tag or its own id; kept whatever its order.

    `again` says what to do if that word is a failure which may not last.
    """

    status: str
    rank: int
    at: datetime
    tag: str | None = None
    ref: str | None = None
    code: str | None = None
    segments: int | None = None
    price_cents: float | None = None
    again: Again | None = None


@dataclass(frozen=True, slots=True)
class WakeRow:
    """A wake that is due."""

    customer: str
    slot: str
    what: str
    at: datetime


# --- What is read for people --------------------------------------------------------------------


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
class RequestRow:
    """Something that waits for a person, or has been answered by one."""

    id: int
    customer: str
    request: Request
    about: str
    at: datetime
    closed_at: datetime | None
    closed_by: str | None


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


class Store(Protocol):
    """The keeper of journeys, inbox, outbox, wakes, ledger and audit."""

    @property
    def deliveries(self) -> Deliveries:
        """What became of messages in the end."""

    async def close(self) -> None:
        """Refuse new turns, finish those that wait, and close."""

    async def turn(self, key: Key, decide: Callable[[Memory], Decision[T]]) -> T:
        """Answer one event in one transaction; the answer comes after the commit.

        What `decide` raises is raised here and leaves nothing behind. It may be asked more than
        once; only what it says last holds. Raises StorageError where the outcome of the commit is
        not known: repeat it, the inbox makes that harmless.
        """

    # The outbox

    async def claim(self, claim: Claim) -> tuple[OutboxRow, ...]:
        """Take rows that are due and that nobody holds, one in flight per recipient."""

    async def next_due(self, lane: str, now: datetime) -> datetime | None:
        """Tell when the lane next has a row that may leave, None if it is empty."""

    async def post(self, postings: Sequence[Posting], permit: Permit = at_once) -> frozenset[int]:
        """Mark rows as posting; the ids that may leave come back.

        A row cancelled since it was claimed, past its use-by, or unasked to a suppressed or closed
        address becomes `skipped` with the reason and is not among them. What `permit` allows only
        later is ready again from then on, or stale if that is too late. Of one customer no two
        rows are asked for at the same time, so what has left is known exactly.
        """

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
