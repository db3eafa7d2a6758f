"""Codes: they go to the customer's own address, open one door once, and cannot be guessed."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.rights.codes import LIFE, MOST_SENT, MOST_TRIES, WINDOW, Codes, Door, Sending
from tests.bot.small_house import SmallHouse, small_house
from tests.cast import ALICE, BABAK

pytestmark = pytest.mark.anyio


def codes_of(house: SmallHouse) -> Codes:
    return Codes(house.store, house.premises.house, lambda: None)


async def last_code(house: SmallHouse) -> str:
    [message] = await house.store.latest_messages(ALICE.number, 1)
    assert message.recipient == ALICE.contacts[0].address.uri
    found = re.search(r"\b\d{6}\b", message.body)
    assert found is not None
    return found[0]


async def test_a_code_opens_its_door_once(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        codes = codes_of(house)
        await house.join()

        sent = await codes.send(ALICE.number, Door.DATA)
        code = await last_code(house)

        assert sent is Sending.SENT
        assert not await codes.redeem(ALICE.number, Door.ERASE, code)
        assert not await codes.redeem(BABAK.number, Door.DATA, code)
        assert await codes.redeem(ALICE.number, Door.DATA, f" {code[:3]} {code[3:]} ")
        assert not await codes.redeem(ALICE.number, Door.DATA, code)


async def test_a_code_that_came_too_late_or_after_wrong_ones_opens_nothing(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        codes = codes_of(house)
        await house.join()

        await codes.send(ALICE.number, Door.DATA)
        late = await last_code(house)
        house.clock.at += LIFE
        assert not await codes.redeem(ALICE.number, Door.DATA, late)

        await codes.send(ALICE.number, Door.DATA)
        guessed = await last_code(house)
        wrong = "000000" if guessed != "000000" else "111111"
        for _ in range(MOST_TRIES):
            assert not await codes.redeem(ALICE.number, Door.DATA, wrong)
        assert not await codes.redeem(ALICE.number, Door.DATA, guessed)


async def test_only_a_few_are_sent_within_an_hour(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        codes = codes_of(house)
        await house.join()

        asked = [await codes.send(ALICE.number, Door.DATA) for _ in range(MOST_SENT + 1)]
        house.clock.at += WINDOW + timedelta(seconds=1)

        assert asked == [Sending.SENT] * MOST_SENT + [Sending.TOO_OFTEN]
        assert await codes.send(ALICE.number, Door.DATA) is Sending.SENT


async def test_who_said_stop_still_gets_the_code_that_they_ask_for(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await house.join()
        await house.hear("STOP")

        assert await codes_of(house).send(ALICE.number, Door.ERASE) is Sending.SENT
        assert await codes_of(house).send("nobody", Door.DATA) is Sending.NO_WAY


async def test_the_database_holds_no_code_in_the_clear(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await house.join()
        await codes_of(house).send(ALICE.number, Door.DATA)
        code = await last_code(house)

        rows = house.rows("select customer, hex(hash) from codes")
        assert len(rows) == 1
        assert code not in str(rows)
