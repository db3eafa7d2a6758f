"""Killed at any edge of any commit (kill -9), a credit is booked once and told once."""

import asyncio
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.credits.audit import verify
from bot.credits.ledger import check
from flows.credit import CreditState
from tests.bot.carrier.crediting_victim import FastClock
from tests.bot.carrier.serving import served
from tests.bot.programme_house import programme_house
from tests.cast import ALICE
from tests.fakes.chaos_carrier import ChaosCarrier
from tests.postgres import fast
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
LINE = replace(ALICE, bucket="B-491713920011", account="A-491713920011")
# At which edge each process dies, one after the other.
LIVES = {"sqlite": (1, 2, 3, 5), "postgres": (2, 5)}


async def run(database: str, url: str, start: float, lives: int) -> int:
    """Let a process live, and tell how it ended."""
    script = "tests.bot.carrier.crediting_victim"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", script, database, url, str(start), str(lives), cwd=ROOT
    )
    return await asyncio.wait_for(process.wait(), 60)


@pytest.mark.parametrize("round_", range(SOAK))
@pytest.mark.parametrize("keeper", LIVES)
async def test_killed_at_any_edge_a_credit_is_booked_and_told_once(
    keeper: str, round_: int, tmp_path: Path
) -> None:
    address = await (await fast()).database(tmp_path) if keeper == "postgres" else None
    async with programme_house(tmp_path, url=address) as house:
        await house.join(LINE)
        await house.do_steps()
    start = time.monotonic()
    operator = ChaosCarrier(round_, FastClock(start=start))
    operator.calm()  # it is sane, and never honours a key

    async with served(operator) as url:
        where = address or str(tmp_path)
        ends = [await run(where, url, start, lives + round_) for lives in LIVES[keeper]]
        assert await run(where, url, start, 0) == 0

    # In later rounds an edge may lie beyond the end of the work; in the first one none does.
    assert set(ends) <= ({-signal.SIGKILL} if round_ == 0 else {-signal.SIGKILL, 0})
    async with programme_house(tmp_path, url=address) as house:
        dossier = await house.dossier()
        told = [message.about for message in dossier.messages if message.line == "Credited"]
        for credit in dossier.memory.credits:
            assert credit.state is CreditState.CONFIRMED
            assert operator.bookings(str(credit.id)) == 1
            assert told.count(str(credit.id)) == 1
        assert len(told) == 3
        assert (await check(house.store, house.house.terms)).faults == ()
        assert (await verify(house.store, house.house.keys)).ok
