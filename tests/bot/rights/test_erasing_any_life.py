"""Whatever happened to somebody: after an erasure no byte of any file names them."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.credits.audit import verify
from bot.credits.ledger import check
from bot.rights.codes import Door
from flows.customer import Contact
from flows.events import AppInstalled, HotlineCalled, PortalRegistered, PortalUsed, VideoWatched
from tests.bot.rights.test_data_rights import FULL, NAMES, found, live
from tests.bot.small_house import SmallHouse, small_house
from tests.cast import ALICE, BABAK, BABAKS_TELEGRAM
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

WORDS = (
    "YES", "NO", "STOP", "START", "STATUS", "NEXT", "SUPPORT", "HUMAN", "TERMS", "OBJECT", "DATA",
    "DEUTSCH", "LEAVE", "why is my bill so high", "call +49 171 3920011, Alice Lindqvist", "2",
)  # fmt: skip
Deed = Callable[[SmallHouse, random.Random], Awaitable[object]]


async def speak(house: SmallHouse, chance: random.Random) -> object:
    return await house.hear(chance.choice(WORDS), chance.choice(FULL.contacts).address)


async def act(house: SmallHouse, chance: random.Random) -> object:
    at = house.now + chance.choice((timedelta(0), timedelta(0), timedelta(days=2)))
    event = chance.choice(
        (
            PortalRegistered(at=at),
            PortalUsed(at=at),
            AppInstalled(at=at),
            VideoWatched(at=at, share=1),
            HotlineCalled(at=at, call_id=f"C{chance.randrange(9)}", duration_s=60, reason="bill"),
        )
    )
    return await house.report(event, ALICE.number)


async def wait(house: SmallHouse, chance: random.Random) -> None:
    await house.pass_time(timedelta(hours=chance.choice((1, 30, 400))))


async def ask_for_a_code(house: SmallHouse, chance: random.Random) -> object:
    codes, door = house.premises.codes, chance.choice(list(Door))
    await codes.send(ALICE.number, door)
    return await codes.redeem(ALICE.number, door, "123456")


DEEDS: tuple[Deed, ...] = (speak, speak, speak, act, act, wait, ask_for_a_code)


@pytest.mark.parametrize("seed", range(3 * SOAK))
async def test_whatever_happened_no_byte_is_left(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed makes it happen again
    async with small_house(tmp_path) as house:
        await house.invite(replace(FULL, contacts=(*ALICE.contacts, Contact(BABAKS_TELEGRAM))))
        await live(house, BABAK)
        for _ in range(60):
            await chance.choice(DEEDS)(house, chance)

        assert {name for _, name in found(tmp_path, *NAMES)} == set(NAMES)
        assert await house.premises.rights.erase(ALICE.number, "page")

        assert found(tmp_path, *NAMES) == []
        assert (await check(house.store, house.premises.terms)).faults == ()
        assert (await verify(house.store, house.premises.keys)).ok
        await house.check(house.premises.keys.pseudonym(ALICE.number))
