"""Workers tick when they are rung or when something is due, and not for every ring."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bot import workers
from bot.metrics import Metrics
from bot.pulse import Pulse
from bot.workers import keep_ticking
from tests.cast import NOON

pytestmark = pytest.mark.anyio


@dataclass(slots=True)
class Counting:
    """Counts its ticks, and has something to do at the moments given."""

    dues: list[datetime] = field(default_factory=list)
    ticks: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def tick(self) -> datetime | None:
        self.ticks += 1
        self.done.set()
        return self.dues.pop(0) if self.dues else None


async def kept(worker: Counting, stop: asyncio.Event, bell: asyncio.Event) -> None:
    await keep_ticking(worker, lambda: NOON, stop, bell, Pulse(Metrics()))


async def test_rings_that_come_together_are_answered_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "SHORTEST_NAP_S", 3600.0)
    worker, stop, bell = Counting(), asyncio.Event(), asyncio.Event()
    ticking = asyncio.create_task(kept(worker, stop, bell))
    await worker.done.wait()

    for _ in range(20):
        bell.set()
        await asyncio.sleep(0)
    ticks = worker.ticks
    stop.set()
    await ticking

    assert ticks == 1


async def test_a_ring_during_the_shortest_nap_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SHORTEST_NAP_S", 0.001)
    worker, stop, bell = Counting(), asyncio.Event(), asyncio.Event()
    ticking = asyncio.create_task(kept(worker, stop, bell))
    await worker.done.wait()
    worker.done.clear()

    bell.set()
    await worker.done.wait()
    stop.set()
    await ticking

    assert worker.ticks == 2


async def test_what_is_due_already_is_done_without_a_nap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SHORTEST_NAP_S", 3600.0)
    worker, stop = Counting([NOON, NOON - timedelta(hours=1), NOON]), asyncio.Event()
    ticking = asyncio.create_task(kept(worker, stop, asyncio.Event()))

    while worker.ticks < 4:  # noqa: ASYNC110 (a worker rings no bell)
        await asyncio.sleep(0)
    stop.set()
    await ticking

    assert worker.ticks == 4
