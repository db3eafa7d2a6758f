"""Departures: whatever the disk and the other nodes do, no second holds more than the rate."""

import asyncio
import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import pytest

from bot.channels.channel import Accepted, NotSent, Outcome, Refused
from bot.metrics import Metrics
from bot.sending.lanes import Lane, Surroundings
from bot.sending.lead import LONGEST_LATE_S, SHORTEST_LATE_S, Lead
from bot.sending.relay import Relay
from flows.customer import Address
from storage.outbox import Claim, Claimed, OutboxRow, OutboxState, Settle
from storage.pace import Allowance
from tests.bot.relay_bench import SECOND
from tests.cast import NOON
from tests.fakes.outbox import MemoryOutbox
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

CHAT = Allowance(burst=3, every=SECOND)


@dataclass(slots=True)
class TurnedClock:
    """A clock that somebody turns on as soon as nobody has anything to do at its moment."""

    at: datetime = NOON
    waiting: list[tuple[datetime, int, asyncio.Future[None]]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __call__(self) -> datetime:
        return self.at

    async def until(self, moment: datetime) -> None:
        """Wait until the clock has come there."""
        if moment <= self.at:
            return
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self.waiting, (moment, next(self.numbers), arrived))
        await arrived

    async def turn(self, work: "asyncio.Task[datetime | None]") -> datetime | None:
        """Turn the clock until some work is done; gives what it gives."""
        while not work.done():
            for _ in range(12):
                await asyncio.sleep(0)
            if not work.done() and self.waiting:
                self.at, _, arrived = heapq.heappop(self.waiting)
                arrived.set_result(None)
        return work.result()


@dataclass(slots=True)
class SlowOutbox(MemoryOutbox):
    """An outbox whose commits take as long as chance wants."""

    clock: TurnedClock = field(default_factory=TurnedClock)
    chance: Random = field(default_factory=Random)
    slowest_s: float = 0.0

    async def _commit(self) -> None:
        took = self.chance.random() ** 3 * self.slowest_s
        await self.clock.until(self.clock() + timedelta(seconds=took))

    async def claim(self, claim: Claim) -> Claimed:
        claimed = await MemoryOutbox.claim(self, claim)
        await self._commit()
        return claimed

    async def settle(self, settlements: Sequence[Settle]) -> None:
        await self._commit()
        await MemoryOutbox.settle(self, settlements)


@dataclass(slots=True)
class Departing:
    """Accepts everything, but tells those to wait who are on the list, and notes what left when."""

    clock: TurnedClock
    floods: list[str] = field(default_factory=list)
    left: list[tuple[datetime, OutboxRow]] = field(default_factory=list)

    async def send(self, row: OutboxRow, tag: str) -> Outcome:
        self.left.append((self.clock(), row))
        if row.recipient in self.floods:
            self.floods.remove(row.recipient)
            return NotSent("flood_wait", 7 * SECOND, holds="recipient")
        return Accepted(tag)

    async def look_up(self, row: OutboxRow, tag: str, posted_at: datetime) -> Accepted | None:
        raise AssertionError("nothing is unknown")

    async def refused(self, row: OutboxRow, refusal: Refused) -> None:
        raise AssertionError("nothing is refused")

    def moments(self, recipient: str) -> list[float]:
        """Give the seconds from noon at which something left to somebody."""
        return [(at - NOON) / SECOND for at, row in self.left if row.recipient == recipient]


@dataclass(slots=True)
class Loading(Departing):
    """Has to load something before its first send, whoever asks it to."""

    is_loaded: bool = False

    async def prepare(self) -> None:
        """Load it."""
        await self.clock.until(self.clock() + 0.3 * SECOND)
        self.is_loaded = True

    async def send(self, row: OutboxRow, tag: str) -> Outcome:
        if not self.is_loaded:
            await self.prepare()
        return await Departing.send(self, row, tag)


def node(outbox: SlowOutbox, lane: Lane, name: str) -> Relay:
    """Start a node under the turned clock, which is a real one to it."""
    clock = outbox.clock
    return Relay(outbox, (lane,), Surroundings(clock, clock.until, lambda: 0.5, Metrics(), name))


