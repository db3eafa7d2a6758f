"""Telegram put together: who polls, and a start that does not wait for a slow provider."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.messenger import SolePoller, ask_bot_name
from bot.settings import Settings
from storage.errors import StorageError
from tests.bot.small_house import SmallHouse, small_house
from tests.cast import NOON
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.telegram_troubles import Misbehaviour, Trouble

pytestmark = pytest.mark.anyio


class BrokenError(Exception):
    """What no poller should come to."""


class Leases:
    """Counts what is asked of the lease; every second renewal finds no database."""

    def __init__(self) -> None:
        self.renewed = 0
        self.left = 0
        self.often = asyncio.Event()

    async def renew(self) -> bool:
        self.renewed += 1
        if self.renewed > 4:
            self.often.set()
        if self.renewed % 2:
            raise StorageError
        return True

    async def leave(self) -> bool:
        self.left += 1
        return True


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[SmallHouse]:
    async with small_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    server = FakeTelegram(lambda: NOON)
    await server.start()
    yield server
    await server.stop()


def settings_for(fake: FakeTelegram) -> Settings:
    return Settings(
        telegram_bot_token=SecretStr(TOKEN),
        telegram_api_base_url=fake.url,
        public_url="https://bot.example",
    )


# --- The bot's name -----------------------------------------------------------------------------


async def test_the_bots_name_is_asked_for_and_kept(house: SmallHouse, fake: FakeTelegram) -> None:
    settings = settings_for(fake)

    names = [await ask_bot_name(settings, house.store) for _ in range(2)]

    assert names == ["statt_hotline_bot"] * 2
    assert len(fake.calls) == 1


async def test_a_start_does_not_wait_for_a_telegram_that_is_slow(
    house: SmallHouse, fake: FakeTelegram
) -> None:
    fake.misbehave(Misbehaviour(Trouble.SLOW, "getme", delay_s=30.0))

    assert await ask_bot_name(settings_for(fake), house.store, within_s=0.01) is None


# --- Who polls ----------------------------------------------------------------------------------


async def test_a_lease_is_renewed_while_a_poll_lasts_and_left_after_it() -> None:
    leases, stop = Leases(), asyncio.Event()

    async def poll(stop: asyncio.Event) -> None:
        await leases.often.wait()
        assert leases.left == 0
        await stop.wait()

    sole = SolePoller(poll, leases.renew, leases.leave, renew_s=0.001)
    polling = asyncio.create_task(sole.run(stop))
    await leases.often.wait()
    stop.set()
    await polling

    renewed = leases.renewed
    await asyncio.sleep(0.01)
    assert (leases.renewed, leases.left) == (renewed, 1)


async def test_a_poller_that_breaks_leaves_its_place_too() -> None:
    leases = Leases()

    async def poll(_: asyncio.Event) -> None:
        raise BrokenError

    with pytest.raises(BrokenError):
        await SolePoller(poll, leases.renew, leases.leave).run(asyncio.Event())

    assert leases.left == 1
