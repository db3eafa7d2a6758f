"""Receipts: whatever their order, what is known about a message only rises."""

import itertools
from dataclasses import replace

import pytest

from storage.outbox import OutboxRow, OutboxState, Receipt, Settle
from storage.store import Store
from tests.cast import ALICE, NOON, STRANGER
from tests.storage.keepers import LANE, add, change, claim, sent, states, to

pytestmark = pytest.mark.anyio

A = ALICE.contacts[0].address.uri
RANKS = {"queued": 2, "sending": 3, "sent": 4, "delivered": 5, "undelivered": 5, "failed": 5}


def receipt(status: str, *, tag: str | None = None, ref: str | None = "SM1") -> Receipt:
    return Receipt(status, RANKS.get(status, -1), NOON, tag=tag, ref=ref)


async def message(store: Store) -> OutboxRow:
    """Claim a message of Alice's whose provider has not answered yet."""
    await add(store, ALICE)
    await change(store, to(A))
    (row,) = await claim(store)
    return row


async def test_a_receipt_for_nothing_we_know_is_refused(store: Store) -> None:
    assert not await store.receipt(receipt("delivered", tag="foreign"))


@pytest.mark.parametrize("order", list(itertools.permutations(["queued", "sent", "delivered"])))
async def test_a_delivered_message_is_delivered_in_every_order(
    store: Store, order: tuple[str, ...]
) -> None:
    row = await message(store)
    await store.settle([Settle(row.id, OutboxState.ACCEPTED, NOON, ref="SM1")])

    known = [await store.receipt(receipt(status)) for status in (*order, *order)]

    assert all(known)
    assert await states(store) == [("delivered", None)]


@pytest.mark.parametrize("first", ["undelivered", "failed"])
async def test_of_two_ends_the_first_stays_unless_it_arrived_after_all(
    store: Store, first: str
) -> None:
    row = await message(store)
    await store.receipt(receipt(first, tag=row.tag))
    failed = await states(store)
    await store.receipt(receipt("delivered"))
    await store.receipt(receipt(first))

    assert [state for state, _ in failed] == ["failed"]
    assert [state for state, _ in await states(store)] == ["delivered"]


async def test_a_receipt_may_overtake_the_providers_own_answer(store: Store) -> None:
    row = await message(store)

    await store.receipt(receipt("delivered", tag=row.tag))
    await store.settle([Settle(row.id, OutboxState.ACCEPTED, NOON, ref="SM1")])

    assert await states(store) == [("delivered", None)]
    assert await store.known_refs(["SM1"]) == {"SM1"}


@pytest.mark.parametrize("late", [OutboxState.UNKNOWN, OutboxState.READY])
async def test_a_receipt_is_not_lowered_by_a_worker_that_knows_less(
    store: Store, late: OutboxState
) -> None:
    row = await message(store)

    await store.receipt(receipt("queued", tag=row.tag))
    await store.settle([Settle(row.id, late, NOON, due=NOON)])

    assert [state for state, _ in await states(store)] == ["accepted"]
    assert await claim(store) == ()


async def test_a_receipt_resolves_an_unknown_outcome(store: Store) -> None:
    row = await message(store)
    await store.settle([Settle(row.id, OutboxState.UNKNOWN, NOON, due=NOON)])

    await store.receipt(receipt("sent", tag=row.tag))

    assert await store.unresolved(LANE, NOON, 10) == ()
    assert [state for state, _ in await states(store)] == ["accepted"]


async def test_what_turns_out_to_have_left_does_not_leave_again(store: Store) -> None:
    row = await message(store)
    await store.settle([Settle(row.id, OutboxState.READY, NOON, due=NOON)])

    await store.receipt(receipt("sent", tag=row.tag))

    assert await claim(store) == ()


async def test_an_unknown_word_is_no_step_of_the_ladder(store: Store) -> None:
    row = await message(store)
    await store.receipt(receipt("sent", tag=row.tag))

    assert await store.receipt(receipt("teleported"))
    assert [state for state, _ in await states(store)] == ["accepted"]


async def test_a_strangers_row_goes_with_its_first_receipt(store: Store) -> None:
    await change(store, replace(to(STRANGER.uri), customer=None))
    (row,) = await claim(store)

    known = await store.receipt(receipt("queued", tag=row.tag))
    await store.settle([Settle(row.id, OutboxState.ACCEPTED, NOON, ref="SM1")])

    assert known
    assert await store.known_refs(["SM1"]) == frozenset()


async def test_two_messages_keep_their_receipts_apart(store: Store) -> None:
    await add(store, ALICE)
    await change(store, to(A), to("tel:+49301"))
    first, second = await claim(store)
    await sent(store, first, "SM1")
    await sent(store, second, "SM2")

    await store.receipt(receipt("delivered", ref="SM2"))

    assert [state for state, _ in await states(store)] == ["accepted", "delivered"]
