"""The easel draws in a process of its own, and does without a picture where that fails."""

import sys

import pytest

from bot.easel import Easel
from messages.cards import Card
from messages.pictures import draw

pytestmark = pytest.mark.anyio

CARD = Card("Nordlicht Mobil", "Geschafft!", "3 von 9 Monaten", "Im Ziel warten 1,8 GB", 3, 9)


async def test_a_card_is_drawn_by_a_process_of_its_own() -> None:
    assert await Easel().paint(CARD) == draw(CARD)


@pytest.mark.parametrize(
    "command",
    [
        ("/nowhere/python",),
        (sys.executable, "-c", "raise SystemExit(3)"),
        (sys.executable, "-c", "pass"),
    ],
)
async def test_a_card_that_cannot_be_drawn_is_done_without(command: tuple[str, ...]) -> None:
    assert await Easel(command).paint(CARD) is None
