"""What the sandbox' doors need of the house, and the values that they give and take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.carrier.feed import Taken
from bot.channels.channel import Clock, Inbound
from bot.channels.simulator_phones import Phones


@dataclass(frozen=True, slots=True)
class Report:
    """One event of the operator: `type` without prefix and version, `customer` None for feeds."""

    id: str
    type: str
    customer: str | None
    at: datetime
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Person:
    """One customer in the list; `phone` is E.164."""

    customer: str
    phone: str
    language: str
    state: str
    step: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CreditShown:
    """One credit as it stands."""

    step: str
    megabytes: int
    state: str


@dataclass(frozen=True, slots=True)
class StreakShown:
    """The call-free months: `done` of `months`; both moments None before they begin."""

    months: int
    done: int = 0
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class NextShown:
    """The next thing that will happen to this customer by itself."""

    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of why somebody stands where they stand."""

    at: datetime
    event: str
    id: str
    effect: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one customer stands; `rewards` are the steps of the campaign in order, with MB."""

    customer: str
    phone: str
    language: str
    state: str
    step: str
    flags: tuple[str, ...]
    rewards: tuple[tuple[str, int], ...]
    credits: tuple[CreditShown, ...]
    streak: StreakShown
    next: NextShown | None = None
    why: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Manager:
    """Somebody of the operator who may command the bot; `id` is the Telegram id."""

    id: int
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file that a manager sends."""

    name: str
    text: str


class Ears(Protocol):
    """Who answers customers."""

    async def heard(self, inbound: Inbound) -> None:
        """Answer a message or a tap."""


class Operations(Protocol):
    """Who takes the operator's events."""

    async def happened(self, report: Report) -> Taken:
        """Let a report take effect, once."""


class People(Protocol):
    """Who knows the customers."""

    async def customers(self) -> Sequence[Person]:
        """List all of them by number."""

    async def standing(self, customer: str) -> Standing | None:
        """Tell where one stands and why; None if nobody has this number."""


class Managers(Protocol):
    """Who answers managers."""

    def roster(self) -> Sequence[Manager]:
        """List the managers."""

    async def heard(self, inbound: Inbound, document: Document | None) -> None:
        """Answer what a manager wrote, tapped or sent."""


class Mover(Protocol):
    """Who moves the clock (bot.clock.Mover)."""

    @property
    def next_due(self) -> datetime | None:
        """Tell when the next thing is due."""

    async def advance(self, length: str, *, feeds: bool = True) -> datetime:
        """Move by a length or to the next due thing. Raises ClockError."""

    async def settle(self) -> None:
        """Do what is due now."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the doors need."""

    ears: Ears
    operations: Operations
    people: People
    managers: Managers
    mover: Mover
    phones: Phones
    clock: Clock
    new_id: Callable[[], str]
    is_moving: Callable[[], bool]