async def work(outbox: SlowOutbox, relays: Sequence[Relay], until: timedelta) -> None:
    """Let nodes work side by side, as their loops do, through a span of time."""

    async def run(relay: Relay) -> None:
        while outbox.clock() < NOON + until:
            due = await relay.tick()
            if due is None and not any(k.state is OutboxState.READY for k in outbox.rows.values()):
                return
            later = outbox.clock() + timedelta(milliseconds=10)
            await outbox.clock.until(max(due or later, later))

    async def all_of() -> None:
        await asyncio.gather(*(run(relay) for relay in relays))

    await outbox.clock.turn(asyncio.create_task(all_of()))


def fullest(left: Sequence[tuple[datetime, OutboxRow]]) -> int:
    """Tell how many tokens the fullest second holds."""
    return max(
        sum(row.cost for at, row in left if start <= at < start + SECOND) for start, _ in left
    )


@pytest.mark.parametrize("slowest_s", [0.0, 0.02, 0.3, 1.5])
@pytest.mark.parametrize("seed", range(2 * SOAK))
async def test_no_second_is_too_full_however_slow_the_commits(slowest_s: float, seed: int) -> None:
    outbox = SlowOutbox(chance=Random(seed), slowest_s=slowest_s)  # noqa: S311
    handler = Departing(outbox.clock)
    for n in range(40):
        outbox.add(Address(f"tel:+491713920{n:03}"), "{}", NOON, cost=1 + n % 3)

    await work(outbox, [node(outbox, Lane("sms", handler, 10.0), "one")], 120 * SECOND)

    assert len({row.id for _, row in handler.left}) == len(handler.left) == 40
    assert fullest(handler.left) <= 10


async def test_no_second_is_too_full_when_the_first_send_has_to_load_something() -> None:
    outbox = SlowOutbox()
    handler = Loading(outbox.clock)
    for n in range(20):
        outbox.add(Address(f"tel:+491713920{n:03}"), "{}", NOON)
    lane = Lane("sms", handler, 10.0, prepare=handler.prepare)

    await work(outbox, [node(outbox, lane, "one")], 10 * SECOND)

    assert len(handler.left) == 20
    assert fullest(handler.left) == 10


@pytest.mark.parametrize("seed", range(2 * SOAK))
async def test_two_nodes_together_keep_the_rate_of_a_lane(seed: int) -> None:
    outbox = SlowOutbox(chance=Random(seed), slowest_s=0.1)  # noqa: S311
    handler = Departing(outbox.clock)
    for n in range(50):
        outbox.add(Address(f"tel:+491713920{n:03}"), "{}", NOON)
    lane = Lane("sms", handler, 10.0)

    await work(outbox, [node(outbox, lane, "one"), node(outbox, lane, "two")], 60 * SECOND)

    assert len({row.id for _, row in handler.left}) == len(handler.left) == 50
    assert fullest(handler.left) <= 10


async def test_a_lane_loses_little_of_its_rate() -> None:
    outbox = SlowOutbox(chance=Random(1), slowest_s=0.03)  # noqa: S311
    handler = Departing(outbox.clock)
    for n in range(120):
        outbox.add(Address(f"tel:+491713920{n:03}"), "{}", NOON)

    await work(outbox, [node(outbox, Lane("sms", handler, 28.0), "one")], 60 * SECOND)

    assert 26 <= len(handler.left) / ((handler.left[-1][0] - NOON) / SECOND) <= 28


async def test_whenever_it_comes_an_answer_waits_little_longer_than_one_slot() -> None:
    waits = [await answered_after(n / 100) for n in range(1, 12)]

    assert max(waits) < 0.12


