"""The budget: what is promised is kept, and when it is promised to others the door is closed."""

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from bot.credits.ledger import check
from flows.customer import Address, Basis, Contact, Customer
from flows.journey import Stage
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import TERMS

pytestmark = pytest.mark.anyio

FOR_TEN = replace(TERMS, budget_megabytes=10 * TERMS.total_megabytes)
CROWD = tuple(
    Customer(f"2000{n:02}", "en", Basis.CONSENT, (Contact(Address(f"tel:+4917139200{n:02}")),))
    for n in range(100)
)


async def test_of_a_hundred_at_once_on_a_budget_for_ten_exactly_ten_are_enrolled(
    tmp_path: Path,
) -> None:
    async with (
        programme_house(tmp_path, FOR_TEN) as house,
        programme_house(tmp_path, FOR_TEN) as other,  # another process on the same database
    ):
        await asyncio.gather(*(house.invite(customer) for customer in CROWD))
        await asyncio.gather(*(house.say("JOIN", customer) for customer in CROWD))

        other.numbers = itertools.count(1000)
        await asyncio.gather(
            *((house, other)[n % 2].say("JOIN", who) for n, who in enumerate(CROWD))
        )

        found = await stages_of(house, len(CROWD))
        assert (found.count(Stage.MEMBER), found.count(Stage.WAITING)) == (10, 90)
        checked = await check(house.store, house.house.terms)
        assert checked.faults == ()
        assert checked.accounts["liability"] == FOR_TEN.budget_megabytes


async def test_a_place_that_is_free_again_goes_to_who_waited_longest(tmp_path: Path) -> None:
    async with programme_house(
        tmp_path, replace(TERMS, budget_megabytes=TERMS.total_megabytes)
    ) as house:
        for customer in CROWD[:3]:
            await house.join(customer)
        assert (await stages_of(house, 3)) == [Stage.MEMBER, Stage.WAITING, Stage.WAITING]

        await house.say("LEAVE", CROWD[0])
        await house.say("JOIN", CROWD[0])
        await house.timers.tick()

        assert (await stages_of(house, 3)) == [Stage.LEFT, Stage.MEMBER, Stage.WAITING]
        assert (await check(house.store, house.house.terms)).faults == ()


async def stages_of(house: ProgrammeHouse, count: int) -> list[Stage]:
    journeys = [(await house.dossier(customer)).memory.journey for customer in CROWD[:count]]
    return [journey.stage for journey in journeys if journey is not None]
