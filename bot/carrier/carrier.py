"""The contract with the operator's charging system: what is ordered, and what an order comes to.

The operator offers no idempotency that could be relied on, so the answers keep apart what was
booked, what was certainly not booked, and what nobody knows yet.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class CarrierError(Exception):
    """The operator's side cannot be used."""


class UnusableOrderError(CarrierError):
    """An order must not leave as it is; the message names the field."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One line at the operator: customer number, phone (E.164), and its TMF654 ids if known."""

    customer: str
    phone: str | None = None
    bucket: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class CreditOrder:
    """A credit as the operator is asked for it, or to take it back; `valid_until` is aware."""

    credit_id: UUID
    subscriber: Subscriber
    megabytes: int
    step: str
    campaign: str
    valid_until: datetime | None = None
    takes_back: bool = False

    def __post_init__(self) -> None:
        """Raise UnusableOrderError for what a published schema would let pass."""
        # bool is an int, and `true` MB would be booked as 1.
        if type(self.megabytes) is not int or self.megabytes <= 0:
            raise UnusableOrderError(f"megabytes: {self.megabytes!r} is no whole number above 0")
        if self.valid_until is not None and self.valid_until.tzinfo is None:
            raise UnusableOrderError("valid_until: needs a zone")


# --- What an order comes to ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Booked:
    """The volume is in the bucket; until when it can be used, if the operator said so."""

    provider_id: str
    usable_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The operator has the order under this id and will book it."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing was booked this time; asking again may help."""

    reason: str
    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The operator will never book this as it is."""

    reason: str


@dataclass(frozen=True, slots=True)
class Contested:
    """The operator speaks of a conflict (409) and yet shows no booking of ours."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """It may have been booked. Look it up; never ask again blindly."""

    why: str


@dataclass(frozen=True, slots=True)
class Halted:
    """Nobody is served now: credentials, quota or address are wrong, or it asks us to wait.

    `may_have_booked`: the operator broke off so late (503) that only a look-up tells.
    """

    why: str
    retry_after: timedelta | None = None
    may_have_booked: bool = False


CarrierAnswer = Booked | Accepted | Failed | Rejected | Contested | Unclear | Halted


# --- What is read -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Volume:
    """What is left in the data buckets, in decimal MB, and until when it can be used."""

    megabytes: int
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a bill, tax included if the operator tells it so; what is taken off is negative.

    `is_recurring`: it is charged for every period, as the price of a tariff is.
    """

    name: str
    cents: int
    is_recurring: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """The latest bill of an account; amounts in cents of its currency, as far as they are told.

    `ends_at` is as the operator writes it: the first moment after the period, or its last day.
    """

    id: str
    number: str | None
    billed_at: datetime
    state: str
    due_at: datetime | None = None
    cents: int | None = None
    currency: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    lines: tuple[BillLine, ...] = ()
    previous_cents: int | None = None
    previous_lines: tuple[BillLine, ...] = ()


class Standing(StrEnum):
    """How a top-up stands in the operator's books."""

    BOOKED = "booked"
    UNDER_WAY = "under way"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Record:
    """One top-up of ours in the operator's books; what the operator does not tell is None.

    `credit` is the id that we gave along; without one nobody knows what it was for.
    """

    provider_id: str
    credit: UUID | None
    standing: Standing
    megabytes: int | None = None
    bucket: str | None = None
    phone: str | None = None


class Orders(Protocol):
    """Where orders of one kind are placed. No verb raises for what an operator or a network do."""

    @property
    def sends_validity(self) -> bool:
        """Tell whether the operator is told until when the volume shall be usable."""

    async def request(self, order: CreditOrder) -> CarrierAnswer:
        """Ask for it; a caller has committed that it will."""

    async def follow(self, provider_id: str) -> CarrierAnswer | None:
        """Ask what became of an order by the operator's own id; None if it does not know it."""

    async def look_up(self, credit_id: UUID, since: datetime) -> CarrierAnswer | None:
        """Search the operator's list for a credit; None only if the whole list lacks it."""

    async def look_up_all(
        self, credits_: Collection[UUID], since: datetime
    ) -> Mapping[UUID, CarrierAnswer | None]:
        """Search for many credits, by as few readings of the list as can be."""


class Carrier(Orders, Protocol):
    """The operator's charging system: credits are ordered here."""

    @property
    def corrections(self) -> Orders:
        """Where what was credited is taken back."""

    async def remaining(self, subscriber: Subscriber) -> Volume | None:
        """Read what is left of the month's volume; None if the operator cannot tell."""

    async def last_bill(self, subscriber: Subscriber) -> Bill | None:
        """Read the latest bill; None if the operator cannot tell."""

    async def close(self) -> None:
        """Give back connections."""
