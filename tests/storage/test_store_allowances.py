"""What single recipients bear, and what is taken back while it waits for its slot."""

from dataclasses import replace
from datetime import datetime

import pytest

from flows.customer import Address, Contact
from storage.changes import CancelQueued, PutContact
from storage.claiming import MOST_NOT_LEAVING
from storage.outbox import Claim, OutboxRow, OutboxState, Settle
from storage.pace import Allowance
from storage.store import Store
from tests.cast import ALICE, NOON
from tests.storage.keepers import LANE, LEASE, SECOND, add, change, claim, states, to

pytestmark = pytest.mark.anyio

CHAT = Allowance(burst=3, every=SECOND)
ALICES = ALICE.contacts[0].address.uri


async def claimed(store: Store, now: datetime, limit: int = 100) -> tuple[OutboxRow, ...]:
    """Claim what is due, as a lane does that spares its recipients."""
    wanted = Claim(LANE, "node", now, now + LEASE, limit, allowances=lambda _: CHAT)
    return (await store.claim(wanted)).rows


async def leave(store: Store, now: datetime) -> list[str]:
    """Let everything leave that may, one after the other."""
    words = list[str]()
    while rows := await claimed(store, now):
        await store.settle([Settle(row.id, OutboxState.ACCEPTED, now) for row in rows])
        words += [row.body for row in rows]
    return words


async def test_a_recipient_gets_some_at_once_and_then_one_at_a_time(store: Store) -> None:
    await change(store, *(to("telegram:1", str(n)) for n in range(6)))

    at_once = await leave(store, NOON)
    due = await store.next_due(LANE, NOON)
    later = [await leave(store, NOON + n * SECOND) for n in (0.9, 1, 1.5, 2, 3)]

    assert at_once == ["0", "1", "2"]
    assert due == NOON + SECOND
    assert later == [[], ["3"], [], ["4"], ["5"]]


async def test_who_was_left_in_peace_bears_as_many_again(store: Store) -> None:
    await change(store, *(to("telegram:1", str(n)) for n in range(3)))
    await leave(store, NOON)

    await change(store, *(to("telegram:1", str(n)) for n in range(3, 9)))

    assert await leave(store, NOON + 60 * SECOND) == ["3", "4", "5"]


async def test_who_has_had_enough_holds_nobody_else_up(store: Store) -> None:
    await change(store, *(to("telegram:1", str(n)) for n in range(5)), to("telegram:2", "other"))
    words = await leave(store, NOON)

    await change(store, to("telegram:3", "a third"))

    assert set(words) == {"0", "1", "2", "other"}
    assert await leave(store, NOON) == ["a third"]


async def test_many_who_have_had_enough_take_several_claims(store: Store) -> None:
    """Each is a short transaction; whoever stands behind them all leaves at the same moment."""
    many = MOST_NOT_LEAVING + 1
    await change(store, *(to(f"telegram:{n}", "later") for n in range(many)))
    for n in range(many):
        await store.pause_recipient(f"telegram:{n}", NOON + 7 * SECOND)
    await change(store, to("telegram:last", "now"))
    wanted = Claim(LANE, "node", NOON, NOON + LEASE, 100, allowances=lambda _: CHAT)

    first, second = await store.claim(wanted), await store.claim(wanted)

    assert (first.rows, first.held) == ((), MOST_NOT_LEAVING)
    assert ([row.body for row in second.rows], second.held) == (["now"], 1)
    assert await store.next_due(LANE, NOON) == NOON + 7 * SECOND


async def test_a_paused_recipient_gets_nothing_on_any_priority_and_the_longer_pause_holds(
    store: Store,
) -> None:
    await change(store, to("telegram:1", "report"), to("telegram:2", "other"))
    await store.pause_recipient("telegram:1", NOON + 7 * SECOND)
    await store.pause_recipient("telegram:1", NOON + SECOND)
    await change(store, to("telegram:1", "answer", priority=0))

    assert await leave(store, NOON) == ["other"]
    assert await leave(store, NOON + 6.9 * SECOND) == []
    assert await store.next_due(LANE, NOON) == NOON + 7 * SECOND
    assert await leave(store, NOON + 7 * SECOND) == ["answer"]
    assert await leave(store, NOON + 8 * SECOND) == ["report"]


async def test_a_pause_that_is_over_leaves_nothing_behind_and_one_that_is_not_holds(
    store: Store,
) -> None:
    await store.pause_recipient("telegram:1", NOON + 60 * SECOND)
    await store.pause_recipient("telegram:2", NOON + 2 * SECOND)
    await store.recover(NOON + 30 * SECOND)

    await change(store, to("telegram:1"), to("telegram:2"))

    rows = await claimed(store, NOON)
    assert [row.recipient for row in rows] == ["telegram:2"]


# --- Before its slot ----------------------------------------------------------------------------


async def test_slots_lie_at_least_the_lead_ahead_and_further_apart_by_what_may_be_late(
    store: Store,
) -> None:
    await change(store, *(to(f"r{n}") for n in range(12)))
    wanted = Claim(LANE, "node", NOON, NOON + LEASE, 12, 10.0, 2.0, lead_s=0.05, late_s=0.1)

    rows = (await store.claim(wanted)).rows

    ahead = [(row.slot - NOON) / SECOND for row in rows]
    assert ahead[:3] == [0.05, 0.16, 0.27]
    assert ahead[10] - ahead[0] == pytest.approx(1.1)


async def test_a_slot_is_asked_for_ahead_but_no_row_before_it_is_due(store: Store) -> None:
    await change(store, to("r1"), to("r2"), to("r3"))
    await claim(store, limit=1, rate=1.0)

    assert await store.next_due(LANE, NOON) == NOON + SECOND
    assert await store.next_due(LANE, NOON, 0.25) == NOON + 0.75 * SECOND


async def test_a_stop_takes_back_what_waits_for_its_slot_and_nothing_that_has_left(
    store: Store,
) -> None:
    await add(store, ALICE)
    reminder = replace(to(ALICES, "left"), is_unasked=True)
    by_telegram = Contact(Address("telegram:1"))
    await change(store, PutContact(ALICE.number, by_telegram))
    waits = replace(reminder, recipient="telegram:1", body="waits")
    await change(store, reminder)
    rows = await claim(store)
    await change(store, waits, to("telegram:2", "asked for"))
    rows += await claim(store, rate=1.0, horizon_s=3.0, lead_s=2.0)
    tags = {row.body: row.tag for row in rows}

    await change(store, CancelQueued(ALICE.number, "opted_out", NOON + SECOND))

    standing = await store.standing([*tags.values(), "never"])
    assert standing == {tags["left"], tags["asked for"]}
    assert ("skipped", "opted_out") in await states(store)


async def test_an_attempt_that_is_settled_stands_no_more(store: Store) -> None:
    await change(store, to("r1"))
    [row] = await claim(store)

    before = await store.standing([row.tag])
    await store.settle([Settle(row.id, OutboxState.READY, NOON, due=NOON, counts=False)])

    assert before == {row.tag}
    assert await store.standing([row.tag]) == frozenset()
