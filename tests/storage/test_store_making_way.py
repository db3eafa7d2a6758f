"""Making way: what has a slot and has not left gives it to something more urgent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage.outbox import Claim, Claimed, OutboxRow, OutboxState, Settle
from storage.store import Store
from tests.cast import NOON
from tests.storage.keepers import LANE, LEASE, change, to

pytestmark = pytest.mark.anyio

WANTED = Claim(LANE, "node", NOON, NOON + LEASE, 9, rate=10.0, horizon_s=0.05, lead_s=0.02)
BULK = to("tel:+49301", "Bulk", priority=4)
ANSWER = to("tel:+49302", "Answer", priority=0)


async def ask(store: Store, *instead_of: OutboxRow) -> Claimed:
    return await store.claim(replace(WANTED, instead_of=instead_of))


async def test_who_asks_in_vain_is_told_how_urgent_it_is(store: Store) -> None:
    await change(store, BULK)
    await ask(store)
    await change(store, ANSWER)

    assert await ask(store) == Claimed(foremost=0)


async def test_an_answer_takes_the_slot_of_bulk_which_waits_again(store: Store) -> None:
    await change(store, BULK)
    (bulk,) = (await ask(store)).rows
    await change(store, ANSWER)

    (answer,) = (await ask(store, bulk)).rows

    assert (answer.body, answer.slot) == ("Answer", bulk.slot)
    assert await store.standing([bulk.tag, answer.tag]) == {answer.tag}
    later = NOON + timedelta(seconds=1)
    (again,) = (await store.claim(replace(WANTED, now=later))).rows
    assert (again.body, again.attempt) == ("Bulk", 1)
    assert again.slot >= answer.slot + timedelta(seconds=0.1)


async def test_each_makes_way_for_one_and_nobody_for_the_equally_urgent(store: Store) -> None:
    await change(store, BULK)
    (bulk,) = (await ask(store)).rows
    await change(store, ANSWER, to("tel:+49303", "Another", priority=0))

    claimed = (await ask(store, bulk)).rows
    in_vain = await ask(store, *claimed)

    assert [row.body for row in claimed] == ["Answer"]
    assert in_vain.rows == ()
    assert await store.standing([claimed[0].tag]) == {claimed[0].tag}


async def test_nobody_makes_way_for_what_costs_more(store: Store) -> None:
    await change(store, BULK)
    (bulk,) = (await ask(store)).rows
    await change(store, replace(ANSWER, cost=2))

    assert (await ask(store, bulk)).rows == ()
    assert await store.standing([bulk.tag]) == {bulk.tag}


async def test_the_slot_of_what_was_cancelled_is_taken_and_it_stays_cancelled(store: Store) -> None:
    await change(store, replace(BULK, customer="100001"))
    (bulk,) = (await ask(store)).rows
    await store.settle(
        [Settle(bulk.id, OutboxState.SKIPPED, NOON, reason="opted_out", tag=bulk.tag)]
    )
    await change(store, ANSWER)

    (answer,) = (await ask(store, bulk)).rows

    assert answer.slot == bulk.slot
    later = NOON + timedelta(seconds=1)
    assert (await store.claim(replace(WANTED, now=later))).rows == ()
