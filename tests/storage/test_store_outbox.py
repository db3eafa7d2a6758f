"""The outbox: who may leave, in which order, and what became of it."""

import asyncio
from dataclasses import replace

import pytest

from flows.customer import Contact
from storage.changes import CancelQueued, PutContact, PutCustomer, Show
from storage.outbox import OutboxState, Settle
from storage.store import Store
from tests.cast import ALICE, BABAK, DAY, NOON
from tests.storage.keepers import (
    LANE,
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


# --- Order --------------------------------------------------------------------------------------


async def test_rows_come_by_priority_then_moment_then_age(store: Store) -> None:
    await change(
        store,
        to("r1", "bulk", priority=4),
        to("r2", "late", due=NOON - SECOND),
        to("r3", "early", due=NOON - 2 * SECOND),
        to("r4", "early too", due=NOON - 2 * SECOND),
        to("r5", "answer", priority=0),
    )

    assert await bodies(store) == ["answer", "early", "early too", "late", "bulk"]


async def test_what_is_not_due_stays(store: Store) -> None:
    await change(store, to("r1", due=NOON + SECOND))

    assert await bodies(store) == []
    assert await store.next_due(LANE, NOON) == NOON + SECOND
    assert await bodies(store, NOON + SECOND) == ["Hello"]


async def test_lanes_do_not_mix(store: Store) -> None:
    await change(store, replace(to("r1"), lane="telegram"))

    assert await bodies(store) == []
    assert await store.next_due(LANE, NOON) is None


async def test_two_workers_never_get_the_same_row(store: Store) -> None:
    await change(store, *(to(f"r{n}", str(n)) for n in range(40)))

    taken = await asyncio.gather(*(claim(store, limit=7) for _ in range(8)))

    ids = [row.id for rows in taken for row in rows]
    assert len(ids) == len(set(ids)) == 40
    assert sorted(len(rows) for rows in taken) == [0, 0, 5, 7, 7, 7, 7, 7]


async def test_a_recipient_gets_one_message_after_the_other(store: Store) -> None:
    await change(store, to(A, "first"), to(A, "second"), to(B, "other"))

    (first, other) = await claim(store)
    while_in_flight = await bodies(store), await store.next_due(LANE, NOON)
    await sent(store, first)

    assert (first.body, other.body) == ("first", "other")
    assert while_in_flight == ([], None)
    assert await bodies(store) == ["second"]


async def test_what_waits_to_leave_again_is_not_overtaken(store: Store) -> None:
    await change(store, to(A, "first"), to(A, "second"), to(A, "urgent", priority=0))
    (urgent,) = await claim(store)
    await sent(store, urgent)
    (first,) = await claim(store)
    later = NOON + 10 * SECOND
    await store.settle([Settle(first.id, OutboxState.READY, NOON, reason="busy", due=later)])
    overtaking = await bodies(store), await store.next_due(LANE, NOON)
    await change(store, to(A, "answer", priority=0))
    (answer,) = await claim(store)
    await sent(store, answer, "SM2")

    assert overtaking == ([], later)
    assert answer.body == "answer"
    assert await bodies(store, later) == ["first"]


async def test_an_attempt_that_was_none_is_not_counted(store: Store) -> None:
    await change(store, to(A))
    (row,) = await claim(store)
    await store.settle([Settle(row.id, OutboxState.READY, NOON, due=NOON, counts=False)])
    (again,) = await claim(store)
    await store.settle([Settle(row.id, OutboxState.READY, NOON, due=NOON)])
    (third,) = await claim(store)

    assert [row.attempt, again.attempt, third.attempt] == [1, 1, 2]


async def test_what_is_said_about_a_credit_is_said_once(store: Store) -> None:
    await add(store, ALICE)
    told = replace(to(A), about="credit-1", line="Credited")
    await change(store, told, replace(told, line="CreditDelayed"))
    await change(store, told)

    assert len(await states(store)) == 2


async def test_what_is_said_on_a_page_is_there_at_once_and_never_leaves(store: Store) -> None:
    shown = Show(ALICE.number, "Credited", "+600 MB", NOON, about="credit")

    await change(store, PutCustomer(ALICE, NOON), shown, shown, replace(shown, about=None))

    rows = await store.latest_messages(ALICE.number, 9)
    assert [(row.state, row.body, row.about, row.sent_at) for row in rows] == [
        (OutboxState.DELIVERED, "+600 MB", None, NOON),
        (OutboxState.DELIVERED, "+600 MB", "credit", NOON),
    ]
    assert {row.recipient for row in rows} == {f"page:{ALICE.number}"}
    assert await store.next_due("page", NOON + DAY) is None


async def test_a_paused_lane_rests_and_the_longer_pause_holds(store: Store) -> None:
    await change(store, to(A))
    await store.pause_lane(LANE, NOON + 9 * SECOND, "20429")
    await store.pause_lane(LANE, NOON + SECOND, "20429")

    assert await bodies(store, NOON + 8 * SECOND) == []
    assert await store.next_due(LANE, NOON) == NOON + 9 * SECOND
    assert await bodies(store, NOON + 9 * SECOND) == ["Hello"]


# --- At the moment of sending -------------------------------------------------------------------


async def test_a_claimed_row_is_posting_under_a_tag_of_its_own(store: Store) -> None:
    await add(store, ALICE)
    await change(store, to(A), to(B))

    rows = await claim(store)

    assert [state for state, _ in await states(store)] == ["posting", "posting"]
    assert await store.standing([row.tag for row in rows]) == {row.tag for row in rows}
    assert all(len(row.tag) >= 22 for row in rows)


@pytest.mark.parametrize(
    ("contact", "reason"),
    [
        (Contact(ALICE.contacts[0].address, opted_out_at=NOON), "opted_out"),
        (Contact(ALICE.contacts[0].address, blocked_at=NOON), "blocked"),
    ],
)
async def test_a_closed_address_gets_nothing_unasked(
    store: Store, contact: Contact, reason: str
) -> None:
    await add(store, ALICE)
    await change(
        store, replace(to(A), is_unasked=True), replace(to("tel:+4930", "answer"), priority=9)
    )
    await change(store, PutContact(ALICE.number, contact))

    assert await bodies(store) == ["answer"]
    assert await states(store) == [("skipped", reason), ("posting", None)]


async def test_an_address_that_is_not_theirs_any_more_gets_nothing_unasked(store: Store) -> None:
    await add(store, ALICE)
    await change(store, replace(to("tel:+491713920099"), is_unasked=True))

    assert await claim(store) == ()
    assert await states(store) == [("skipped", "no_address")]


async def test_an_answer_leaves_even_after_stop(store: Store) -> None:
    await add(store, ALICE)
    closed = Contact(ALICE.contacts[0].address, opted_out_at=NOON)
    await change(store, PutContact(ALICE.number, closed), to(A))

    assert await bodies(store) == ["Hello"]


async def test_what_is_stale_does_not_leave(store: Store) -> None:
    await add(store, ALICE)
    await change(store, replace(to(A), use_by=NOON + SECOND))

    assert await claim(store, NOON + SECOND) == ()
    assert await states(store) == [("skipped", "stale")]


async def test_stop_takes_back_what_is_unasked_and_has_not_left(store: Store) -> None:
    await add(store, ALICE)
    reminder = replace(to(A, "reminder"), is_unasked=True)
    await change(store, reminder, replace(reminder, due=NOON + DAY), to(A, "status"))
    (row,) = await claim(store, rate=1.0, lead_s=0.1)
    await change(store, CancelQueued(ALICE.number, "opted_out", NOON))

    assert (row.body, row.slot) == ("reminder", NOON + 0.1 * SECOND)
    assert await store.standing([row.tag]) == frozenset()
    assert [state for state, _ in await states(store)] == ["skipped", "skipped", "ready"]
    assert await bodies(store, NOON + 2 * SECOND) == ["status"]
