"""Timers: whatever is due rings once, in time, and the cost follows what is due."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.turns.timers import Timers
from flows.effects import Gate
from flows.events import Feed
from storage.changes import SetWake
from tests.bot.small_house import SmallHouse, small_house
from tests.cast import ALICE, BABAK, DAY

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[SmallHouse]:
    async with small_house(tmp_path) as opened:
        yield opened


def timers(house: SmallHouse) -> Timers:
    return Timers(house.store, house.premises.turns, house.premises.clock)


async def test_with_nothing_due_a_tick_tells_when_something_will_be(house: SmallHouse) -> None:
    assert await timers(house).tick() is None
    await house.invite()
    before = house.counts()

    assert await timers(house).tick() == house.now + 7 * DAY

    assert house.counts() == before


async def test_a_wait_that_is_over_rings_by_itself_and_once(house: SmallHouse) -> None:
    await house.join()
    house.clock.at += 3 * DAY - timedelta(seconds=1)
    await timers(house).tick()
    assert (await house.lines())[3:] == []
    house.clock.at += timedelta(seconds=1)

    for _ in range(3):
        await timers(house).tick()

    assert (await house.lines())[3:] == ["StepReminder"]


async def test_two_processes_that_ring_at_the_same_time_say_it_once(house: SmallHouse) -> None:
    await house.join()
    await house.join(BABAK)
    house.clock.at += 3 * DAY

    await asyncio.gather(*(timers(house).tick() for _ in range(4)))

    for customer in (ALICE, BABAK):
        assert (await house.lines(customer.number))[3:] == ["StepReminder"]


async def test_whoever_was_asleep_for_weeks_says_only_the_latest(house: SmallHouse) -> None:
    await house.join()
    house.clock.at += 25 * DAY

    due = await timers(house).tick()

    assert (await house.lines())[3:] == ["StepReminder"]
    assert due is not None
    assert due > house.now


async def test_what_waits_for_a_feed_does_not_ring_before_it_is_complete(
    house: SmallHouse,
) -> None:
    gate = Gate(Feed.HOTLINE, house.now)
    await house.join()
    await house.change(SetWake(ALICE.number, "hotline", "settle", house.now, gate))

    assert await house.store.due_wakes(house.now, 9) == ()


async def test_a_wake_that_no_turn_answers_is_left_alone_for_a_while(house: SmallHouse) -> None:
    await house.change(SetWake("999999", "calendar", "steps", house.now))

    due = await timers(house).tick()

    assert due == house.now + timedelta(minutes=1)
