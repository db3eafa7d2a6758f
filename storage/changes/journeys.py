"""What a turn changes about a customer: who they are, where they stand, when to come back."""

from dataclasses import dataclass
from datetime import datetime

from flows.customer import Contact, Customer
from flows.effects import Gate
from flows.journey import Journey
from flows.watching import Viewing


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
class PutViewing:
    """Write what a customer has watched of the film."""

    viewing: Viewing
