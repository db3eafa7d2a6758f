"""What a turn changes: a decision is a list of these, applied all or none."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar
from uuid import UUID

from flows.customer import Address, Contact, Customer
from flows.effects import Gate, Request
from flows.events import Feed
from flows.journey import Journey
from flows.watching import Viewing
from storage.memory import Code, CreditRow, InboxKey, Link

T = TypeVar("T")


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
    """Write where a customer stands; state, step and month are repeated for audiences.

    `seal`: that of the journal's end.
    """

    journey: Journey
    state: str
    step: str
    month: int
    at: datetime
    seal: bytes | None = None


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
    """Take back everything unasked that is queued for a customer; the row keeps the reason.

    What is marked as posting for a later moment than `at` has not left, and is taken back too.
    """

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
class RevokeLinks:
    """Let all links of a customer that were made for this purpose lead nowhere."""

    customer: str
    purpose: str


@dataclass(frozen=True, slots=True)
class PutCode:
    """Write the code that was sent to a customer; each has one at most."""

    code: Code


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
class AskQuestion:
    """Put a customer's words before the people behind the bot, to be answered at this address.

    They are added to the question that waits or was answered within the last day, if there is one;
    what was kept within the last hour comes before them.
    """

    customer: str
    address: Address
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HoldWords:
    """Keep what a customer said for a person who may be asked soon, and for no longer.

    What was kept before the last hour is deleted.
    """

    customer: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TakeQuestion:
    """Let somebody take a question over, which waits again; None: it is anybody's again."""

    request: int
    by: str | None


@dataclass(frozen=True, slots=True)
class AnswerQuestion:
    """Keep what somebody of us answered."""

    request: int
    customer: str
    by: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ShowWords:
    """Note that the managers were shown these words."""

    id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CountUnfound:
    """Count words that found no topic in the week of this Monday, and the nearest topic."""

    week: date
    words: tuple[str, ...]
    topic: str


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
class Erase:
    """Forget a customer: who they are is deleted, and what must stay passes to a pseudonym.

    Credits, ledger and the counts of broadcasts stay; customer, contacts, journey, journal,
    messages, links, wakes, requests and viewings go. `names` are what reports that wait may know
    them by.
    """

    customer: str
    pseudonym: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CloseBooks:
    """Let go of a pseudonym whose time is over: its bookings are carried over as one sum.

    The balances of all accounts that are nobody's own stay as they are.
    """

    pseudonym: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DropHistory:
    """Delete a customer's journal, messages, viewing and answered requests; a sealed row follows.

    What is still on its way to them stays.
    """

    customer: str


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
    | RevokeLinks
    | PutCode
    | PutViewing
    | SetWatermark
    | KeepText
    | OpenRequest
    | CloseRequest
    | AskQuestion
    | HoldWords
    | TakeQuestion
    | AnswerQuestion
    | ShowWords
    | CountUnfound
    | CountStranger
    | Quarantine
    | Unquarantine
    | Audit
    | PutIncident
    | Erase
    | CloseBooks
    | DropHistory
)


@dataclass(frozen=True, slots=True)
class Decision(Generic[T]):
    """What a turn changes, and what its caller is told after the commit."""

    answer: T
    changes: tuple[Change, ...] = ()
