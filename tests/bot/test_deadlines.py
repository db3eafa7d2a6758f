"""A deadline is kept for everybody, and with one timer."""

import asyncio
from asyncio import CancelledError

import pytest

from bot.deadlines import Deadline

pytestmark = pytest.mark.anyio


async def test_what_is_done_in_time_is_let_be() -> None:
    deadline = Deadline(60)
    done: list[int] = []

    async def work(n: int) -> None:
        await asyncio.sleep(0)
        done.append(n)

    await asyncio.gather(*(deadline.keep(work(n)) for n in range(5)))

    assert sorted(done) == [0, 1, 2, 3, 4]


async def test_whoever_is_late_is_stopped_again_and_again() -> None:
    deadline = Deadline(0.01)
    never = asyncio.Event()

    for _ in range(2):
        together = (deadline.keep(_wait(never)) for _ in range(5))
        ended = await asyncio.gather(*together, return_exceptions=True)

        assert [type(one) for one in ended] == [TimeoutError] * 5


def test_it_is_kept_in_a_loop_that_follows_another() -> None:
    deadline = Deadline(0.2)

    asyncio.run(deadline.keep(asyncio.sleep(0)))

    with pytest.raises(TimeoutError):
        asyncio.run(deadline.keep(asyncio.sleep(60)))


async def test_who_is_cancelled_by_others_was_not_late() -> None:
    deadline = Deadline(60)
    task = asyncio.create_task(deadline.keep(_wait(asyncio.Event())))
    await asyncio.sleep(0)

    task.cancel()

    with pytest.raises(CancelledError):
        await task


async def test_a_failure_is_that_failure() -> None:
    async def work() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await Deadline(60).keep(work())


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
