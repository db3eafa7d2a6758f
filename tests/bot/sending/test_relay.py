"""The relay's pace: how many at a time, how fast, in which order; and its endless loop."""

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Unknown
from bot.metrics import Metrics
from bot.sending.belt import LEASE
from bot.sending.lanes import Lane, Surroundings
from bot.sending.relay import Relay
from flows.customer import Address
from storage.errors import StorageError
from storage.outbox import Claim, Claimed, OutboxState
from tests.bot.relay_bench import ALICES, HOUR, MINUTE, SECOND, Bench, ScriptedHandler
from tests.cast import NOON
from tests.fakes.outbox import MemoryOutbox

pytestmark = pytest.mark.anyio


async def test_no_more_are_in_the_air_than_the_lane_allows() -> None:
    bench = Bench(in_flight=3)
    bench.handler.hold_s = 0.002
    for n in range(10, 30):
        bench.add(Address(f"tel:+4917139200{n}"))

    await bench.relay.tick()

    assert len(bench.handler.sent) == 20
    assert bench.handler.most_in_air == 3


async def test_a_slow_send_does_not_hold_up_the_lane() -> None:
    bench = Bench(in_flight=2)
    slow = bench.add()
    bench.handler.hold_s = 0.2

    sending = asyncio.create_task(bench.relay.tick())
    await asyncio.sleep(0.02)
    bench.handler.hold_s = 0
    for n in range(20, 40):
        bench.add(Address(f"tel:+4917139200{n}"))
    other = Relay(bench.outbox, (Lane("sms", bench.handler),), _around(bench))
    await other.tick()

    assert bench.outbox.state(slow) is OutboxState.POSTING
    assert len(bench.handler.sent) == 21
    await sending


def _around(bench: Bench) -> Surroundings:
    clock = bench.clock
    return Surroundings(clock, clock.until, lambda: 0.5, bench.metrics, "node-2", horizon_s=0)


async def test_answers_leave_before_bulk() -> None:
    bench = Bench(rate=1.0)
    bulk = [bench.add(Address(f"tel:+4917139200{n}"), priority=4) for n in range(20, 25)]
    await bench.relay.tick()
    answer = bench.add(priority=0)

    await bench.pass_time(MINUTE)

    assert [row for row, _, _ in bench.handler.sent] == [bulk[0], answer, *bulk[1:]]


async def test_bulk_that_waits_for_its_slot_makes_way_for_an_answer() -> None:
    bench, held, go = Bench(rate=1.0), asyncio.Event(), asyncio.Event()

    async def until(moment: datetime) -> None:
        held.set()
        await go.wait()
        await bench.clock.until(moment)

    around = replace(_around(bench), until=until, horizon_s=0.05)
    relay = Relay(bench.outbox, (Lane("sms", bench.handler, 1.0),), around)
    bulk = bench.add(Address("tel:+491713920020"), priority=4)
    stop, poke = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(relay.run(stop, poke))
    await held.wait()

    answer = bench.add(priority=0)
    poke.set()
    for _ in range(50):  # turns of the loop; the claim takes a few
        await asyncio.sleep(0)
    go.set()
    stop.set()
    await running

    assert [row for row, _, _ in bench.handler.sent] == [answer]
    assert (bench.outbox.state(bulk), bench.outbox.rows[bulk].row.attempt) == (OutboxState.READY, 0)


@given(costs=st.lists(st.integers(1, 6), min_size=1, max_size=40), gap_s=st.floats(0, 3))
def test_no_lane_exceeds_its_rate_in_any_second(costs: list[int], gap_s: float) -> None:
    async def play() -> list[tuple[datetime, int]]:
        bench = Bench(rate=10.0)
        for n, cost in enumerate(costs):
            due = NOON + timedelta(seconds=gap_s * (n % 3))
            bench.outbox.add(Address(f"tel:+491713920{n:03}"), "{}", due, cost=cost)
        await bench.pass_time(HOUR)
        return [(at, costs[row - 1]) for row, _, at in bench.handler.sent]

    sent = asyncio.run(play())

    assert len(sent) == len(costs)
    for start, _ in sent:
        window = [cost for at, cost in sent if start <= at < start + SECOND]
        assert sum(window[:-1]) < 10  # the last one only begins in it


@dataclass(slots=True)
class RunningClock:
    """A clock that runs at real speed from noon on."""

    started: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=time.monotonic() - self.started)

    async def until(self, moment: datetime) -> None:
        await asyncio.sleep(max((moment - self()).total_seconds(), 0))


def running(outbox: MemoryOutbox, handler: ScriptedHandler) -> tuple[Relay, Metrics]:
    clock, metrics = RunningClock(), Metrics()
    around = Surroundings(clock, clock.until, lambda: 0.5, metrics, "node-1")
    return Relay(outbox, (Lane("sms", handler, rate=100.0),), around), metrics


async def test_the_loop_is_woken_survives_a_broken_store_and_ends_in_order() -> None:
    bench = Bench()
    bench.handler.hold_s = 0.05
    outbox = BreakingOutbox(bench.outbox.rows)
    bench.handler.outbox = outbox
    relay, _ = running(outbox, bench.handler)
    stop, poke = asyncio.Event(), asyncio.Event()

    loop = asyncio.create_task(relay.run(stop, poke))
    outbox.failures = 1
    await asyncio.sleep(0.02)
    row = outbox.add(ALICES, "{}", NOON)
    poke.set()
    while not bench.handler.sent:  # noqa: ASYNC110 (the handler offers no event)
        await asyncio.sleep(0.005)
    stop.set()
    await loop

    assert outbox.state(row) is OutboxState.ACCEPTED


class BreakingOutbox(MemoryOutbox):
    """An outbox whose claims fail a few times."""

    __slots__ = ("failures",)
    failures: int

    async def claim(self, claim: Claim) -> Claimed:
        failures = getattr(self, "failures", 0)
        if failures:
            self.failures = failures - 1
            raise StorageError
        return await MemoryOutbox.claim(self, claim)


async def test_what_a_predecessor_may_hold_is_asked_for_when_its_lease_ends() -> None:
    bench = Bench()

    due = await bench.relay.tick()
    bench.clock.at = NOON + LEASE

    assert due == NOON + LEASE
    assert await bench.relay.tick() is None


async def test_a_slow_look_up_does_not_make_the_loop_spin() -> None:
    bench = Bench()
    bench.handler.script.append(Unknown("TimeoutError"))
    row = bench.add()
    await bench.relay.tick()
    counting = CountingOutbox(bench.outbox.rows)
    bench.handler.look_ups_s[row] = 0.1
    clock = RunningClock(started=time.monotonic() - 31)
    around = Surroundings(clock, clock.until, lambda: 0.5, bench.metrics, "node-1")
    relay = Relay(counting, (Lane("sms", bench.handler),), around)
    stop = asyncio.Event()

    loop = asyncio.create_task(relay.run(stop, asyncio.Event()))
    await asyncio.sleep(0.08)
    claims = counting.claims
    stop.set()
    await loop

    assert len(bench.handler.looked) == 1
    assert claims <= 3


class CountingOutbox(MemoryOutbox):
    """An outbox that counts how often it was asked."""

    __slots__ = ("claims",)
    claims: int

    async def claim(self, claim: Claim) -> Claimed:
        self.claims = getattr(self, "claims", 0) + 1
        return await MemoryOutbox.claim(self, claim)
