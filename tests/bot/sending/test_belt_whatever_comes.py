"""A belt never stands still while rows wait, whatever comes of its sends, nor does it too much."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.channel import Fault, NotSent, Outcome, Refused, Unknown
from bot.sending.lanes import Lane, Surroundings
from bot.sending.relay import Relay
from flows.customer import Address
from storage.errors import StorageError
from storage.outbox import Claim, Claimed, Leaving, OutboxState, Settle
from storage.pace import Allowance
from tests.bot.relay_bench import MINUTE, SECOND, Bench
from tests.fakes.outbox import Kept, MemoryOutbox
from tests.soak import SOAK

MOST_TICKS = 2000
CHAT = Allowance(burst=2, every=SECOND)

TROUBLES: tuple[Outcome | None, ...] = (
    None,
    None,
    NotSent("no connection"),
    NotSent("flood_wait", timedelta(seconds=9), "recipient"),
    NotSent("too many requests", timedelta(seconds=3), "lane"),
    Refused(Fault.SENDER, "30034"),
    Refused(Fault.LATER, "30008"),
    Unknown("timeout"),
)


@dataclass(frozen=True, slots=True)
class Day:
    """What a lane is like, what waits, and what comes of it; the numbers are turns of the loop."""

    in_flight: int
    rate: float | None
    spares: bool
    rows: int
    recipients: int
    troubles: list[Outcome | None]
    claims: list[int]  # how long each takes; a negative one fails
    settles: list[int]
    put_off: int


DAYS = st.builds(
    Day,
    in_flight=st.integers(1, 6),
    rate=st.sampled_from([None, 10.0, 100.0]),
    spares=st.booleans(),
    rows=st.integers(1, 30),
    recipients=st.integers(1, 30),
    troubles=st.lists(st.sampled_from(TROUBLES), max_size=30),
    claims=st.lists(st.integers(-1, 12), max_size=30),
    settles=st.lists(st.integers(-1, 12), max_size=30),
    put_off=st.integers(0, 5),
)


class WilfulOutbox(MemoryOutbox):
    """An outbox whose claims and settlements take as long as they are told, or fail."""

    __slots__ = ("claims", "settles")
    claims: deque[int]
    settles: deque[int]

    async def claim(self, claim: Claim) -> Claimed:
        before = await _turns(self.claims)
        claimed = await MemoryOutbox.claim(self, claim)
        for _ in range(before):
            await asyncio.sleep(0)
        return claimed

    async def settle(self, settlements: Sequence[Settle]) -> None:
        await _turns(self.settles)
        await MemoryOutbox.settle(self, settlements)


async def _turns(script: deque[int]) -> int:
    turns = script.popleft() if script else 1
    if turns < 0:
        raise StorageError
    for _ in range(turns):
        await asyncio.sleep(0)
    return turns


@settings(max_examples=25 * SOAK, deadline=None)
@given(DAYS)
def test_every_row_is_accepted_in_the_end_and_no_more_are_in_the_air_than_may(day: Day) -> None:
    asyncio.run(_live_through(day))


async def _live_through(day: Day) -> None:
    bench = _bench(day)
    for _ in range(MOST_TICKS):
        try:
            due = await bench.relay.tick()
        except StorageError:
            due = bench.clock() + SECOND
        if all(map(_is_over, bench.outbox.rows.values())):
            break
        assert due is not None
        bench.clock.at = max(due, bench.clock())
    else:
        raise AssertionError(list(bench.outbox.rows.values()))
    states = {kept.state for kept in bench.outbox.rows.values()}
    assert states == {OutboxState.ACCEPTED} or not _is_clear(day)
    assert bench.handler.most_in_air <= day.in_flight
    assert bench.handler.unmarked == 0


def _is_over(kept: Kept) -> bool:
    """Tell whether nothing more becomes of a row; what stays unknown is looked up no more."""
    is_lost = kept.state is OutboxState.UNKNOWN and kept.due is None
    return is_lost or kept.state in {OutboxState.ACCEPTED, OutboxState.FAILED}


def _is_clear(day: Day) -> bool:
    """Tell whether each send and settlement of a day says what has become of a row."""
    is_told = all(outcome is None or isinstance(outcome, NotSent) for outcome in day.troubles)
    return is_told and all(turns >= 0 for turns in day.settles)


def _bench(day: Day) -> Bench:
    bench, outbox = Bench(), WilfulOutbox()
    outbox.claims, outbox.settles = deque(day.claims), deque(day.settles)
    bench.outbox = bench.handler.outbox = outbox
    for outcome in day.troubles:
        if outcome is not None:
            bench.handler.script.append(outcome)
    lane = Lane("sms", bench.handler, day.rate, day.in_flight)
    if day.spares:
        lane = replace(lane, allowances=lambda _: CHAT)
    put_off = iter([MINUTE] * day.put_off)

    def permit(leaving: Leaving) -> datetime:
        return leaving.at + next(put_off, timedelta())

    around = Surroundings(
        bench.clock,
        bench.clock.until,
        lambda: 0.5,
        bench.metrics,
        "node-1",
        horizon_s=0.05,
        permit=permit,
    )
    bench.relay = Relay(outbox, (lane,), around)
    for n in range(day.rows):
        to = Address(f"tel:+4917139{n % day.recipients:05}")
        bench.add(to, priority=n % 3, may_resend=True)
    return bench
