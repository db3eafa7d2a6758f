"""What became of messages in the end: soft failures leave again, prices come late, ends count."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from storage.deliveries import Priced, Share
from storage.outbox import Again, Receipt
from storage.store import Store
from tests.cast import ALICE, DAY, NOON
from tests.storage.keepers import LANE, add, change, claim, sent, states, to

pytestmark = pytest.mark.anyio

ALICES = ALICE.contacts[0].address.uri
LATER = NOON + timedelta(hours=2)
AGAIN = Again(LATER, attempts=2)


def failed(code: str = "30003", ref: str = "SM1", again: Again | None = AGAIN) -> Receipt:
    """Say that a message did not arrive."""
    return Receipt("undelivered", 5, NOON, ref=ref, code=code, again=again)


async def leave(store: Store, ref: str, at: datetime = NOON) -> None:
    """Let a message to Alice leave, and be accepted under an id."""
    await change(store, to(ALICES))
    (row,) = await claim(store, at)
    await sent(store, row, ref, at)


async def test_what_failed_softly_leaves_again_as_a_new_message(store: Store) -> None:
    await add(store, ALICE)
    await leave(store, "SM1")

    await store.receipt(failed())
    early = await claim(store, LATER - timedelta(seconds=1))
    (row,) = await claim(store, LATER)

    assert (early, row.attempt) == ((), 2)
    assert not await store.receipt(failed())  # the first message is nobody's any more
    assert await states(store) == [("posting", None)]


async def test_a_message_leaves_no_oftener_than_it_may(store: Store) -> None:
    await add(store, ALICE)
    await leave(store, "SM1")
    await store.receipt(failed())
    (row,) = await claim(store, LATER)

    await store.receipt(replace(failed(), ref=None, tag=row.tag))

    assert [state for state, _ in await states(store)] == ["failed"]


async def test_a_hard_failure_is_the_end(store: Store) -> None:
    await add(store, ALICE)
    await leave(store, "SM1")

    await store.receipt(failed(again=None))

    assert [state for state, _ in await states(store)] == ["failed"]


async def test_prices_come_late_and_only_for_what_we_know(store: Store) -> None:
    await add(store, ALICE)
    await leave(store, "SM1", NOON)
    await leave(store, "SM2", NOON + DAY)
    for ref in ("SM1", "SM2"):
        await store.receipt(Receipt("delivered", 5, NOON, ref=ref))
    span = (LANE, NOON - DAY, NOON + 2 * DAY)

    before = await store.deliveries.unpriced(*span)
    await store.deliveries.price([Priced("SM1", 7.5, 1), Priced("SM-of-others", 7.5)])
    after = await store.deliveries.unpriced(*span)
    await store.deliveries.price([Priced("SM2", 7.5)])

    assert (before, after) == (NOON, NOON + DAY)
    assert await store.deliveries.unpriced(*span) is None
    assert await store.deliveries.unpriced(LANE, NOON + 2 * DAY, NOON + 3 * DAY) is None


async def test_one_code_is_counted_among_the_last_that_ended(store: Store) -> None:
    await add(store, ALICE)
    for number in range(6):
        await leave(store, f"SM{number}")
    for number, code in enumerate(("30007", "30005", "30007")):
        await store.receipt(failed(code, f"SM{number}", again=None))
    await store.receipt(Receipt("delivered", 5, NOON, ref="SM3"))

    assert await store.deliveries.share(LANE, "30007", last=1000) == Share(2, 4)
    assert await store.deliveries.share(LANE, "30007", last=3) == Share(1, 3)
    assert await store.deliveries.share("telegram", "30007", last=3) == Share(0, 0)
