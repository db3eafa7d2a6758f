"""One process polls at a time: its lease is renewed beside the poll, and given back at the end."""

import asyncio

import pytest

from bot.messenger import SolePoller
from storage.errors import StorageError

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
