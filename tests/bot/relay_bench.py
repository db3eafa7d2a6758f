"""A relay of one lane on an outbox in memory, with a handler that does as it is told."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.channels.channel import Accepted, Fault, Outcome, Refused
from bot.metrics import Metrics
from bot.sending.lanes import Lane, Surroundings
from bot.sending.relay import Relay
from flows.customer import Address
from storage.errors import StorageError
from storage.outbox import OutboxRow, OutboxState
from tests.cast import ALICE, BABAK, NOON
from tests.fakes.outbox import MemoryOutbox

ALICES = ALICE.contacts[0].address
BABAKS = BABAK.contacts[0].address
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class HandClock:
    """A clock that stands still until somebody moves it or waits on it."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    async def until(self, moment: datetime) -> None:
        """Wait: the clock jumps."""
        self.at = max(self.at, moment)


@dataclass(slots=True)
class ScriptedHandler:
    """Answers as it is told, and writes down what it was given."""

    outbox: MemoryOutbox
    clock: HandClock
    script: deque[Outcome | Exception] = field(default_factory=deque)
    found: deque[Accepted | Exception | None] = field(default_factory=deque)
    sent: list[tuple[int, str, datetime]] = field(default_factory=list)
    looked: list[datetime] = field(default_factory=list)
    closed: list[tuple[int, Fault]] = field(default_factory=list)
    prepared: list[datetime] = field(default_factory=list)
    unmarked: int = 0
    is_deaf: bool = False
    hold_s: float = 0
    look_ups_s: dict[int, float] = field(default_factory=dict)
    in_air: int = 0
    most_in_air: int = 0

    async def prepare(self) -> None:
        """Note when it was asked to get ready."""
        self.prepared.append(self.clock())

    async def send(self, row: OutboxRow, tag: str) -> Outcome:
        kept = self.outbox.rows[row.id]
        if (kept.state, kept.row.tag) != (OutboxState.POSTING, tag):
            self.unmarked += 1
        self.sent.append((row.id, tag, self.clock()))
        self.in_air += 1
        self.most_in_air = max(self.most_in_air, self.in_air)
        await asyncio.sleep(self.hold_s)
        self.in_air -= 1
        outcome = self.script.popleft() if self.script else Accepted(f"ref-{len(self.sent)}")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def look_up(self, row: OutboxRow, tag: str, posted_at: datetime) -> Accepted | None:
        self.looked.append(self.clock())
        await asyncio.sleep(self.look_ups_s.get(row.id, 0))
        found = self.found.popleft() if self.found else None
        if isinstance(found, Exception):
            raise found
        return found

    async def refused(self, row: OutboxRow, refusal: Refused) -> None:
        if self.is_deaf:
            raise StorageError
        self.closed.append((row.id, refusal.fault))


@dataclass(slots=True)
class Bench:
    """A relay of one lane on an outbox in memory, and a way to let time pass."""

    rate: float | None = None
    in_flight: int = 20
    ahead: int = 0
    horizon_s: float = 0
    clock: HandClock = field(default_factory=HandClock)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    metrics: Metrics = field(default_factory=Metrics)
    handler: ScriptedHandler = field(init=False)
    relay: Relay = field(init=False)

    def __post_init__(self) -> None:
        self.handler = ScriptedHandler(self.outbox, self.clock)
        self.restart()

    def restart(self) -> None:
        """Forget whatever the relay holds in memory."""
        lane = Lane(
            "sms",
            self.handler,
            self.rate,
            self.in_flight,
            ahead=self.ahead,
            prepare=self.handler.prepare,
        )
        around = Surroundings(
            self.clock,
            self.clock.until,
            lambda: 0.5,
            self.metrics,
            "node-1",
            horizon_s=self.horizon_s,
        )
        self.relay = Relay(self.outbox, (lane,), around)

    def add(self, to: Address = ALICES, **rest: object) -> int:
        """Queue a row that is due now."""
        return self.outbox.add(to, "{}", self.clock(), **rest)

    async def pass_time(self, length: timedelta) -> None:
        """Let the relay work through a span of time."""
        end = self.clock() + length
        while (due := await self.relay.tick()) is not None and due <= end:
            self.clock.at = max(due, self.clock())
        self.clock.at = end

    def count(self, name: str, **labels: str) -> float:
        """Read one figure of the lane."""
        return self.metrics.registry.get_sample_value(name, {"lane": "sms", **labels}) or 0.0
