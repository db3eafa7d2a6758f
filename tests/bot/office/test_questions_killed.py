"""A question, its card, its answer: each once, whenever the bot is killed with -9 on the way."""

import random
from collections import Counter
from pathlib import Path

import pytest

from bot.channels.simulator_screens import Direction
from flows.customer import Address
from tests.bot.office.question_victim import ANSWERS
from tests.cast import ALICE, MONA, NOON
from tests.soak import SOAK
from tests.stories.player import on_stage
from tests.stories.test_killed import live

pytestmark = pytest.mark.anyio

KILLS = 2
LIVES_S = 0.8  # about as long as it takes to handle everything
LOOKED_UP = "PT15M"  # by then what was in the air when somebody died has been looked up
VICTIM = "tests.bot.office.question_victim"
TO_CUSTOMER = ("Our team has your message", *ANSWERS.values())
TO_MANAGER = ("❓ Q1 · open", "your answer is on its way", "Q1 was answered by")


@pytest.mark.parametrize("seed", range(SOAK))
async def test_after_kill_9_a_question_is_shown_and_answered_once(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - for the moment of death
    for _ in range(KILLS):
        await live(tmp_path, chance.random() * LIVES_S, VICTIM)

    assert await live(tmp_path, None, VICTIM)

    async with on_stage(tmp_path, lambda: NOON) as (stage, premises, _):
        await stage.mover.advance(LOOKED_UP, feeds=False)
        phones = stage.sandbox.phones
        screens = {
            TO_CUSTOMER: phones.screen(ALICE.contacts[0].address),
            TO_MANAGER: phones.chat(Address(f"telegram:{MONA}")),
        }
        said = {
            wanted: Counter(
                words
                for shown in screen
                if shown.entry.direction is Direction.OUT
                for words in wanted
                if words in shown.entry.text.replace("<b>", "").replace("</b>", "")
            )
            for wanted, screen in screens.items()
        }
        first = ANSWERS[MONA]
        assert said[TO_CUSTOMER] == {TO_CUSTOMER[0]: 1, first: 1}
        assert said[TO_MANAGER] == {TO_MANAGER[0]: 1, TO_MANAGER[1]: 1}
        assert await premises.store.questions.waiting(10) == ()
