"""The book of credits: told of once and only when it is booked, and the ledger keeps up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.carrier.book import Move
from flows.credit import CreditState
from flows.effects import Request
from flows.events import AppInstalled, ContractEnded
from tests.bot.small_house import SmallHouse, small_house, words_of
from tests.cast import ALICE, DAY

pytestmark = pytest.mark.anyio
ACCEPTED, CONFIRMED, REJECTED = CreditState.ACCEPTED, CreditState.CONFIRMED, CreditState.REJECTED


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[SmallHouse]:
    """A house in which Alice has earned her first credit."""
    async with small_house(tmp_path) as opened:
        await opened.join()
        await opened.report(AppInstalled(at=opened.now))
        yield opened


async def move(house: SmallHouse, *states: CreditState) -> Move:
    """Move the credit of the app through these states; gives the last move."""
    book, last = house.premises.credits, None
    for to in states:
        seen, is_refused = await house.credit("app"), to is REJECTED
        last = Move(seen=seen, to=to, at=house.now, provider_id="T1", needs_person=is_refused)
        assert await book.move(last)
    assert last is not None
    return last


async def test_nothing_is_said_of_a_credit_until_it_is_booked(house: SmallHouse) -> None:
    await move(house, CreditState.REQUESTED, ACCEPTED)
    assert (await house.lines())[3:] == []

    await move(house, CONFIRMED)

    assert (await house.lines())[3:] == ["Credited"]
    assert "600 MB" in words_of((await house.messages())[-1])
    await house.check()


async def test_a_confirmation_that_comes_again_at_the_same_time_is_told_once(
    house: SmallHouse,
) -> None:
    await move(house, CreditState.REQUESTED, ACCEPTED)
    confirmed = Move(seen=await house.credit("app"), to=CONFIRMED, at=house.now)

    moved = await asyncio.gather(*(house.premises.credits.move(confirmed) for _ in range(5)))

    assert sorted(moved) == [False] * 4 + [True]
    assert (await house.lines())[3:] == ["Credited"]
    assert len(house.rows("select * from ledger where what = 'deliver'")) == 1


async def test_what_is_booked_passes_from_promised_to_delivered(house: SmallHouse) -> None:
    promised = (await house.dossier()).memory.reserved_megabytes

    await move(house, CreditState.REQUESTED, ACCEPTED, CONFIRMED)

    memory = (await house.dossier()).memory
    assert promised == 3600
    assert (memory.reserved_megabytes, memory.delivered_megabytes) == (3000, 600)


async def test_a_refused_credit_is_told_and_a_person_is_asked(house: SmallHouse) -> None:
    await move(house, CreditState.REQUESTED, REJECTED)

    assert (await house.lines())[3:] == ["CreditRejected"]
    [request] = (await house.dossier()).requests
    assert request.request is Request.CREDIT
    await house.check()


async def test_after_stop_a_credit_is_booked_in_silence(house: SmallHouse) -> None:
    await house.hear("STOP")
    said = await house.lines()

    await move(house, CreditState.REQUESTED, ACCEPTED, CONFIRMED)

    assert await house.lines() == said
    assert (await house.dossier()).memory.delivered_megabytes == 600


async def test_after_the_end_of_the_contract_nothing_is_said(house: SmallHouse) -> None:
    await house.report(ContractEnded(at=house.now))
    said = await house.lines()

    await move(house, CreditState.REQUESTED, ACCEPTED, CONFIRMED)

    assert await house.lines() == said
    await house.check()


async def test_a_move_on_an_old_look_is_not_made(house: SmallHouse) -> None:
    old = await house.credit("app")
    await move(house, CreditState.REQUESTED)

    late = Move(seen=old, to=CreditState.REQUESTED, at=house.now)

    assert not await house.premises.credits.move(late)
    assert (await house.credit("app")).attempts == 1


async def test_a_credit_that_only_waits_is_no_news(house: SmallHouse) -> None:
    await move(house, CreditState.REQUESTED)
    before = (await house.dossier()).journal

    seen = await house.credit("app")
    waits = Move(seen=seen, to=seen.state, at=house.now, poll_at=house.now + DAY, needs_person=True)
    assert await house.premises.credits.move(waits)

    dossier = await house.dossier()
    assert dossier.journal == before
    assert [request.about for request in dossier.requests] == [str(seen.id)]
    assert (await house.credit("app")).poll_at == house.now + DAY


async def test_an_order_names_the_line_and_how_long_the_volume_holds(house: SmallHouse) -> None:
    order = await house.premises.credits.order(await house.credit("app"))

    assert order is not None
    assert order.subscriber.customer == ALICE.number
    assert order.subscriber.phone == ALICE.contacts[0].address.value
    assert (order.megabytes, order.step) == (600, "app")
    zone = house.premises.terms.current.zone
    assert order.valid_until is not None
    assert order.valid_until.astimezone(zone).isoformat() == "2027-01-31T23:59:59+01:00"


async def test_nobody_is_ordered_for_who_is_not_known(house: SmallHouse) -> None:
    credit = await house.credit("app")
    other = replace(credit, id=type(credit.id)(int=1))

    assert await house.premises.credits.order(other) is None
    assert not await house.premises.credits.move(Move(seen=other, to=ACCEPTED, at=house.now))