async def answered_after(moment_s: float) -> float:
    """Let an answer come while bulk fills a lane, and tell how many seconds it waits."""
    outbox = SlowOutbox(chance=Random(1), slowest_s=0.01)  # noqa: S311
    handler = Departing(outbox.clock)
    for n in range(30):
        outbox.add(Address(f"tel:+491713920{n:03}"), "{}", NOON, priority=5)
    asked = NOON + (2 + moment_s) * SECOND

    async def ask() -> None:
        await outbox.clock.until(asked)
        outbox.add(Address("tel:+491713920999"), "{}", asked, priority=0)

    lane = Lane("sms", handler, 10.0)
    await asyncio.gather(work(outbox, [node(outbox, lane, "one")], 2.5 * SECOND), ask())
    [left] = [at for at, row in handler.left if row.priority == 0]
    return (left - asked) / SECOND


async def test_a_stop_while_a_row_waits_for_its_slot_is_honoured() -> None:
    outbox = SlowOutbox()
    handler = Departing(outbox.clock)
    for n in range(3):
        outbox.add(Address(f"tel:+491713920{n:03}"), "{}", NOON)
    working = asyncio.create_task(
        work(outbox, [node(outbox, Lane("sms", handler, 10.0), "one")], 2 * SECOND)
    )
    while outbox.state(1) is not OutboxState.POSTING:  # noqa: ASYNC110 (turned by hand)
        await asyncio.sleep(0)

    outbox.rows[1].state = OutboxState.SKIPPED
    await working

    assert [row.id for _, row in handler.left] == [2, 3]


async def test_a_flood_wait_holds_its_chat_alone_and_takes_no_attempt() -> None:
    outbox = SlowOutbox()
    chats = [Address("telegram:1"), Address("telegram:2")]
    handler = Departing(outbox.clock, floods=[chats[0].uri])
    rows = [outbox.add(chats[n % 2], "{}", NOON, priority=n) for n in range(6)]
    lane = Lane("sms", handler, 28.0, allowances=lambda _: CHAT)

    await work(outbox, [node(outbox, lane, "one"), node(outbox, lane, "two")], 30 * SECOND)

    held, free = (handler.moments(chat.uri) for chat in chats)
    assert len(held) == 4
    assert held[1] - held[0] >= 7
    assert max(free) < 1
    assert [outbox.rows[row].row.attempt for row in rows] == [1] * 6
    assert {outbox.state(row) for row in rows} == {OutboxState.ACCEPTED}


async def test_a_chat_gets_a_small_burst_and_a_group_eighteen_a_minute() -> None:
    outbox = SlowOutbox(chance=Random(3), slowest_s=0.01)  # noqa: S311
    handler = Departing(outbox.clock)
    group = Allowance(burst=3, every=4 * SECOND)
    for _ in range(24):
        outbox.add(Address("telegram:-100"), "{}", NOON)
        outbox.add(Address("telegram:1"), "{}", NOON)
    bears = {"telegram:-100": group, "telegram:1": CHAT}
    lane = Lane("sms", handler, 28.0, allowances=lambda to: bears[to])

    await work(outbox, [node(outbox, lane, "one"), node(outbox, lane, "two")], 150 * SECOND)

    crowded = {
        chat: max(sum(start <= at < start + span for at in left) for start in left)
        for chat, span in (("telegram:-100", 60), ("telegram:1", 10))
        for left in [handler.moments(chat)]
    }
    assert len(handler.left) == 48
    assert crowded == {"telegram:-100": 17, "telegram:1": 12}


def test_the_lead_grows_at_once_and_fades_slowly() -> None:
    lead = Lead()

    lead.committed(0.4 * SECOND)
    grown = lead.seconds
    lead.committed(0.01 * SECOND)
    faded = lead.seconds
    for _ in range(200):
        lead.committed(0.001 * SECOND)
        lead.left(0.001 * SECOND)

    assert grown == pytest.approx(0.6)
    assert grown > faded > 0.9 * grown
    assert lead.seconds < 0.02
    assert lead.late_s == SHORTEST_LATE_S


def test_however_late_a_node_is_its_lateness_is_bounded() -> None:
    lead = Lead()

    lead.left(60 * SECOND)

    assert lead.late_s == LONGEST_LATE_S
