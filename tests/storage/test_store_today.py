"""The day after a broadcast: whom it reached are counted at once, whom it did not are found."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from flows.broadcast import BroadcastState, Draft, fingerprint
from flows.customer import Address, Basis, Contact, Customer
from flows.journey import Journey, Stage
from storage.broadcasts import Asked, BroadcastRow, Composed
from storage.changes import PutCustomer, PutJourney
from storage.memory import Memory
from storage.outbox import OutboxState, Settle
from storage.store import Store
from tests.cast import NOON
from tests.storage.keepers import change, claim, sent
from tests.storage.test_store_broadcasts import AUDIT, audience, said

pytestmark = pytest.mark.anyio

BEFORE = NOON - timedelta(hours=2)
REACHED, FAILED, HELD_UP, NEW = 5, 3, 4, 2
ASKS = (Asked(), Asked(has_customer=True), Asked(("tariff",), has_megabytes=True))


async def member(store: Store, n: int) -> None:
    """Let somebody take part."""
    number, phone = f"{300_000 + n}", Contact(Address(f"tel:+4917{n:09}"))
    who = Customer(number, "de", Basis.CONSENT, (phone,), (("tariff", "red" if n % 2 else "blue"),))
    put = PutJourney(Journey(number, stage=Stage.MEMBER), "steps", "app", 0, NOON)
    await change(store, PutCustomer(who, NOON), put)


async def written_to(store: Store) -> int:
    """Let a broadcast reach some, fail for others, and be paused before the rest."""
    for n in range(REACHED + FAILED + HELD_UP):
        await member(store, n)
    keeper, draft = store.broadcasts, Draft({"de": "Hallo"}, "state:steps", "9001")
    row = BroadcastRow(0, draft, fingerprint(draft), BroadcastState.DRAFT, BEFORE)
    number = await keeper.draft(row, AUDIT)
    run = replace(row, id=number, state=BroadcastState.RUNNING, started_at=BEFORE)
    await keeper.move(number, lambda _: (run, ()))
    while await keeper.plan(number, replace(audience(draft.audience), broadcast=number)):
        pass
    await keeper.feed(number, _worded, 25, BEFORE)
    rows = await claim(store, limit=REACHED + FAILED)
    for each in rows[:REACHED]:
        await sent(store, each, ref=f"SM{each.id}")
    gone = [Settle(r.id, OutboxState.FAILED, NOON, reason="gone", tag=r.tag) for r in rows]
    await store.settle(gone[REACHED:])
    await keeper.move(number, lambda _: (replace(run, state=BroadcastState.PAUSED), ()))
    for n in range(NEW):
        await member(store, 100 + n)
    return number


def _worded(memory: Memory, attempt: int) -> Composed | str:
    assert memory.customer is not None
    return said(f"B/{memory.customer.number}")(memory, attempt)


@pytest.mark.parametrize("most", [0, FAILED, 5000])
@pytest.mark.parametrize("text", ["state:steps", "attribute.tariff:red,blue"])
async def test_who_was_not_reached_is_planned_and_who_was_is_not(
    store: Store, monkeypatch: pytest.MonkeyPatch, text: str, most: int
) -> None:
    for keeper in ("sqlite", "postgres"):
        monkeypatch.setattr(f"storage.{keeper}.audience.MOST_DOUBTFUL", most)
    number, others = await written_to(store), FAILED + HELD_UP + NEW

    for asked in ASKS:
        found: Counter[str | None] = Counter()
        for group in await store.broadcasts.survey(audience(text), asked):
            found[group.reason] += group.count
        own = await store.broadcasts.survey(replace(audience(text), broadcast=number), asked)

        assert found == {"recently_contacted": REACHED, None: others}
        assert {group.reason for group in own} == {None}
        assert sum(group.count for group in own) == REACHED + others
