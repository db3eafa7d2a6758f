"""One node at a time has the shift, and the next takes it when that one is gone."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.shift import LASTS, OnShift, Shift
from tests.bot.relay_bench import HandClock
from tests.cast import NOON
from tests.storage.keepers import KEEPERS

pytestmark = pytest.mark.anyio

SECOND = timedelta(seconds=1)


class Counting:
    """A worker that counts how often it worked."""

    ticks = 0

    async def tick(self) -> datetime | None:
        self.ticks += 1
        return NOON


@pytest.mark.parametrize("keeper", KEEPERS)
async def test_one_node_works_at_a_time_and_another_once_it_is_gone(
    keeper: str, tmp_path: Path
) -> None:
    store, clock = await KEEPERS[keeper](tmp_path), HandClock()
    first, second = Counting(), Counting()
    on_first = OnShift(first, Shift(store, "first", clock))
    on_second = OnShift(second, Shift(store, "second", clock))

    for _ in range(30):
        assert await on_first.tick() == NOON
        assert await on_second.tick() is None
        clock.at += SECOND
    clock.at += LASTS

    assert await on_second.tick() == NOON
    assert await on_first.tick() is None
    assert (first.ticks, second.ticks) == (30, 1)
    await store.close()


@pytest.mark.parametrize("keeper", KEEPERS)
async def test_who_ends_in_good_order_leaves_the_shift_at_once(keeper: str, tmp_path: Path) -> None:
    store, clock, stop = await KEEPERS[keeper](tmp_path), HandClock(), asyncio.Event()
    ending, next_ = Shift(store, "ending", clock), Shift(store, "next", clock)
    assert await ending.is_ours()
    assert not await next_.is_ours()

    stop.set()
    await ending.give_back(stop)

    assert not await ending.is_ours()
    assert await next_.is_ours()
    await store.close()
