"""Live facts over the real client: an operator that is slow, wrong or gone holds nobody up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.carrier.bodies import Dialect, Version
from bot.carrier.facts import Tmf677, Tmf678
from bot.carrier.paging import Lists
from bot.carrier.pretend import TMF654, TMF677, TMF678, PretendOperator
from bot.carrier.tmf654 import Tmf654
from bot.carrier.transport import HttpTransport
from bot.credits.live_facts import LiveFacts
from flows.lines import BillTold, FactMissing, VolumeLeft
from messages.topics import Fact
from tests.bot.carrier.serving import served
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import ALICE

pytestmark = pytest.mark.anyio


async def slow(_: Request) -> Response:
    await asyncio.sleep(0.6)
    return PlainTextResponse("[]")


async def wrong(_: Request) -> Response:
    return PlainTextResponse("<html>maintenance</html>")


async def refusing(_: Request) -> Response:
    return PlainTextResponse("", 500)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ProgrammeHouse]:
    async with programme_house(tmp_path) as house:
        yield house


def facts_from(house: ProgrammeHouse, url: str, waits_s: float) -> tuple[LiveFacts, Tmf654]:
    def way(path: str) -> HttpTransport:
        return HttpTransport(url + path, token="", timeout_s=5, per_second=100)

    client = Tmf654(
        way(TMF654),
        Dialect(Version.V4_0),
        Lists(),
        usage=Tmf677(way(TMF677)),
        bills=Tmf678(way(TMF678), Lists()),
    )
    return LiveFacts(house.store, house.clock, client, client.has_bills, waits_s=waits_s), client


async def told(house: ProgrammeHouse, url: str, waits_s: float = 5) -> list[object]:
    facts, client = facts_from(house, url, waits_s)
    try:
        return [await facts.about(ALICE, fact) for fact in (Fact.VOLUME, Fact.BILL)]
    finally:
        await client.close()


@pytest.mark.parametrize("answer", [slow, wrong, refusing])
async def test_an_operator_that_fails_is_said_to_tell_nothing(
    answer: Callable[[Request], object], house: ProgrammeHouse
) -> None:
    app = Starlette(routes=[Route("/{rest:path}", answer, methods=["GET", "POST"])])

    async with served(app) as url:
        lines = await told(house, url, waits_s=0.1 if answer is slow else 5)

    assert lines == [FactMissing("volume"), FactMissing("bill")]


async def test_an_operator_that_is_gone_is_said_to_tell_nothing(house: ProgrammeHouse) -> None:
    async with served(Starlette()) as url:
        pass

    assert await told(house, url) == [FactMissing("volume"), FactMissing("bill")]


async def test_the_pretend_operator_tells_them_all(house: ProgrammeHouse) -> None:
    operator = PretendOperator(":memory:", house.clock)
    try:
        async with served(operator.app) as url:
            volume, bill = await told(house, url)
    finally:
        operator.close()

    assert isinstance(volume, VolumeLeft)
    assert isinstance(bill, BillTold)
    assert (volume.megabytes, volume.read_at) == (2400, None)
    assert (bill.currency, bill.more is not None, len(bill.changes) > 0) == ("EUR", True, True)
