"""The last look before the bytes leave: who is suppressed, what waits, what left lately."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from flows.customer import Address, Contact
from storage.changes import PutContact, Suppress, Unsuppress
from storage.outbox import Claim, Leaving, Left, OutboxRow, OutboxState, Settle
from storage.store import Store
from tests.cast import ALICE, DAY, NOON, STRANGER
from tests.postgres import fast
from tests.storage.keepers import KEEPERS, LANE, LEASE, add, change, claim, states, to

pytestmark = pytest.mark.anyio

ALICES = ALICE.contacts[0].address.uri
HASH = b"sixteen bytes: A"
HASHES = {ALICES: HASH, STRANGER.uri: HASH}
UNASKED = replace(to(ALICES), is_unasked=True)


class Doorkeeper:
    """Lets rows leave from a moment on, and writes down what it was asked."""

    def __init__(self, opens: datetime = NOON) -> None:
        self.opens = opens
        self.asked: list[Leaving] = []

    def __call__(self, leaving: Leaving) -> datetime:
        self.asked.append(leaving)
        return max(leaving.at, self.opens)


async def post(
    store: Store, at: datetime = NOON, permit: Doorkeeper | None = None, lane: str = LANE
) -> tuple[OutboxRow, ...]:
    """Claim what is due and may leave."""
    once = permit or Doorkeeper(at)
    wanted = Claim(lane, "node", at, at + LEASE, 100, permit=once, keyed=HASHES.get)
    return (await store.claim(wanted)).rows


async def test_a_suppressed_address_gets_nothing_unasked_whatever_its_contact_says(
    store: Store,
) -> None:
    await add(store, ALICE)
    await change(store, Suppress(HASH, "customer", NOON), UNASKED, to(ALICES, "You asked."))

    await post(store)

    assert await states(store) == [("skipped", "opted_out"), ("posting", None)]


async def test_start_lifts_the_suppression(store: Store) -> None:
    await add(store, ALICE)
    await change(store, Suppress(HASH, "customer", NOON), Unsuppress(HASH), UNASKED)

    assert len(await post(store)) == 1


async def test_a_stranger_is_answered_though_suppressed_and_without_a_question(
    store: Store,
) -> None:
    await change(store, Suppress(HASH, "stranger", NOON), replace(to(STRANGER.uri), customer=None))
    permit = Doorkeeper(NOON + DAY)

    assert len(await post(store, permit=permit)) == 1
    assert permit.asked == []


async def test_what_may_leave_only_later_waits_and_that_was_no_attempt(store: Store) -> None:
    await add(store, ALICE)
    await change(store, UNASKED)

    at_night = await post(store, permit=Doorkeeper(NOON + DAY))
    early = await claim(store, NOON + DAY - timedelta(seconds=1))
    due = await store.next_due(LANE, NOON)
    (row,) = await claim(store, NOON + DAY)

    assert (at_night, early, due) == ((), (), NOON + DAY)
    assert row.attempt == 1


async def test_what_was_put_off_holds_nobody_up(store: Store) -> None:
    await add(store, ALICE)
    await change(store, UNASKED)
    (row,) = await claim(store)
    await store.settle([Settle(row.id, OutboxState.READY, NOON, due=NOON)])
    await post(store, permit=Doorkeeper(NOON + DAY))

    await change(store, replace(UNASKED, body="Younger"))

    assert [row.body for row in await claim(store)] == ["Younger"]


@pytest.mark.parametrize("wait", [DAY, 2 * DAY])
async def test_what_would_leave_only_when_it_is_stale_is_skipped(
    store: Store, wait: timedelta
) -> None:
    await add(store, ALICE)
    await change(store, replace(UNASKED, use_by=NOON + DAY))

    await post(store, permit=Doorkeeper(NOON + wait))

    assert await states(store) == [("skipped", "stale")]


async def test_what_left_lately_is_told_for_all_lanes_and_only_if_it_was_unasked(
    store: Store,
) -> None:
    await add(store, ALICE)
    telegram = Address("telegram:700001")
    await change(store, PutContact(ALICE.number, Contact(telegram)))
    by_telegram = replace(UNASKED, lane="telegram", recipient=telegram.uri, priority=4)
    for days, row in ((40, by_telegram), (20, by_telegram), (3, to(ALICES)), (2, UNASKED)):
        at = NOON - days * DAY
        await change(store, replace(row, due=at))
        for left in await post(store, at, lane=row.lane):
            await store.settle([Settle(left.id, OutboxState.ACCEPTED, at, ref=f"SM{left.id}")])
    permit = Doorkeeper(NOON)

    await change(store, UNASKED)
    await post(store, permit=permit)

    [leaving] = permit.asked
    assert (leaving.at, leaving.priority, leaving.attempt) == (NOON, UNASKED.priority, 1)
    assert leaving.lately == (Left(NOON - 20 * DAY, 4), Left(NOON - 2 * DAY, UNASKED.priority))


async def test_what_was_refused_does_not_count_as_having_left(store: Store) -> None:
    await add(store, ALICE)
    await change(store, UNASKED)
    (row,) = await claim(store)
    await store.settle([Settle(row.id, OutboxState.FAILED, NOON, reason="content:30007")])
    permit = Doorkeeper()

    await change(store, UNASKED)
    await post(store, permit=permit)

    assert [leaving.lately for leaving in permit.asked] == [()]


async def test_two_lanes_that_post_together_know_of_each_other(store: Store) -> None:
    await add(store, ALICE)
    by_telegram = replace(UNASKED, lane="telegram")
    await change(store, UNASKED, by_telegram)

    def once(leaving: Leaving) -> datetime:
        return leaving.at + DAY if leaving.lately else leaving.at

    async def posting(lane: str) -> int:
        wanted = Claim(lane, "node", NOON, NOON + LEASE, 1, permit=once)
        return len((await store.claim(wanted)).rows)

    counts = await asyncio.gather(posting(LANE), posting("telegram"))

    assert sum(counts) == 1


async def test_what_is_kept_back_takes_no_slot(store: Store) -> None:
    await add(store, ALICE)
    await change(store, Suppress(HASH, "customer", NOON), UNASKED, to("tel:+49302", "You asked."))
    wanted = Claim(LANE, "node", NOON, NOON + LEASE, 9, rate=1.0, keyed=HASHES.get)

    claimed = await store.claim(wanted)

    assert [(row.body, row.slot) for row in claimed.rows] == [("You asked.", NOON)]
    assert claimed.kept_back == 1


async def test_of_what_nobody_asked_for_a_customer_gets_one_at_a_time(store: Store) -> None:
    await add(store, ALICE)
    other = Contact(Address("tel:+49303"))
    await change(store, PutContact(ALICE.number, other))
    await change(store, UNASKED, replace(UNASKED, recipient=other.address.uri, body="Other"))
    permit = Doorkeeper()

    first, second = await post(store, permit=permit), await post(store, permit=permit)

    assert [row.body for row in (*first, *second)] == ["Hello", "Other"]
    assert [len(leaving.lately) for leaving in permit.asked] == [0, 1]


async def test_who_is_held_by_a_turn_is_passed_by_and_comes_next(tmp_path: Path) -> None:
    store = await KEEPERS["postgres"](tmp_path)
    await add(store, ALICE)
    await change(store, UNASKED, to("tel:+49302", "You asked."))
    turn = await asyncpg.connect(await (await fast()).database(tmp_path))

    async with turn.transaction():
        await turn.execute("select 1 from customers for no key update")
        meanwhile = await post(store)
    afterwards = await post(store)

    assert [row.body for row in (*meanwhile, *afterwards)] == ["You asked.", "Hello"]
    await turn.close()
    await store.close()
