"""The operator's word about a top-up: it makes us look at once, and is never believed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from bot.carrier.book import Move
from bot.credits.decisions import By
from bot.web.events import TOPUPS, OperatorDesk, routes
from flows.credit import CreditState
from tests.bot.carrier.published import check, needs_specs
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import NOON

pytestmark = pytest.mark.anyio

TOKEN = "a bearer's token"  # noqa: S105  opens only this test's door
S = CreditState


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ProgrammeHouse]:
    async with programme_house(tmp_path) as house:
        await house.join()
        await house.do_steps()
        await house.move("video", S.REQUESTED)
        await house.move("video", S.ACCEPTED)
        house.clock.at = NOON - timedelta(hours=1)  # so the poll lies ahead
        yield house


async def notified(
    house: ProgrammeHouse, body: object, name: str = TOPUPS[0], token: str = TOKEN
) -> httpx.Response:
    desk = OperatorDesk(house.reports, house.clock, (), TOKEN, house.credits)
    transport = httpx.ASGITransport(Starlette(routes=routes(desk)))
    async with httpx.AsyncClient(transport=transport, base_url="https://bot.example") as client:
        headers = {"authorization": f"Bearer {token}"}
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await client.post(f"/tmf/listener/{name}", content=content, headers=headers)


def notice(**topup: str) -> object:
    return {"eventId": "E1", "eventTime": "2026-12-01T11:00:00Z", "event": {"topupBalance": topup}}


@pytest.mark.parametrize("name", TOPUPS)
async def test_a_hint_makes_the_credit_due_and_nothing_else(
    name: str, house: ProgrammeHouse
) -> None:
    before, pokes = await house.credit("video"), house.pokes

    answer = await notified(house, notice(id="T-video", status="completed"), name)

    after = await house.credit("video")
    assert answer.status_code == 201
    assert answer.json() == {
        "id": "E1",
        "callback": f"/tmf/listener/{name}",
        "query": "followed",
    }
    assert (after.state, after.provider_id) == (S.ACCEPTED, before.provider_id)
    assert after.poll_at == house.clock()
    assert house.pokes == pokes + 1


async def test_a_credit_is_also_known_by_our_own_id(house: ProgrammeHouse) -> None:
    await house.move("video", S.UNKNOWN)
    video = await house.credit("video")

    answer = await notified(house, notice(description=f"bonus {video.id}"))

    assert answer.json()["query"] == "followed"
    assert (await house.credit("video")).state is S.UNKNOWN


async def test_what_takes_a_credit_back_is_followed_too(house: ProgrammeHouse) -> None:
    await house.book("app")
    back = await house.decisions.reverse((await house.credit("app")).id, By("9001", "a mistake"))
    later = NOON + timedelta(hours=1)
    for state in (S.REQUESTED, S.ACCEPTED):
        [seen] = [c for c in (await house.dossier()).memory.credits if c.id == back]
        moved = Move(seen=seen, to=state, at=house.clock(), provider_id="A1", poll_at=later)
        assert await house.credits.move(moved)
    said = {"eventId": "E1", "event": {"adjustBalance": {"id": "A1"}}}

    answer = await notified(house, said, "adjustBalanceStatusChangeEvent")

    assert answer.json()["query"] == "followed"
    [entry] = [c for c in (await house.dossier()).memory.credits if c.id == back]
    assert (entry.state, entry.poll_at) == (S.ACCEPTED, house.clock())


@pytest.mark.parametrize("name", ["T-nobody", "T-app"])
async def test_a_hint_about_something_else_is_ignored(name: str, house: ProgrammeHouse) -> None:
    before = await house.dossier()

    answer = await notified(house, notice(id=name))

    assert (answer.status_code, answer.json()["query"]) == (201, "ignored")
    assert await house.dossier() == before


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"event": {"topupBalance": {}}}'])
async def test_what_names_no_top_up_is_refused(body: bytes, house: ProgrammeHouse) -> None:
    assert (await notified(house, body)).status_code == 400


async def test_without_the_token_nothing_is_read(house: ProgrammeHouse) -> None:
    answer = await notified(house, notice(id="T-video"), token="guessed")  # noqa: S106  the wrong one

    assert answer.status_code == 401


@needs_specs
@pytest.mark.parametrize("version", ["4.0", "4.1"])
async def test_the_answer_fits_the_published_schema(version: str, house: ProgrammeHouse) -> None:
    answer = await notified(house, notice(id="T-video"))

    check(version, "EventSubscription", answer.content)
