"""Pace: evenly spaced slots, and never more in a second than the rate."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.changes import Enqueue
from storage.outbox import OutboxRow, OutboxState, Settle
from storage.pace import SECOND as US
from storage.pace import Pace
from tests.cast import NOON
from tests.soak import SOAK
from tests.storage.keepers import KEEPERS, LANE, SECOND, change, claim, to

pytestmark = pytest.mark.anyio

COSTS = st.lists(st.integers(1, 5), min_size=1, max_size=60)
RATES = st.sampled_from([0.5, 1.0, 3.0, 7.5, 10.0, 30.0])


def most_in_a_second(slots: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give, for each slot, what left in the second that ends with it, and how many rows."""
    windows = ([cost for at, cost in slots if end - US < at <= end] for end, _ in slots)
    return [(sum(costs), len(costs)) for costs in windows]


def test_rows_of_one_token_are_evenly_spaced() -> None:
    pace = Pace(10.0, free=0, recent=[])

    slots = []
    for _ in range(12):
        slots.append(pace.slot(1, now=0))
        pace.take(1, slots[-1])

    assert slots == [n * US // 10 for n in range(12)]


def test_an_idle_lane_saves_nothing_up() -> None:
    pace = Pace(1.0, free=0, recent=[])

    first = pace.slot(1, now=100 * US)
    pace.take(1, first)

    assert (first, pace.slot(1, now=100 * US)) == (100 * US, 101 * US)


def test_without_a_rate_everything_leaves_at_once() -> None:
    pace = Pace(None, free=0, recent=[])
    pace.take(5, pace.slot(5, now=7))

    assert pace.slot(5, now=7) == 7


@given(RATES, st.lists(st.tuples(st.integers(1, 5), st.integers(0, 400_000)), max_size=60))
def test_no_second_holds_more_than_the_rate(rate: float, rows: list[tuple[int, int]]) -> None:
    pace, now, slots = Pace(rate, free=0, recent=[]), 0, list[tuple[int, int]]()
    for cost, pause in rows:
        now += pause
        slot = pace.slot(cost, now)
        pace.take(cost, slot)
        slots.append((slot, cost))

    assert all(spent <= rate or rows_then == 1 for spent, rows_then in most_in_a_second(slots))
    assert slots == sorted(slots, key=lambda slot: slot[0])


LATE = st.sampled_from([25_000, 100_000, 400_000, 2 * US])  # of a quick node, and of slow ones
LATE_ROWS = st.lists(st.tuples(st.integers(1, 3), LATE, st.floats(0, 1)), max_size=60)


@given(RATES, LATE_ROWS)
def test_no_second_is_too_full_though_some_nodes_are_much_later_than_others(
    rate: float, rows: list[tuple[int, int, float]]
) -> None:
    free, recent, left = 0, list[tuple[int, int]](), list[tuple[int, int]]()
    for cost, late, share in rows:
        pace = Pace(rate, free, recent, late)
        slot = pace.slot(cost, 0)
        pace.take(cost, slot)
        free, recent = pace.free, pace.recent
        left.append((slot + round(share * late), cost))

    assert all(spent <= rate or rows_then == 1 for spent, rows_then in most_in_a_second(left))


@settings(max_examples=5 * SOAK)
@given(costs=COSTS, rate=RATES, workers=st.integers(1, 3), horizon_s=st.sampled_from([0.0, 0.2]))
async def test_workers_together_keep_the_rate_and_send_everything(
    costs: list[int], rate: float, workers: int, horizon_s: float
) -> None:
    with TemporaryDirectory() as folder:
        store = await KEEPERS["sqlite"](Path(folder))
        await change(store, *(_dear(n, cost) for n, cost in enumerate(costs)))

        rows, now = list[OutboxRow](), NOON
        while (due := await store.next_due(LANE, now)) is not None:
            assert due >= now
            now = due
            for _ in range(workers):
                taken = await claim(store, now, limit=4, rate=rate, horizon_s=horizon_s)
                await store.settle([Settle(row.id, OutboxState.FAILED, now) for row in taken])
                rows.extend(taken)
        await store.close()

    slots = [((row.slot - NOON) // (SECOND / US), row.cost) for row in rows]
    assert sorted(row.cost for row in rows) == sorted(costs)
    assert all(spent <= rate or rows_then == 1 for spent, rows_then in most_in_a_second(slots))


async def test_slots_lie_within_the_horizon(tmp_path: Path) -> None:
    store = await KEEPERS["sqlite"](tmp_path)
    await change(store, *(_dear(n, 1) for n in range(10)))

    first = await claim(store, rate=10.0)
    second = await claim(store, rate=10.0)

    assert [(row.slot - NOON) / SECOND for row in first] == [0.0, 0.1, 0.2]
    assert second == ()
    assert await store.next_due(LANE, NOON) == NOON + 0.3 * SECOND
    await store.close()


def _dear(n: int, cost: int) -> Enqueue:
    return replace(to(f"tel:+49{n}"), cost=cost)


@pytest.mark.parametrize("ahead_s", [120, 3600, 365 * 24 * 3600])
@pytest.mark.parametrize("keeper", KEEPERS)
async def test_a_clock_that_ran_ahead_does_not_keep_a_lane_shut(
    keeper: str, ahead_s: int, tmp_path: Path
) -> None:
    store = await KEEPERS[keeper](tmp_path)
    ahead = NOON + ahead_s * SECOND
    await change(store, to("tel:+491713920011"), to("tel:+491713920012"))

    [early] = await claim(store, ahead, limit=1, rate=1.0)
    due = await store.next_due(LANE, NOON)
    [row] = await claim(store, NOON, limit=1, rate=1.0)

    assert (early.slot, due, row.slot) == (ahead, NOON, NOON)
    await store.close()


@pytest.mark.parametrize("keeper", KEEPERS)
async def test_a_slow_lane_is_not_taken_for_one_whose_clock_ran_ahead(
    keeper: str, tmp_path: Path
) -> None:
    store = await KEEPERS[keeper](tmp_path)
    await change(store, to("tel:+491713920011"), to("tel:+491713920012"))
    await claim(store, limit=1, rate=0.01)

    assert await claim(store, NOON + 90 * SECOND, rate=0.01) == ()
    assert await store.next_due(LANE, NOON) == NOON + 100 * SECOND
    await store.close()
