"""What people and workers read beside the writer."""

import json
from dataclasses import replace

import pytest

from flows.effects import Gate
from flows.events import Feed
from storage.changes import Append, SetWake
from storage.reading import JournalRow
from storage.store import Store
from tests.cast import ALICE, BABAK, CAROL, DAY, NOON, invited, on_streak
from tests.storage.keepers import add, change, stands

pytestmark = pytest.mark.anyio


def call(customer: str, n: int, call_id: str, days: int) -> Append:
    body = json.dumps({"call_id": call_id})
    at = NOON + days * DAY
    return Append(customer, n, at, at, "HotlineCalled", body, "feed", "", bytes([n]))


async def test_nobody_has_no_dossier(store: Store) -> None:
    assert await store.dossier("nobody") is None


async def test_a_dossier_shows_journal_and_wakes(store: Store) -> None:
    await add(store, ALICE)
    wake = SetWake(ALICE.number, "goal", "settle", NOON, Gate(Feed.HOTLINE, NOON + DAY))
    await change(store, call(ALICE.number, 1, "C1", 0), wake, stands(invited()))

    dossier = await store.dossier(ALICE.number)

    assert dossier is not None
    assert dossier.memory.journey == invited()
    assert dossier.journal == (
        JournalRow(1, NOON, NOON, "HotlineCalled", '{"call_id": "C1"}', "feed", "", b"\x01"),
    )
    assert dossier.wakes == (wake,)


async def test_customers_are_listed_by_number_a_page_at_a_time(store: Store) -> None:
    silent = replace(on_streak(), is_silent=True)
    await add(store, BABAK, CAROL, ALICE)
    await change(store, stands(silent, "streak"))

    first = await store.customers(limit=2)
    second = await store.customers(after=first[-1].number, limit=2)

    assert [row.number for row in (*first, *second)] == ["100001", "100002", "100003"]
    assert (first[0].state, first[0].is_silent, first[0].is_accessible) == ("streak", True, False)
    assert (first[1].state, first[1].step, first[1].month) == ("", "", 0)
    assert first[0].contacts == ALICE.contacts


async def test_who_waits_longest_comes_first(store: Store) -> None:
    await add(store, ALICE, BABAK, CAROL)
    await change(store, stands(replace(invited(), customer=BABAK.number), "waiting", NOON))
    await change(store, stands(invited(), "waiting", NOON + DAY))
    await change(store, stands(replace(invited(), customer=CAROL.number), "invited", NOON))
    await change(
        store, stands(replace(invited(), customer=BABAK.number), "waiting", NOON + 2 * DAY)
    )

    assert await store.waiting(10) == (BABAK.number, ALICE.number)
    assert await store.waiting(1) == (BABAK.number,)


async def test_the_calls_of_an_incident_are_found_by_area_and_by_customer(store: Store) -> None:
    await add(store, replace(ALICE, attributes=(("area", "10115"),)), BABAK)
    await change(
        store,
        call(ALICE.number, 1, "A1", 1),
        call(ALICE.number, 2, "A1", 1),
        call(ALICE.number, 3, "A2", 5),
        call(BABAK.number, 1, "B1", 2),
    )
    span = (NOON, NOON + 3 * DAY)

    assert await store.calls_within("10115", (), *span) == ((ALICE.number, "A1"),)
    assert await store.calls_within(None, (BABAK.number,), *span) == ((BABAK.number, "B1"),)
    assert await store.calls_within(None, (), *span) == ()


async def test_small_things_are_kept(store: Store) -> None:
    missing = await store.get("telegram.offset")
    await store.put("telegram.offset", "7")
    await store.put("telegram.offset", "8")

    assert missing is None
    assert await store.get("telegram.offset") == "8"


async def test_a_database_knows_where_it_lives(store: Store) -> None:
    assert await store.identity() == await store.identity() != ""
