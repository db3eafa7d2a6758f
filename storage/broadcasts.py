"""What is kept of broadcasts, and the verbs by which they are read and changed.

Recipients have one row each and are counted by state in the same transaction that changes them, so
that planned is the sum of the states at every instant, and progress is read, never counted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from flows.audience import Term
from flows.broadcast import BroadcastState, Draft
from storage.changes import Audit, Enqueue, MintLink
from storage.memory import Memory

# Added to the moments of whatever a pause holds (by migration 016 as well), and taken back later.
HELD = timedelta(days=365_000)


@dataclass(frozen=True, slots=True)
class BroadcastRow:
    """One broadcast as it stands; `hash` is that of the draft when it was written."""

    id: int
    draft: Draft
    hash: str
    state: BroadcastState
    drafted_at: datetime
    reason: str = ""
    starts_at: datetime | None = None
    approved_by: str | None = None
    approved_hash: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    is_planned: bool = False
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many recipients are in each state, and how many are passed over for each reason."""

    states: Mapping[str, int] = field(default_factory=dict)
    excluded: Mapping[str, int] = field(default_factory=dict)

    @property
    def planned(self) -> int:
        """Add up the recipients."""
        return sum(self.states.values())


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a broadcast is for, and the rules by which somebody is passed over.

    `schemes` are those of the channels that are on; `per_week` and `per_month` cap broadcasts.
    """

    terms: tuple[Term, ...]
    schemes: tuple[str, ...]
    now: datetime
    per_week: int
    per_month: int
    broadcast: int = 0  # does not count against itself


@dataclass(frozen=True, slots=True)
class Asked:
    """The facts that the texts of a broadcast ask for."""

    attributes: tuple[str, ...] = ()
    has_customer: bool = False
    has_month: bool = False
    has_megabytes: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """People of an audience for whom words of one size go the same way; `sample` is one of them.

    Of those passed over for a `reason` language and scheme may be empty.
    """

    reason: str | None
    language: str
    scheme: str | None
    count: int
    sample: str
    attributes: tuple[str | None, ...] = ()
    month: int | None = None
    megabytes: int | None = None


@dataclass(frozen=True, slots=True)
class Talking:
    """How many wrote to us last within the same second; `at` is when the last of them did."""

    at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class Census:
    """How many customers share a state, an open step and a month; no state: not invited."""

    state: str
    step: str
    month: int
    number: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What became lately of recipients: how many, how many failed, how many then opted out."""

    sent: int
    failed: int
    opted_out: int


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One line of the final report."""

    customer: str
    state: str
    reason: str | None
    attempts: int
    address: str | None
    channel: str | None
    sent_at: datetime | None
    ref: str | None
    segments: int | None
    price_cents: float | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Composed:
    """What somebody gets, and the personal links that stand in it."""

    row: Enqueue
    links: tuple[MintLink, ...] = ()


Move = Callable[[BroadcastRow], tuple[BroadcastRow, tuple[Audit, ...]]]
Compose = Callable[[Memory, int], Composed | str]  # or why somebody is passed over


class Broadcasting(Protocol):
    """The keeper of broadcasts."""

    async def draft(self, row: BroadcastRow, audit: Audit) -> int:
        """Keep a new draft; its id comes back. `audit.about` is written before the id."""

    async def note(self, audit: Audit) -> None:
        """Keep what a manager did, or was refused, in the managers' chain."""

    async def find(self, number: int) -> BroadcastRow | None:
        """Read one broadcast."""

    async def all(self) -> tuple[BroadcastRow, ...]:
        """List all broadcasts, the newest first."""

    async def at_work(self) -> tuple[int, ...]:
        """List those for which something remains to be done."""

    async def counts(self, number: int) -> Counts:
        """Read the counters."""

    async def move(self, number: int, move: Move) -> BroadcastRow | None:
        """Change where a broadcast stands, in one transaction; None if there is none.

        What `move` raises is raised here and leaves nothing behind. A pause takes back what waits
        in the outbox, a cancelled broadcast's waiting rows are skipped.
        """

    async def survey(self, audience: Audience, asked: Asked) -> tuple[Group, ...]:
        """Look at an audience without planning anything."""

    async def talking(self, audience: Audience, since: datetime) -> tuple[Talking, ...]:
        """Count those who would be written to and wrote to us after a moment, the last first."""

    async def has_attribute(self, name: str) -> bool:
        """Tell whether any customer has an attribute."""

    async def census(self) -> tuple[Census, ...]:
        """Count all customers by where they stand."""

    async def plan(self, number: int, audience: Audience) -> bool:
        """Plan the next chunk of a running broadcast; False once all are planned."""

    async def feed(self, number: int, compose: Compose, most: int, now: datetime) -> int:
        """Put the next recipients of a running broadcast into the outbox.

        Never more than `most` of one broadcast wait there.
        """

    async def withdraw(self, number: int) -> bool:
        """Skip a chunk of those a cancelled broadcast had planned; False once there is none."""

    async def next_unsent(self, number: int) -> datetime | None:
        """Tell when the first row that waits in the outbox may leave."""

    async def lately(self, number: int, most: int) -> Settled:
        """Tell what became of the last recipients since it was started or resumed."""

    async def pace(self, number: int) -> float | None:
        """Give the messages a second at which the last ones left; None while nobody can tell."""

    async def retry_failed(self, number: int, move: Move) -> int:
        """Let those who failed be tried once more; tells how many they are."""

    async def report(self, number: int, after: str, most: int) -> tuple[ReportRow, ...]:
        """List what became of everybody, by customer, a page at a time."""

    async def last_waiting(self, lines: tuple[str, ...]) -> datetime | None:
        """Tell when the last of those leaves that wait to say one of these lines; None: nobody.

        Whoever is held back does not count.
        """

    async def hold(self, lines: tuple[str, ...] | None) -> int:
        """Hold back the next of those that wait to say one of these lines; tells how many.

        None: all that is unasked. Nothing of it leaves or becomes stale until it is released.
        """

    async def release(
        self, lines: tuple[str, ...] | None, later: timedelta, worth: timedelta
    ) -> int:
        """Let the next of those that are held back leave so much later than they would have.

        Whatever has a use-by is stale when `worth` has passed since it was queued, however long it
        was held.
        """
