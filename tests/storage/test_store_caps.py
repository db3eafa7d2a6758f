"""How often somebody may be written to: a preview counts what counts when a message leaves."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from flows.broadcast import BroadcastState, Draft, fingerprint
from flows.customer import Address, Basis, Contact, Customer
from flows.journey import Journey, Stage
from storage.broadcasts import Asked, BroadcastRow
from storage.changes import PutCustomer, PutJourney
from storage.outbox import OutboxState, Settle
from storage.store import Store
from tests.cast import NOON
from tests.storage.keepers import change, claim, sent, to
from tests.storage.test_store_broadcasts import AUDIT, audience, said

pytestmark = pytest.mark.anyio

OFTEN = (  # how many days ago somebody was written to, and why they are passed over now
    ((), None),
    ((31,), None),
    ((10,), None),
    ((0.5,), "recently_contacted"),
    ((6, 5), "cap"),
    ((9, 5), None),
    ((29, 25, 20, 15, 10, 8), "cap"),
    ((29, 25, 20, 15, 10), None),
)


@pytest.mark.parametrize(("days", "reason"), OFTEN)
async def test_who_was_written_to_too_often_is_passed_over(
    store: Store, days: tuple[float, ...], reason: str | None
) -> None:
    keeper, number = store.broadcasts, "300000"
    contact = (Contact(Address("tel:+491700000000")),)
    put = PutJourney(Journey(number, stage=Stage.MEMBER), "steps", "app", 0, NOON)
    await change(store, PutCustomer(Customer(number, "de", Basis.CONSENT, contact), NOON), put)
    for before in days:
        await _written_to(store, NOON - timedelta(days=before))

    for asked in (Asked(), Asked(has_customer=True), Asked(has_megabytes=True)):
        (group,) = await keeper.survey(audience("state:steps"), asked)
        assert (group.reason, group.count) == (reason, 1)


async def _written_to(store: Store, at: datetime) -> None:
    """Let a broadcast to all members run and end at one moment."""
    keeper, draft = store.broadcasts, Draft({"de": "Hallo"}, "state:steps", "9001")
    row = BroadcastRow(0, draft, fingerprint(draft), BroadcastState.DRAFT, at)
    number = await keeper.draft(row, AUDIT)
    run = replace(row, state=BroadcastState.RUNNING, started_at=at)
    await keeper.move(number, lambda _: (replace(run, id=number), ()))
    often = replace(audience(draft.audience), broadcast=number, per_week=99, per_month=99, now=at)
    while await keeper.plan(number, often):
        pass
    await keeper.feed(number, said(f"B{number}"), 25, at)
    ended = replace(run, id=number, state=BroadcastState.DONE, ended_at=at)
    await keeper.move(number, lambda _: (ended, ()))


INVITED = (  # how many days ago somebody was invited, and written to; how much they bear; why not
    (0.1, (), 2, None),
    (0.1, (), 1, "cap"),
    (6, (), 1, "cap"),
    (8, (), 1, None),
    (3, (2,), 2, "cap"),
    (8, (2,), 2, None),
    (3, (2,), 3, None),
    (29, (25, 20, 15, 10, 8), 2, "cap"),
    (35, (25, 20, 15, 10, 8), 2, None),
)


@pytest.mark.parametrize(("invited", "days", "per_week", "reason"), INVITED)
async def test_an_invitation_counts_into_how_often(
    store: Store, invited: float, days: tuple[float, ...], per_week: int, reason: str | None
) -> None:
    keeper, number, at = store.broadcasts, "300000", NOON - timedelta(days=invited)
    contact = (Contact(Address("tel:+491700000000")),)
    put = PutJourney(Journey(number, stage=Stage.MEMBER), "steps", "app", 0, NOON)
    invitation = replace(to("tel:+491700000000", due=at), line="Invitation", customer=number)
    await change(store, PutCustomer(Customer(number, "de", Basis.CONSENT, contact), NOON), put)
    await change(store, invitation)
    (row,) = await claim(store, now=at)
    await sent(store, row, at=at)
    for before in days:
        await _written_to(store, NOON - timedelta(days=before))

    for asked in (Asked(), Asked(has_megabytes=True)):
        (group,) = await keeper.survey(replace(audience("state:steps"), per_week=per_week), asked)
        assert (group.reason, group.count) == (reason, 1)


async def test_an_invitation_that_failed_does_not_count(store: Store) -> None:
    number, contact = "300000", (Contact(Address("tel:+491700000000")),)
    put = PutJourney(Journey(number, stage=Stage.MEMBER), "steps", "app", 0, NOON)
    await change(store, PutCustomer(Customer(number, "de", Basis.CONSENT, contact), NOON), put)
    await change(store, replace(to("tel:+491700000000"), line="Invitation", customer=number))
    once = replace(audience("state:steps"), per_week=1)

    (row,) = await claim(store)
    on_its_way = await store.broadcasts.survey(once, Asked())
    await store.settle([Settle(row.id, OutboxState.FAILED, NOON, reason="gone", tag=row.tag)])
    afterwards = await store.broadcasts.survey(once, Asked())

    assert [g.reason for g in (*on_its_way, *afterwards)] == ["cap", None]
