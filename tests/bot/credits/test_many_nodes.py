"""Many nodes over one database: what a thousand reports say at once is credited and booked once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.carrier.bodies import Dialect
from bot.carrier.crediting import Crediting
from bot.carrier.paging import Lists
from bot.carrier.tmf654 import Tmf654
from bot.credits.ledger import check
from flows.credit import CreditState
from flows.events import VideoWatched
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import ALICE
from tests.fakes.chaos_carrier import ChaosCarrier
from tests.postgres import fast
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

LINE = replace(ALICE, bucket="B-491713920011", account="A-491713920011")
NODES = 8
REPORTS = 50 * SOAK  # at once to each node: a thousand in the soak


@pytest.fixture(params=["sqlite", "postgres"])
async def nodes(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[list[ProgrammeHouse]]:
    """Open the same database eight times, with one clock."""
    url = await (await fast()).database(tmp_path) if request.param == "postgres" else None
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(programme_house(tmp_path, url=url))
        others = [
            await stack.enter_async_context(programme_house(tmp_path, clock=first.clock, url=url))
            for _ in range(NODES - 1)
        ]
        for number, node in enumerate((first, *others)):
            node.name = f"node{number}."
        yield [first, *others]


async def test_a_video_watched_on_all_nodes_at_once_is_credited_and_booked_once(
    nodes: list[ProgrammeHouse],
) -> None:
    first = nodes[0]
    at = first.clock()
    await first.join(LINE)

    await asyncio.gather(
        *(node.report(VideoWatched(at=at, share=1)) for node in nodes for _ in range(REPORTS))
    )
    operator = ChaosCarrier(0, first.clock)
    operator.calm()
    workers = [worker(node, operator) for node in nodes]
    for _ in range(30):
        await asyncio.gather(*(one.tick() for one in workers))
        first.clock.at += timedelta(minutes=1)

    [credit] = (await first.dossier()).memory.credits
    assert (credit.step, credit.megabytes, credit.state) == ("video", 600, CreditState.CONFIRMED)
    assert operator.bookings(str(credit.id)) == 1
    assert (await first.lines()).count("Credited") == 1
    checked = await check(first.store, first.house.terms)
    assert (checked.faults, checked.accounts["delivered"]) == ((), 600)
    journal = (await first.dossier()).journal
    assert sum(row.kind == "VideoWatched" for row in journal) == NODES * REPORTS


def worker(node: ProgrammeHouse, operator: ChaosCarrier) -> Crediting:
    """Let a node carry credits to the same operator."""
    client = Tmf654(operator, Dialect(), Lists(page_size=2))
    alarms: list[str] = []
    return Crediting(node.store, node.credits, client, node.clock, alarm=alarms.append)
