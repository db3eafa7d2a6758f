"""The ends of the journals: what was sealed comes back beside what is there."""

from dataclasses import replace

import pytest

from storage.changes import Append
from storage.memory import Key
from storage.reading import ChainEnd
from storage.store import Store
from tests.cast import ALICE, BABAK, NOON, invited
from tests.storage.keepers import add, change, recall, stands

pytestmark = pytest.mark.anyio


def row(n: int, customer: str = ALICE.number) -> Append:
    return Append(customer, n, NOON, NOON, "Invited", "{}", "test", "", b"hash %d" % n)


async def test_a_turn_reads_the_seal_that_the_one_before_it_wrote(store: Store) -> None:
    await add(store, ALICE)
    await change(store, row(1), replace(stands(invited()), seal=b"first"))
    first = await recall(store, Key(customer=ALICE.number))
    await change(store, row(2), replace(stands(invited()), seal=b"second"))

    second = await recall(store, Key(customer=ALICE.number))

    assert (first.seal, second.seal) == (b"first", b"second")


async def test_the_ends_come_by_customer_a_page_at_a_time(store: Store) -> None:
    await add(store, ALICE, BABAK)
    babaks = replace(invited(), customer=BABAK.number)
    await change(store, row(1), row(2), replace(stands(invited()), seal=b"seal"), stands(babaks))

    async with store.snapshot() as snapshot:
        pages = [await snapshot.ends(after, 1) for after in ("", ALICE.number, BABAK.number)]

    assert pages == [
        (ChainEnd(ALICE.number, 2, b"hash 2", b"seal"),),
        (ChainEnd(BABAK.number, 0, b"", None),),
        (),
    ]
