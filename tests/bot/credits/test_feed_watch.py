"""A late feed raises one alarm; what it gates waits, and is paid once the gap is filled."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.credits.feed_watch import FeedWatch
from bot.credits.ledger import check
from bot.metrics import Metrics
from flows.credit import CreditState
from flows.events import Feed, PortalUsed
from flows.journey import State
from flows.standing import state_of
from tests.bot.programme_house import HandClock, ProgrammeHouse, programme_house
from tests.cast import DAY, NOON, TERMS

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ProgrammeHouse]:
    async with programme_house(tmp_path) as house:
        yield house


def watch(house: ProgrammeHouse, metrics: Metrics | None = None) -> FeedWatch:
    return FeedWatch(house.store, house.clock, metrics or Metrics())


async def test_a_feed_in_time_raises_no_alarm(house: ProgrammeHouse) -> None:
    await house.feeds(NOON)

    with capture_logs() as logs:
        house.clock.at = NOON + 3 * DAY - timedelta(seconds=1)
        due = await watch(house).tick()

    assert (due, logs) == (NOON + 3 * DAY, [])


async def test_a_late_feed_raises_one_alarm_whoever_watches(house: ProgrammeHouse) -> None:
    await house.feeds(NOON)
    await house.feeds(NOON + DAY, Feed.PORTAL)
    house.clock.at = NOON + 3 * DAY

    with capture_logs() as logs:
        dues = [await watch(house).tick() for _ in range(3)]

    assert [(entry["event"], entry["feed"]) for entry in logs] == [("feed_late", "hotline")]
    assert dues == [NOON + 4 * DAY] * 3


async def test_a_feed_that_falls_behind_again_raises_another(house: ProgrammeHouse) -> None:
    await house.feeds(NOON)
    with capture_logs() as logs:
        for day in (4, 8):
            house.clock.at = NOON + day * DAY
            await watch(house).tick()
            await house.feeds(house.clock())
            await watch(house).tick()

    assert len(logs) == 4  # two feeds, twice each


async def test_a_feed_that_never_spoke_is_late_after_a_while(house: ProgrammeHouse) -> None:
    with capture_logs() as logs:
        assert await watch(house).tick() == NOON + 3 * DAY
        house.clock.at = NOON + 3 * DAY
        assert await watch(house).tick() is None

    assert {entry["feed"] for entry in logs} == {"hotline", "portal"}


async def test_how_far_feeds_are_shows_in_the_metrics(house: ProgrammeHouse) -> None:
    metrics = Metrics()
    await house.feeds(NOON)
    await house.feeds(NOON + 4 * DAY, Feed.PORTAL)
    house.clock.at = NOON + 5 * DAY

    await watch(house, metrics).tick()

    read = metrics.registry.get_sample_value
    assert read("statthotline_feed_age_seconds", {"feed": "hotline"}) == 5 * 86400
    assert read("statthotline_feed_late", {"feed": "hotline"}) == 1
    assert read("statthotline_feed_late", {"feed": "portal"}) == 0


async def test_nine_silent_months_leave_the_bonus_pending_and_the_filled_gap_pays_it(
    tmp_path: Path,
) -> None:
    clock = HandClock()
    async with programme_house(tmp_path, clock=clock) as house:
        await house.join()
        await house.do_steps()
        for step in TERMS.tasks:
            await house.book(step)

        with capture_logs() as logs:
            await live(house, days=300)

        assert [entry["feed"] for entry in logs if entry["event"] == "feed_late"] == ["hotline"]
        assert await state(house) is State.SETTLING
        assert await steps(house) == set(TERMS.tasks)

        await house.feeds(clock())
        await house.timers.tick()
        assert (await house.credit("streak")).state is CreditState.EARNED
        await house.book("streak")

        assert await state(house) is State.DONE
        assert "GoalReached" in await house.lines()
        assert (await check(house.store, house.house.terms)).faults == ()


async def live(house: ProgrammeHouse, days: int) -> None:
    """Let time pass with a portal that is used and reported on, and a hotline feed that is not."""
    await house.feeds(house.clock())
    for _ in range(0, days, 30):
        await house.pass_time(30)
        await house.report(PortalUsed(at=house.clock()))
        await house.feeds(house.clock(), Feed.PORTAL)
        await watch(house).tick()


async def state(house: ProgrammeHouse) -> State:
    journey = (await house.dossier()).memory.journey
    assert journey is not None
    return state_of(journey, TERMS)


async def steps(house: ProgrammeHouse) -> set[str]:
    return {credit.step for credit in (await house.dossier()).memory.credits}
