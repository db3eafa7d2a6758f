"""The whole bot killed with -9 at any moment and started again with the same events."""

import asyncio
import random
import re
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from bot.channels.simulator_screens import Direction
from bot.sandbox.sandbox import OPERATOR_AT
from tests.cast import NOON
from tests.end_to_end.process import ask
from tests.soak import SOAK
from tests.stories.player import check_books, on_stage
from tests.stories.victim import people

pytestmark = pytest.mark.anyio

KILLS = 2
LIVES_S = 1.5  # about as long as it takes to handle everything
ONCE = ("invites you", "With JOIN", "You are in", "Where you stand: portal", "Your 9 months")
TOPUPS = "/tmf-api/prepayBalanceManagement/v4/topupBalance"


async def live(folder: Path, for_s: float | None, victim: str = "tests.stories.victim") -> bool:
    """Let one process live, for a while or to its end; tell whether it came to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", victim, str(folder)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            assert await process.stdout.readline() == b"begun\n"
            if for_s is None:
                told = await process.stdout.read()  # the bot may log something in between
                return told.endswith(b"done\n") and await process.wait() == 0
            await asyncio.sleep(for_s)
            return False
    finally:
        if process.returncode is None:
            process.kill()
            assert await process.wait() in (0, -signal.SIGKILL)


@pytest.mark.parametrize("seed", range(SOAK))
async def test_after_kill_9_each_credit_and_each_reply_is_there_once(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - for the moment of death
    for _ in range(KILLS):
        await live(tmp_path, chance.random() * LIVES_S)

    assert await live(tmp_path, None)

    async with on_stage(tmp_path, lambda: NOON) as (stage, premises, url):
        for customer in people():
            screen = stage.sandbox.phones.screen(customer.contacts[0].address)
            texts = [s.entry.text for s in screen if s.entry.direction is Direction.OUT]
            said = Counter(words for text in texts for words in ONCE if words in text)
            assert said == dict.fromkeys(ONCE, 1)
            credited = Counter(re.findall(r"\+600 MB for the (\w+) are booked", "".join(texts)))
            assert credited == {"portal": 1, "film": 1, "app": 1}
            await check_books(premises.store, premises, customer.number)
        booked = await asyncio.to_thread(ask, f"{url}{OPERATOR_AT}{TOPUPS}?limit=100")
        assert isinstance(booked.json, list)
        assert len(booked.json) == 3 * len(people())
