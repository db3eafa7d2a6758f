"""Hands: rows are claimed ahead where many leave, and what nobody has begun with comes back."""

import asyncio
from datetime import timedelta

import pytest

from bot.channels.channel import NotSent
from bot.sending.hands import Hands, Haul, Work
from flows.customer import Address
from storage.errors import StorageError
from storage.outbox import Claim, Claimed, OutboxRow, OutboxState
from tests.bot.relay_bench import Bench
from tests.cast import NOON
from tests.fakes.outbox import MemoryOutbox

pytestmark = pytest.mark.anyio

MANY = 60
AT_ONCE = 4
TURNS = 50  # of the loop; a send takes three


class SlowOutbox(MemoryOutbox):
    """An outbox whose claims take as long as several sends; knows what it has handed out."""

    __slots__ = ("handed", "most_posting")
    most_posting: int
    handed: set[int]

    async def claim(self, claim: Claim) -> Claimed:
        claimed = await MemoryOutbox.claim(self, claim)
        posting = [kept for kept in self.rows.values() if kept.state is OutboxState.POSTING]
        self.most_posting = max(self.most_posting, len(posting))
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self.handed |= {row.id for row in claimed.rows}
        return claimed


def slow() -> tuple[Bench, SlowOutbox]:
    bench = Bench(in_flight=AT_ONCE, ahead=AT_ONCE)
    outbox = SlowOutbox()
    outbox.most_posting, outbox.handed = 0, set()
    bench.outbox = bench.handler.outbox = outbox
    bench.restart()
    for n in range(MANY):
        bench.add(Address(f"tel:+4917139{n:05}"))
    return bench, outbox


async def test_more_are_claimed_ahead_and_no_more_are_in_the_air() -> None:
    bench, outbox = slow()

    await bench.relay.tick()

    assert len(bench.handler.sent) == len({row for row, _, _ in bench.handler.sent}) == MANY
    assert AT_ONCE < outbox.most_posting <= 2 * AT_ONCE
    assert bench.handler.most_in_air == AT_ONCE


async def test_what_nobody_has_begun_with_waits_again_when_the_lane_rests() -> None:
    bench, outbox = slow()
    too_many = NotSent("too many requests", retry_after=timedelta(seconds=9), holds="lane")
    begun: list[int] = []

    def rest_while_more_are_at_hand() -> None:
        if _at_hand(bench, outbox) and not begun:
            begun.append(len(bench.handler.sent))
            bench.handler.script.append(too_many)

    await _tick_and_look(bench, rest_while_more_are_at_hand)

    assert begun
    assert len(bench.handler.sent) <= begun[0] + 2 * AT_ONCE  # what was in the air, at the most
    waiting = [kept for kept in outbox.rows.values() if kept.state is OutboxState.READY]
    assert len(waiting) == MANY - len(bench.handler.sent) + 1
    assert {kept.row.attempt for kept in waiting} == {0}


async def test_who_was_at_hand_for_long_is_looked_at_once_more() -> None:
    bench, outbox = slow()
    stopped: list[int] = []

    def stop_while_more_are_at_hand() -> None:
        if at_hand := () if stopped else _at_hand(bench, outbox):
            for number in at_hand:
                outbox.rows[number].state = OutboxState.SKIPPED
                stopped.append(number)
            bench.clock.at += timedelta(milliseconds=51)

    await _tick_and_look(bench, stop_while_more_are_at_hand)

    assert stopped
    assert not set(stopped) & {row for row, _, _ in bench.handler.sent}
    assert len(bench.handler.sent) == MANY - len(stopped)


async def test_hands_stay_while_more_is_coming_and_go_home_afterwards() -> None:
    begun: list[int] = []

    async def work(row: OutboxRow, _: Haul) -> None:
        begun.append(row.id)
        await asyncio.sleep(0)

    hands, spawned = _hands(work)
    rows, haul = _rows(MANY), Haul(NOON, NOON, None)

    for n in range(0, MANY, AT_ONCE):
        hands.give(rows[n : n + AT_ONCE], haul, AT_ONCE, is_more_coming=True)
        for _ in range(TURNS):
            await asyncio.sleep(0)
    waiting = [hand for hand in spawned if not hand.done()]
    hands.give((), haul, AT_ONCE, is_more_coming=False)
    await asyncio.wait(spawned, timeout=5)

    assert begun == [row.id for row in rows]
    assert len(spawned) == len(waiting) == AT_ONCE
    assert all(hand.done() for hand in spawned)


async def test_hands_that_wait_for_more_go_home_when_all_is_taken_back() -> None:

    async def work(_: OutboxRow, __: Haul) -> None:
        await asyncio.sleep(0)

    hands, spawned = _hands(work)
    hands.give(_rows(1), Haul(NOON, NOON, None), AT_ONCE, is_more_coming=True)
    for _ in range(TURNS):
        await asyncio.sleep(0)
    (hand,) = spawned
    was_waiting = not hand.done()
    hands.take_back()
    await asyncio.wait(spawned, timeout=5)

    assert was_waiting
    assert hand.done()


async def test_a_row_that_fails_keeps_nobody_else_who_is_at_hand() -> None:
    begun: list[int] = []

    async def work(row: OutboxRow, _: Haul) -> None:
        begun.append(row.id)
        await asyncio.sleep(0)
        raise StorageError

    hands, spawned = _hands(work)
    rows = _rows(MANY)

    hands.give(rows, Haul(NOON, NOON, None), AT_ONCE, is_more_coming=False)
    for hand in spawned:  # those who take over come behind
        await asyncio.wait({hand})

    assert sorted(begun) == [row.id for row in rows]
    assert sum(isinstance(hand.exception(), StorageError) for hand in spawned) == MANY


def _hands(work: Work) -> tuple[Hands, list[asyncio.Task[None]]]:
    spawned: list[asyncio.Task[None]] = []
    return Hands(work, lambda hand: spawned.append(asyncio.create_task(hand))), spawned


def _rows(many: int) -> list[OutboxRow]:
    bench = Bench()
    for n in range(many):
        bench.add(Address(f"tel:+4917139{n:05}"))
    return [kept.row for kept in bench.outbox.rows.values()]


def _at_hand(bench: Bench, outbox: SlowOutbox) -> list[int]:
    """List what was handed out and nobody has begun with, while as many as may are in the air."""
    if bench.handler.in_air < AT_ONCE:
        return []
    begun = {row for row, _, _ in bench.handler.sent}
    posting = (n for n, kept in outbox.rows.items() if kept.state is OutboxState.POSTING)
    return [n for n in posting if n in outbox.handed and n not in begun]


async def _tick_and_look(bench: Bench, look: object) -> None:
    """Let the relay work, and look after each turn of the loop."""
    assert callable(look)
    working = asyncio.create_task(bench.relay.tick())
    while not working.done():
        look()
        await asyncio.sleep(0)
    await working
