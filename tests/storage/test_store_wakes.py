"""A wake is due once its moment has come and its gate is open."""

from datetime import datetime

import pytest

from flows.effects import Gate
from flows.events import Feed
from storage.changes import ClearWake, SetWake, SetWatermark
from storage.memory import Key
from storage.store import Store
from tests.cast import ALICE, BABAK, CAROL, DAY, NOON
from tests.storage.keepers import SECOND, change, recall

pytestmark = pytest.mark.anyio


def wake(customer: str, at: datetime, needs: datetime | None = None) -> SetWake:
    gate = None if needs is None else Gate(Feed.HOTLINE, needs)
    return SetWake(customer, "month", "month_over", at, gate)


async def due(store: Store, now: datetime, limit: int = 10) -> list[str]:
    return [row.customer for row in await store.due_wakes(now, limit)]


async def test_wakes_are_due_from_their_moment_on_the_oldest_first(store: Store) -> None:
    await change(store, wake(ALICE.number, NOON + DAY), wake(BABAK.number, NOON))

    assert await store.next_wake() == NOON
    assert await due(store, NOON - SECOND) == []
    assert await due(store, NOON) == [BABAK.number]
    assert await due(store, NOON + DAY) == [BABAK.number, ALICE.number]
    assert await due(store, NOON + DAY, limit=1) == [BABAK.number]


async def test_one_slot_holds_one_wake(store: Store) -> None:
    await change(store, wake(ALICE.number, NOON))
    await change(store, wake(ALICE.number, NOON + DAY))
    later = await store.next_wake()
    await change(store, ClearWake(ALICE.number, "month"))

    assert later == NOON + DAY
    assert await store.next_wake() is None
    assert await due(store, NOON + DAY) == []


async def test_a_gate_opens_when_its_feed_has_come_so_far(store: Store) -> None:
    await change(store, wake(ALICE.number, NOON, needs=NOON + DAY))
    closed = await due(store, NOON + 9 * DAY), await store.next_wake()
    await change(store, SetWatermark(Feed.PORTAL, NOON + 9 * DAY))
    other_feed = await due(store, NOON + 9 * DAY)
    await change(store, SetWatermark(Feed.HOTLINE, NOON + DAY - SECOND))
    too_early = await due(store, NOON + 9 * DAY)
    await change(store, SetWatermark(Feed.HOTLINE, NOON + DAY))

    assert closed == ([], None)
    assert other_feed == too_early == []
    assert await due(store, NOON) == [ALICE.number]
    assert await store.next_wake() == NOON


async def test_a_wake_whose_feed_is_there_already_is_open_at_once(store: Store) -> None:
    await change(store, SetWatermark(Feed.HOTLINE, NOON))
    await change(store, wake(ALICE.number, NOON, needs=NOON))
    await change(store, wake(BABAK.number, NOON, needs=NOON + SECOND))

    assert await due(store, NOON) == [ALICE.number]


async def test_a_new_gate_closes_a_wake_that_was_open(store: Store) -> None:
    await change(store, wake(CAROL.number, NOON))
    await change(store, wake(CAROL.number, NOON, needs=NOON + DAY))

    assert await due(store, NOON) == []


async def test_a_watermark_never_falls(store: Store) -> None:
    await change(store, SetWatermark(Feed.HOTLINE, NOON))
    await change(store, SetWatermark(Feed.HOTLINE, NOON - DAY))

    assert await store.watermarks() == {Feed.HOTLINE: NOON}
    assert (await recall(store, Key())).watermarks == ((Feed.HOTLINE, NOON),)
