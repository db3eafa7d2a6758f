"""Killed with -9 in the middle of a broadcast and started again: each gets one, none is lost."""

import asyncio
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from flows.broadcast import BroadcastState
from tests.bot.broadcast_house import VERA, broadcast_house
from tests.bot.broadcasting.broadcast_victim import SENT, WORKERS
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

PEOPLE = min(250 * SOAK * SOAK, 100_000)  # a soak of 20 has the size
KILLS = 3
LIVES_S = PEOPLE / 2000  # within which a broadcast of this size is in its middle
LONGEST_S = 1200


async def live(folder: Path, minutes: int, for_s: float | None) -> bool:
    """Let one process live, for a while or to the end; tell whether it came to the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bot.broadcasting.broadcast_victim"),
        *(str(folder), str(minutes)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(LONGEST_S):
            assert await process.stdout.readline() == b"begun\n"
            if for_s is None:
                told = await process.stdout.read()  # look-ups log that nobody knows
                return told.endswith(b"done\n") and await process.wait() == 0
            await asyncio.sleep(for_s)
            return False
    finally:
        if process.returncode is None:
            process.kill()
            assert await process.wait() in (0, -signal.SIGKILL)


async def test_killed_in_the_middle_nobody_gets_two_and_nobody_is_lost(tmp_path: Path) -> None:
    chance = random.Random(SOAK)  # noqa: S311 - for the moments of death
    async with broadcast_house(tmp_path) as house:
        await house.populate(PEOPLE)
        await house.started("state:steps")

    for n in range(KILLS):  # leases of the dead are over after a minute
        await live(tmp_path, 2 * n, (0.2 + chance.random()) * LIVES_S)
    assert await live(tmp_path, 2 * KILLS, None)

    sent = Counter((tmp_path / SENT).read_text().split())
    async with broadcast_house(tmp_path) as house:
        progress = await house.broadcasts.show(VERA, "B1")
        states = {state: n for state, n in progress.counts.states.items() if n}
        uncertain = states.pop("unknown", 0)
        assert progress.row.state is BroadcastState.DONE
        assert max(sent.values()) == 1
        assert uncertain <= KILLS * WORKERS
        assert states == {"accepted": PEOPLE - uncertain}
        assert PEOPLE - uncertain <= len(sent) <= PEOPLE
