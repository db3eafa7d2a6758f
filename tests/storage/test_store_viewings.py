"""What a customer has watched is kept, one film at a time, and read only where it is asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from flows.watching import Viewing
from storage.changes import PutViewing
from storage.memory import Key
from storage.store import Store
from tests.cast import ALICE, BABAK, NOON
from tests.storage.keepers import add, change, recall

pytestmark = pytest.mark.anyio

VIEWING = Viewing(ALICE.number, "film", 40_000, NOON, ((0, 4000), (9000, 12_345)))


async def test_a_viewing_comes_back_as_it_was(store: Store) -> None:
    await add(store, ALICE, BABAK)
    await change(store, PutViewing(VIEWING))

    alice = await recall(store, Key(customer=ALICE.number, with_viewing=True))
    babak = await recall(store, Key(customer=BABAK.number, with_viewing=True))
    unasked = await recall(store, Key(customer=ALICE.number))

    assert alice.viewing == VIEWING
    assert babak.viewing is None
    assert unasked.viewing is None


async def test_a_later_viewing_replaces_the_earlier(store: Store) -> None:
    later = replace(VIEWING, film="other", reported_at=NOON + timedelta(seconds=4), watched=())
    await add(store, ALICE)
    await change(store, PutViewing(VIEWING))

    await change(store, PutViewing(later))

    memory = await recall(store, Key(customer=ALICE.number, with_viewing=True))
    assert memory.viewing == later
