"""Settling: what became of rows, also when workers die, sleep too long or never learn it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage.outbox import OutboxState, Settle
from storage.store import Store
from tests.cast import ALICE, BABAK, DAY, NOON, STRANGER
from tests.storage.keepers import (
    LANE,
    LEASE,
    SECOND,
    add,
    bodies,
    change,
    claim,
    sent,
    states,
    to,
)

pytestmark = pytest.mark.anyio

A, B = ALICE.contacts[0].address.uri, BABAK.contacts[0].address.uri


async def test_an_accepted_row_keeps_the_providers_id(store: Store) -> None:
    await add(store, ALICE)
    await change(store, to(A))
    (row,) = await claim(store)

    await sent(store, row, "SM7", NOON + SECOND)

    dossier = await store.dossier(ALICE.number)
    assert dossier is not None
    (message,) = dossier.messages
    assert (message.state, message.ref) == (OutboxState.ACCEPTED, "SM7")
    assert message.sent_at == NOON + SECOND
    assert await store.known_refs(["SM7", "SM8"]) == {"SM7"}


async def test_two_rows_never_share_the_providers_id(store: Store) -> None:
    await add(store, ALICE)
    await change(store, to(A), to(B))
    first, second = await claim(store)

    await sent(store, first, "SM7")
    await sent(store, second, "SM7")

    assert [state for state, _ in await states(store)] == ["accepted", "accepted"]


async def test_a_dead_worker_loses_what_it_held(store: Store) -> None:
    await add(store, ALICE)
    await change(store, to(A), to(B))
    rows = await claim(store)

    too_early = await store.recover(NOON + LEASE - SECOND)
    lost = await store.recover(NOON + LEASE)

    assert (too_early, lost) == (0, len(rows)) == (0, 2)
    assert [state for state, _ in await states(store)] == ["unknown", "unknown"]
    assert await claim(store, NOON + LEASE) == ()


async def test_an_unknown_outcome_is_looked_up_when_it_is_due(store: Store) -> None:
    await change(store, to(A))
    (row,) = await claim(store)
    look = NOON + 30 * SECOND
    await store.settle([Settle(row.id, OutboxState.UNKNOWN, NOON, reason="timeout", due=look)])

    assert await store.next_look(LANE) == look
    assert await store.unresolved(LANE, NOON, 10) == ()
    (lost,) = await store.unresolved(LANE, look, 10)
    assert (lost.row.id, lost.row.body, lost.row.attempt) == (row.id, "Hello", 1)
    assert (lost.row.tag, lost.posted_at) == (row.tag, NOON)
    await store.settle([Settle(row.id, OutboxState.UNKNOWN, look, reason="not listed")])
    assert await store.next_look(LANE) is None
    assert await bodies(store, NOON + DAY) == []


async def test_a_recovered_send_is_looked_up_at_once(store: Store) -> None:
    await change(store, to(A))
    await claim(store)

    await store.recover(NOON + LEASE)

    assert await store.next_look(LANE) == NOON + LEASE


async def test_a_row_of_unknown_outcome_may_leave_once_more(store: Store) -> None:
    await change(store, to(A))
    (row,) = await claim(store)
    await store.settle([Settle(row.id, OutboxState.UNKNOWN, NOON)])
    await store.settle([Settle(row.id, OutboxState.READY, NOON, reason="resent", due=NOON)])

    (again,) = await claim(store)

    assert (again.id, again.attempt) == (row.id, 2)


@pytest.mark.parametrize("late", [OutboxState.READY, OutboxState.UNKNOWN, OutboxState.FAILED])
async def test_a_late_word_of_an_earlier_attempt_changes_nothing(
    store: Store, late: OutboxState
) -> None:
    await add(store, ALICE)
    await change(store, to(A))
    (row,) = await claim(store)
    await store.recover(NOON + LEASE)
    await store.settle([Settle(row.id, OutboxState.READY, NOON + LEASE, due=NOON + LEASE)])
    await claim(store, NOON + LEASE)

    await store.settle([Settle(row.id, late, NOON + LEASE, tag=row.tag)])

    assert [state for state, _ in await states(store)] == ["posting"]


async def test_an_earlier_attempt_that_was_accepted_stays_apart_and_can_prove_a_double(
    store: Store,
) -> None:
    await add(store, ALICE)
    await change(store, to(A))
    (row,) = await claim(store)
    await store.settle([Settle(row.id, OutboxState.READY, NOON, due=NOON)])
    await claim(store)

    accepted = Settle(row.id, OutboxState.ACCEPTED, NOON, ref="SM1", tag=row.tag)
    await store.settle([accepted])

    assert [state for state, _ in await states(store)] == ["posting"]
    assert await store.known_refs(["SM1"]) == frozenset()


@pytest.mark.parametrize("final", [OutboxState.ACCEPTED, OutboxState.FAILED, OutboxState.UNKNOWN])
async def test_a_strangers_row_goes_once_it_is_final(store: Store, final: OutboxState) -> None:
    await change(store, replace(to(STRANGER.uri), customer=None))
    (row,) = await claim(store)

    look = NOON + timedelta(seconds=30)
    await store.settle([Settle(row.id, OutboxState.UNKNOWN, NOON, due=look)])
    (lost,) = await store.unresolved(LANE, look, 10)
    await store.settle([Settle(row.id, final, look)])

    assert lost.row.recipient == STRANGER.uri
    assert await store.unresolved(LANE, look, 10) == ()
    await change(store, to(A))
    (next_row,) = await claim(store)
    assert next_row.id > row.id


async def test_a_strangers_stale_row_goes_too(store: Store) -> None:
    await change(store, replace(to(STRANGER.uri), customer=None, use_by=NOON))

    assert await claim(store) == ()
    assert await store.next_due(LANE, NOON) is None
