"""The composition root: the sandbox can be put together, played, and put away again."""

import asyncio
import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import open_house, open_stage
from bot.settings import Settings
from bot.web.server import PortTakenError
from bot.web.server import serve as serve_web
from tests.cast import ALICE, NOON
from tests.end_to_end.process import ask
from tests.stories.player import on_stage

pytestmark = pytest.mark.anyio


async def test_a_stage_is_found_again_as_it_was_left(tmp_path: Path) -> None:
    phone = ALICE.contacts[0].address
    async with on_stage(tmp_path, lambda: NOON) as (stage, premises, _):
        await premises.turns.invite(ALICE, is_held_out=False)
        await stage.mover.advance("P1D")
        screen, now = stage.sandbox.phones.screen(phone), premises.clock()

    async with on_stage(tmp_path, lambda: NOON) as (stage, premises, _):
        assert stage.sandbox.phones.screen(phone) == screen
        assert premises.clock() == now
        assert len(screen) == 1


async def test_the_sandbox_serves_its_doors_and_tells_how_it_is(tmp_path: Path) -> None:
    async with on_stage(tmp_path, lambda: NOON) as (_, _, url):
        pages = ("/", "/simulator/customers", "/health/live", "/health/ready", "/metrics")
        answers = [await asyncio.to_thread(ask, url + page) for page in pages]

        assert [answer.status for answer in answers] == [200] * 5
        assert (await asyncio.to_thread(ask, f"{url}/events", b"{}")).status == 401


async def test_commands_open_the_same_house_without_a_stage(tmp_path: Path) -> None:
    settings = Settings(database_url=SecretStr(f"sqlite:///{tmp_path}/bot.db"))
    async with open_house(settings) as premises:
        await premises.turns.invite(ALICE, is_held_out=False)

    async with open_house(settings) as premises, open_stage(settings, premises) as stage:
        people = await stage.sandbox.desk(stage.mover).people.customers()

    assert [person.customer for person in people] == [ALICE.number]


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(PortTakenError, match=f"127.0.0.1:{port}"):
            await serve_web(lambda *_: None, "127.0.0.1", port, asyncio.Event())  # type: ignore[arg-type]
