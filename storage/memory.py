"""What a turn reads: everything that concerns one customer, as one frozen value."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flows.credit import CreditState
from flows.customer import Address, Customer
from flows.effects import Request
from flows.events import Feed
from flows.journey import Journey
from flows.watching import Viewing


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
    with_code: bool = False  # and the code that was sent last
    with_question: bool = False  # and what they last asked people


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
class Code:
    """The code that was last sent to a customer's own address, known by its keyed hash only.

    `tries` counts the wrong ones that were given since; `sent` the codes since `since`.
    """

    customer: str
    hash: bytes
    expires_at: datetime
    tries: int
    sent: int
    since: datetime


@dataclass(frozen=True, slots=True)
class CreditRow:
    """One credit as the ledger holds it; `megabytes` below zero takes one back.

    What takes back has a cycle below zero as well: that of the first attempt is -1.
    """

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

    @property
    def takes_back(self) -> bool:
        """Tell whether this is the counter-entry of a credit."""
        return self.megabytes < 0


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
class QuestionRow:
    """A question that a person answers, as `request` of the queue; `address` is where to answer."""

    request: int
    customer: str
    address: Address
    asked_at: datetime
    taken_by: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def state(self) -> str:
        """Tell how far it is: open, taken, answered or closed."""
        if self.closed_at is None:
            return "taken" if self.taken_by else "open"
        return "answered" if self.answered_at == self.closed_at else "closed"


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything a turn may decide on."""

    seen: Seen | None = None
    customer: Customer | None = None
    journey: Journey | None = None
    terms: str | None = None  # the version the journey is pinned to
    entries: int = 0  # how many rows the customer's journal has
    tail: bytes = b""  # the hash of its last row
    seal: bytes | None = None  # what was sealed as its end
    credits: tuple[CreditRow, ...] = ()
    is_suppressed: bool = False
    suppressed: frozenset[bytes] = frozenset()  # of the key's `address_hashes`
    stranger_answered_at: datetime | None = None
    link: Link | None = None
    watermarks: tuple[tuple[Feed, datetime], ...] = ()
    reserved_megabytes: int = 0  # promised to members of the campaign, not delivered yet
    delivered_megabytes: int = 0
    viewing: Viewing | None = None  # only where the key asks for it
    code: Code | None = None  # so is this
    request: RequestRow | None = None  # the one that the key names
    question: QuestionRow | None = None  # that one, or the customer's latest where the key asks
