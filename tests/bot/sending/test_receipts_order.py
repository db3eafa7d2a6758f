"""All orders of a message's receipts, our own answer among them, end in the same state."""

from collections.abc import AsyncIterator
from itertools import permutations

import pytest

from bot.channels.sms_outcomes import rank
from storage.changes import Decision, Enqueue, PutCustomer
from storage.memory import Key
from storage.outbox import Claim, OutboxState, Receipt, Settle
from storage.sqlite.store import SqliteStore
from tests.bot.relay_bench import MINUTE
from tests.cast import ALICE, NOON
from tests.fakes.twilio import COURSE

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def stored(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path_factory.mktemp("store") / "bot.db")
    yield store
    await store.close()


async def posted(store: SqliteStore, tag: str) -> int:
    """Bring a message to where its bytes may be on their way."""
    enqueue = Enqueue(
        "sms", 3, ALICE.contacts[0].address.uri, "Line", "{}", NOON, NOON, customer=ALICE.number
    )
    changes = (PutCustomer(ALICE, NOON), enqueue)
    await store.turn(Key(), lambda memory: Decision(None, changes))
    wanted = Claim("sms", "node", NOON, NOON + MINUTE, limit=1, new_tag=lambda: tag)
    [row] = (await store.claim(wanted)).rows
    return row.id


@pytest.mark.parametrize("order", list(permutations(["answer", *COURSE])), ids="-".join)
async def test_every_order_of_receipts_ends_in_the_same_state(
    order: tuple[str, ...], stored: SqliteStore
) -> None:
    row = await posted(stored, tag="-".join(order))
    ref = f"SM-{row}"

    for what in order:
        if what == "answer":
            await stored.settle([Settle(row, OutboxState.ACCEPTED, NOON, ref=ref)])
        else:
            for _ in range(2):
                receipt = Receipt(what, rank(what), NOON, tag="-".join(order), ref=ref)
                assert await stored.receipt(receipt)

    dossier = await stored.dossier(ALICE.number)
    assert dossier is not None
    [message] = [message for message in dossier.messages if message.id == row]
    assert (message.state, message.ref) == (OutboxState.DELIVERED, ref)
