"""A reminder that comes up while a customer is talking with us: it waits, and comes once."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from flows.campaign import StartMode
from tests.bot.broadcast_house import broadcast_house
from tests.cast import TERMS

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)
DAY_MINUTES = 24 * 60


@pytest.mark.parametrize(
    ("mode", "left"),
    [(StartMode.AFTER, [0, 1, 0]), (StartMode.INTERRUPT, [1, 0, 0]), (StartMode.SKIP, [0, 0, 0])],
)
async def test_a_reminder_during_a_dialogue_waits_and_is_sent_once(
    tmp_path: Path, mode: StartMode, left: list[int]
) -> None:
    terms = replace(TERMS, messages=replace(TERMS.messages, during_dialogue=mode))
    async with broadcast_house(tmp_path, terms) as house:
        programme, found = house.programme, []
        await programme.join()
        await programme.pass_time(3 - 5 / DAY_MINUTES)
        await programme.say("STATUS")
        while await house.relay():
            pass

        await programme.pass_time(5 / DAY_MINUTES)  # the reminder of the third day comes up
        for minutes in (0, 10, 60):
            programme.clock.at += minutes * MINUTE
            found.append(await house.relay())

        assert found == left
