"""The check counts anew: a ledger that was kept well adds up, and whatever is bent is named."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.credits.decisions import By
from bot.credits.ledger import Checked, check
from flows.credit import CreditState
from storage.changes import Book, Decision, Enqueue
from storage.memory import Key
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import ALICE, BABAK, NOON, TERMS

pytestmark = pytest.mark.anyio

BY = By("9001 by root", "the operator said so")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ProgrammeHouse]:
    async with programme_house(tmp_path) as house:
        await house.join(ALICE)
        await house.do_steps(ALICE)
        await house.join(BABAK)
        await house.book("video")
        yield house


async def checked(house: ProgrammeHouse) -> Checked:
    return await check(house.store, house.house.terms)


def bend(tmp_path: Path, *statements: str) -> None:
    """Change the database behind the back of its keeper."""
    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as db:
        for trigger in ("entries_stay", "entries_remain", "ledger_stays"):
            db.execute(f"drop trigger {trigger}")
        for statement in statements:
            db.execute(statement)


async def test_what_was_kept_well_adds_up(house: ProgrammeHouse) -> None:
    told: list[tuple[int, int]] = []

    found = await check(house.store, house.house.terms, lambda done, of: told.append((done, of)))

    assert (found.ok, found.faults) == (True, ())
    assert found.accounts == {
        "budget": -7200,
        "liability": 6600,
        "delivered": 600,
        "released": 0,
    }
    assert told[-1] == (2, 2)


async def test_it_adds_up_in_every_state_of_the_programme(house: ProgrammeHouse) -> None:
    await house.say("LEAVE")
    await house.say("JOIN")
    await house.move("app", CreditState.REQUESTED)
    await house.move("app", CreditState.REJECTED)
    await house.decisions.reverse((await house.credit("video")).id, BY, is_done=True)

    found = await checked(house)

    assert found.faults == ()
    assert found.accounts["delivered"] == 0
    assert found.accounts["liability"] == 3600 + 600  # Babak's, and Alice's registration
    assert found.accounts["released"] == 600 + 600 + 1800


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            "update entries set megabytes = megabytes + 1 where account = 'delivered:100001'",
            "customer 100001: the booking 'deliver' of 2026-12-01 11:00 adds up to 1 MB, not 0",
        ),
        (
            "update accounts set megabytes = 3599 where name = 'liability:100002'",
            "customer 100002: liability: kept are 3599 MB, its entries add up to 3600 MB",
        ),
        (
            "update kinds set megabytes = 7 where name = 'liability'",
            "account liability: kept are 7 MB, its entries add up to 6600 MB",
        ),
        (
            "update accounts set megabytes = 0 where name = 'budget'",
            "account budget: kept are 0 MB, its entries add up to -7200 MB",
        ),
        (
            "update credits set state = 'confirmed' where step = 'app'",
            "customer 100001: delivered are 600 MB, confirmed credits come to 1200 MB",
        ),
        (
            "update credits set state = 'accepted' where step = 'video'",
            "which is accepted",
        ),
        (
            "update journeys set body = json_set(body, '$.stage', 'left', '$.out_at',"
            " '2026-12-01T11:00:00Z') where customer = '100002'",
            "customer 100002: set aside are 3600 MB, promised are 0 MB",
        ),
        (
            "update entries set account = 'liability:7' where account = 'liability:100002'",
            "customer 100002: the booking 'reserve' touches the account liability:7",
        ),
    ],
)
async def test_whatever_is_bent_is_named(
    statement: str, fault: str, house: ProgrammeHouse, tmp_path: Path
) -> None:
    bend(tmp_path, statement)

    found = await checked(house)

    assert not found.ok
    assert any(fault in named for named in found.faults), found.faults


async def test_a_promise_above_the_budget_is_a_fault(house: ProgrammeHouse) -> None:
    small = replace(house.house.terms, current=replace(TERMS, budget_megabytes=7199))

    found = await check(house.store, small)

    assert found.faults == ("budget: 7200 MB are promised or delivered, it has 7199 MB",)


async def test_a_word_of_a_credit_that_is_not_booked_is_a_fault(house: ProgrammeHouse) -> None:
    app = await house.credit("app")
    said = Enqueue(
        "sms", 1, "tel:+491713920011", "Credited", "{}", NOON, NOON, ALICE.number, about=str(app.id)
    )
    await house.store.turn(Key(), lambda _: Decision(None, (said,)))

    found = await checked(house)

    assert found.faults == (f"customer 100001: was told of the credit {app.id}, which is earned",)


async def test_bookings_of_somebody_without_a_journey_are_seen(house: ProgrammeHouse) -> None:
    lost = Book(NOON, "reserve", "7", (("budget", -5), ("liability:7", 5)))
    await house.store.turn(Key(), lambda _: Decision(None, (lost,)))

    found = await checked(house)

    assert found.customers == 3
    assert found.faults == ("customer 7: set aside are 5 MB, promised are 0 MB",)
