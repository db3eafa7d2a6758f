"""Credits and ledger: each credit once, every booking balanced, every balance kept."""

from dataclasses import replace

import pytest

from flows.credit import CreditState, credit_id
from storage.changes import Book, PutCredit
from storage.errors import StorageError, UnbalancedError
from storage.memory import CreditRow, Key
from storage.store import Store
from tests.cast import ALICE, BABAK, DAY, NOON
from tests.storage.keepers import add, change, recall

pytestmark = pytest.mark.anyio

VIDEO = CreditRow(
    id=credit_id("online-statt-hotline", ALICE.number, "video"),
    customer=ALICE.number,
    step="video",
    cycle=1,
    megabytes=600,
    state=CreditState.EARNED,
    earned_at=NOON,
    moved_at=NOON,
    poll_at=NOON,
)


def booking(what: str, from_: str, to: str, megabytes: int = 600) -> Book:
    entries = ((from_, -megabytes), (to, megabytes))
    return Book(NOON, what, ALICE.number, entries)


async def test_a_credit_is_found_by_its_id_and_with_its_customer(store: Store) -> None:
    await add(store, ALICE)
    await change(store, PutCredit(VIDEO))

    by_id = await recall(store, Key(credit=VIDEO.id))
    by_customer = await recall(store, Key(customer=ALICE.number))

    assert by_id.credits == by_customer.credits == (VIDEO,)
    assert by_id.customer == ALICE


async def test_a_credit_moves_on(store: Store) -> None:
    await add(store, ALICE)
    booked = replace(
        VIDEO,
        state=CreditState.CONFIRMED,
        moved_at=NOON + DAY,
        provider_id="T1",
        attempts=1,
        poll_at=None,
        usable_until=NOON + 30 * DAY,
        note="booked",
    )
    await change(store, PutCredit(VIDEO))
    await change(store, PutCredit(booked))

    assert (await recall(store, Key(credit=VIDEO.id))).credits == (booked,)


async def test_a_step_is_credited_once_in_a_cycle(store: Store) -> None:
    await add(store, ALICE)
    await change(store, PutCredit(VIDEO))
    double = replace(VIDEO, id=credit_id("another", ALICE.number, "video"))

    with pytest.raises(StorageError):
        await change(store, PutCredit(double))

    assert (await recall(store, Key(customer=ALICE.number))).credits == (VIDEO,)


async def test_open_credits_come_by_urgency_and_final_ones_never(store: Store) -> None:
    def credit(step: str, state: CreditState, days: int | None) -> CreditRow:
        poll_at = None if days is None else NOON + days * DAY
        id_ = credit_id("c", ALICE.number, step)
        return replace(VIDEO, id=id_, step=step, state=state, poll_at=poll_at)

    await change(
        store,
        PutCredit(credit("late", CreditState.ACCEPTED, 3)),
        PutCredit(credit("early", CreditState.UNKNOWN, 1)),
        PutCredit(credit("new", CreditState.EARNED, None)),
        PutCredit(credit("booked", CreditState.CONFIRMED, 0)),
        PutCredit(credit("void", CreditState.VOIDED, 0)),
    )

    assert [c.step for c in await store.open_credits(10)] == ["new", "early", "late"]
    assert [c.step for c in await store.open_credits(1)] == ["new"]


async def test_the_budget_is_known_without_adding_up(store: Store) -> None:
    await change(store, booking("reserve", "budget", "liability:100001", 3600))
    await change(store, booking("reserve", "budget", "liability:100002", 3600))
    await change(store, booking("deliver", "liability:100001", "delivered:100001"))
    await change(store, booking("release", "liability:100002", "released", 3600))

    memory = await recall(store, Key())

    assert (memory.reserved_megabytes, memory.delivered_megabytes) == (3000, 600)


async def test_a_booking_that_does_not_add_up_to_zero_is_refused(store: Store) -> None:
    with pytest.raises(UnbalancedError):
        await change(store, Book(NOON, "deliver", ALICE.number, (("a", 600), ("b", -599))))

    assert (await recall(store, Key())).reserved_megabytes == 0


async def test_a_credit_is_delivered_once(store: Store) -> None:
    await add(store, ALICE)
    delivery = replace(booking("deliver", "liability:1", "delivered:1"), credit=VIDEO.id)
    await change(store, delivery)

    with pytest.raises(StorageError):
        await change(store, delivery)

    assert (await recall(store, Key())).delivered_megabytes == 600


async def test_the_dossier_holds_the_ledger_of_one_customer(store: Store) -> None:
    await add(store, ALICE, BABAK)
    mine = replace(booking("deliver", "liability:100001", "delivered:100001"), credit=VIDEO.id)
    theirs = replace(booking("reserve", "budget", "liability:100002"), customer=BABAK.number)
    await change(store, booking("reserve", "budget", "liability:100001"), theirs, mine)

    dossier = await store.dossier(ALICE.number)

    assert dossier is not None
    assert dossier.ledger == (booking("reserve", "budget", "liability:100001"), mine)
