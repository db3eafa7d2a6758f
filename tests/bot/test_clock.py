"""The virtual clock and its mover."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import (
    BERLIN,
    ENOUGH_ROUNDS,
    Mover,
    StandstillError,
    Ticker,
    VirtualClock,
)
from bot.spans import Span, TooFarError, UnreadableSpanError, read_span
from tests.cast import DAY, NOON

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


@dataclass
class Machine:
    """The machine's own clock, set by hand."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Worker:
    """Does one thing at each moment of its list."""

    clock: VirtualClock
    dues: list[datetime]
    done: list[tuple[str, datetime]] = field(default_factory=list)
    name: str = "work"
    then: Callable[[], Awaitable[None]] | None = None

    async def tick(self) -> datetime | None:
        while self.dues and self.dues[0] <= self.clock():
            self.dues.pop(0)
            self.done.append((self.name, self.clock()))
            if self.then is not None:
                await self.then()
        return self.dues[0] if self.dues else None


@dataclass
class Waiting:
    """Has something due since long that waits for the outside, until it is let go."""

    since: datetime
    ticks: int = 0
    is_let_go: bool = False

    async def tick(self) -> datetime | None:
        self.ticks += 1
        return None if self.is_let_go else self.since


@dataclass
class Moving:
    """Never has anything to do, and puts off its next look whenever it is asked."""

    clock: VirtualClock
    ticks: int = 0

    async def tick(self) -> datetime | None:
        self.ticks += 1
        return self.clock() + 2 * DAY


@dataclass
class Journal:
    """What the mover tells: offsets to keep, moments at which both feeds are complete."""

    offsets: list[timedelta] = field(default_factory=list)
    reports: list[datetime] = field(default_factory=list)

    async def keep(self, offset: timedelta) -> None:
        self.offsets.append(offset)

    async def report(self, at: datetime) -> None:
        self.reports.append(at)


def moved_by(clock: VirtualClock, journal: Journal, *workers: Ticker) -> Mover:
    """Make a mover of these workers."""
    return Mover(clock, workers, keep_offset=journal.keep, report_feeds=journal.report)


# --- Lengths of time


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("P1M", Span(months=1)),
        ("P1D", Span(days=1)),
        ("PT1H", Span(rest=HOUR)),
        ("P9M10D", Span(months=9, days=10)),
        ("P1Y2M3W4DT5H6M7S", Span(14, 25, timedelta(hours=5, minutes=6, seconds=7))),
        ("P0D", Span()),
        ("PT90M", Span(rest=timedelta(minutes=90))),
    ],
)
def test_a_length_is_read_as_iso_8601_has_it(text: str, span: Span) -> None:
    assert read_span(text) == span


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1", "1M", "P-1D", "P1.5D", "p1m", "P1MT", "P\u0661D"]
)
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(UnreadableSpanError):
        read_span(text)


def test_a_month_is_a_calendar_month_in_berlin_across_the_change_of_the_clocks() -> None:
    before = datetime(2027, 3, 1, 9, tzinfo=UTC)  # 10:00 in winter

    after = read_span("P1M").after(before, BERLIN)

    assert after == datetime(2027, 4, 1, 8, tzinfo=UTC)  # 10:00 in summer


def test_a_month_from_the_end_of_january_ends_with_february() -> None:
    assert read_span("P1M").after(datetime(2027, 1, 31, 9, tzinfo=UTC), BERLIN) == datetime(
        2027, 2, 28, 9, tzinfo=UTC
    )


@pytest.mark.parametrize("text", ["P21Y", "P9999Y", "P99999D", "PT999999H"])
def test_nobody_moves_beyond_twenty_years(text: str) -> None:
    with pytest.raises(TooFarError):
        read_span(text).after(NOON, BERLIN)


# --- The clock


def test_the_clock_runs_at_real_speed_with_its_offset() -> None:
    machine = Machine()
    clock = VirtualClock(machine, 3 * DAY)

    machine.at += HOUR

    assert clock() == NOON + 3 * DAY + HOUR


def test_the_clock_never_goes_back_even_if_the_machine_does() -> None:
    machine = Machine()
    clock = VirtualClock(machine)

    machine.at -= DAY

    assert clock() == NOON


def test_a_held_clock_stands_still_and_goes_on_from_where_it_was_moved() -> None:
    machine = Machine()
    clock = VirtualClock(machine)

    with clock.held():
        machine.at += HOUR
        stood = clock()
        clock.pin(NOON + 5 * DAY)
    machine.at += HOUR

    assert stood == NOON
    assert clock() == NOON + 5 * DAY + HOUR


# --- The mover


async def test_everything_due_is_done_in_order_at_its_own_moment() -> None:
    clock, journal = VirtualClock(Machine()), Journal()
    done: list[tuple[str, datetime]] = []
    late = Worker(clock, [NOON + 3 * DAY, NOON + 5 * DAY], done, "late")
    early = Worker(clock, [NOON + DAY, NOON + 4 * DAY], done, "early")
    mover = moved_by(clock, journal, late, early)

    reached = await mover.advance("P4D")

    assert reached == clock() == NOON + 4 * DAY
    assert done == [("early", NOON + DAY), ("late", NOON + 3 * DAY), ("early", NOON + 4 * DAY)]


async def test_what_one_worker_causes_another_does_at_the_same_moment() -> None:
    clock, journal = VirtualClock(Machine()), Journal()
    sender = Worker(clock, [])
    mover = moved_by(clock, journal, sender, timer := Worker(clock, [NOON + DAY]))

    async def queue() -> None:
        sender.dues.append(clock())
        mover.poke()

    timer.then = queue

    await mover.advance("P2D")

    assert sender.done == [("work", NOON + DAY)]


async def test_next_goes_to_the_next_due_thing_and_no_further() -> None:
    clock, journal = VirtualClock(Machine()), Journal()
    worker = Worker(clock, [NOON + 3 * DAY, NOON + 9 * DAY])
    mover = moved_by(clock, journal, worker)

    reached = await mover.advance("next")

    assert reached == NOON + 3 * DAY
    assert len(worker.done) == 1
    assert mover.next_due == NOON + 9 * DAY


async def test_next_stays_where_it_is_if_nothing_is_due() -> None:
    clock, journal = VirtualClock(Machine()), Journal()

    assert await moved_by(clock, journal, Worker(clock, [])).advance("next") == NOON


async def test_both_feeds_are_reported_at_least_daily_and_up_to_the_end() -> None:
    clock, journal = VirtualClock(Machine()), Journal()

    await moved_by(clock, journal, Worker(clock, [])).advance("P10D")

    gaps = [b - a for a, b in zip([NOON, *journal.reports], journal.reports, strict=False)]
    assert max(gaps) <= DAY
    assert journal.reports[-1] == NOON + 10 * DAY


async def test_a_day_on_which_nothing_is_due_asks_every_worker_once() -> None:
    clock = VirtualClock(Machine())
    idle = Moving(clock)
    mover = moved_by(clock, Journal(), idle)
    await mover.advance("P0D")

    before = idle.ticks
    await mover.advance("P10D")

    assert idle.ticks - before == 11  # once where it stood, and once a day


async def test_the_feeds_stay_silent_if_that_is_asked_for() -> None:
    clock, journal = VirtualClock(Machine()), Journal()

    await moved_by(clock, journal, Worker(clock, [NOON + DAY])).advance("P10D", feeds=False)

    assert journal.reports == []


async def test_what_waits_for_the_outside_stops_neither_the_clock_nor_the_others() -> None:
    clock, journal = VirtualClock(Machine()), Journal()
    waiting, worker = Waiting(NOON - DAY), Worker(clock, [NOON + n * DAY for n in range(1, 60)])

    await moved_by(clock, journal, waiting, worker).advance("P60D", feeds=False)

    assert len(worker.done) == 59
    assert waiting.ticks < 59 * 3 + 2 * ENOUGH_ROUNDS


async def test_a_feed_is_reported_at_once_where_work_waits_for_it() -> None:
    clock, journal = VirtualClock(Machine()), Journal()
    waiting = Waiting(NOON + DAY)
    worker = Worker(clock, [NOON + DAY - HOUR / 2, NOON + DAY])

    await moved_by(clock, journal, waiting, worker).advance("P1D")

    assert NOON + DAY in journal.reports


@dataclass
class Mill:
    """Always finds more to do at the same moment."""

    poke: Callable[[], None] | None = None

    async def tick(self) -> datetime | None:
        if self.poke is not None:
            self.poke()
        return None


async def test_work_without_end_is_an_error_and_the_clock_is_let_go() -> None:
    machine, journal, mill = Machine(), Journal(), Mill()
    clock = VirtualClock(machine)
    mover = Mover(clock, (mill,), keep_offset=journal.keep, report_feeds=journal.report)
    mill.poke = mover.poke

    with pytest.raises(StandstillError):
        await mover.advance("P1D")

    machine.at += HOUR
    assert clock() == NOON + HOUR


async def test_work_without_end_lets_others_have_their_turn_at_real_speed() -> None:
    machine, journal, mill = Machine(), Journal(), Mill()
    mover = moved_by(VirtualClock(machine), journal, mill)

    def find_more() -> None:
        machine.at += timedelta(seconds=0.1)
        mover.poke()

    mill.poke = find_more
    await mover.settle()

    assert NOON < machine.at <= NOON + timedelta(seconds=2)


async def test_what_is_kept_is_never_behind_what_was_lived() -> None:
    machine, journal = Machine(), Journal()
    clock = VirtualClock(machine)
    lived: list[bool] = []
    worker = Worker(clock, [NOON + n * HOUR for n in range(1, 100)])

    async def compare() -> None:
        lived.append(machine.at + journal.offsets[-1] >= clock())

    worker.then = compare
    await moved_by(clock, journal, worker).advance("P3D")

    assert len(lived) == 72
    assert all(lived)
    assert journal.offsets[-1] == 3 * DAY
    assert len(journal.offsets) <= 5


async def test_the_loop_at_real_speed_stands_still_while_the_clock_is_moved() -> None:
    clock, journal = VirtualClock(Machine()), Journal()
    at_work: list[int] = []
    most: list[int] = []

    async def rest() -> None:
        at_work.append(1)
        await asyncio.sleep(0.001)
        most.append(len(at_work))
        at_work.pop()

    worker = Worker(clock, [NOON + n * HOUR for n in range(1, 24)], then=rest)
    mover, stop = moved_by(clock, journal, worker), asyncio.Event()

    loop = asyncio.create_task(mover.run(stop))
    await mover.advance("P1D")
    stop.set()
    await loop

    assert len(worker.done) == 23
    assert set(most) == {1}


async def test_the_loop_at_real_speed_works_when_it_is_poked_and_survives_an_error() -> None:
    clock, journal = VirtualClock(Machine()), Journal()
    worker = Worker(clock, [NOON])
    mover, stop = moved_by(clock, journal, worker), asyncio.Event()

    async def fail() -> None:
        raise RuntimeError("once")

    worker.then = fail
    loop = asyncio.create_task(mover.run(stop))
    await asyncio.sleep(0.01)
    worker.then = None
    worker.dues.append(NOON)
    mover.poke()
    await asyncio.sleep(0.01)
    stop.set()
    await loop

    assert len(worker.done) == 2


async def test_a_worker_that_puts_things_off_by_a_moment_does_not_keep_the_others_busy() -> None:
    clock, journal = VirtualClock(lambda: datetime.now(UTC)), Journal()  # noqa: TID251 (real speed)
    putting_off = PuttingOff(clock)

    await moved_by(clock, journal, putting_off).settle()

    assert putting_off.ticks < 10


@dataclass
class PuttingOff:
    """Wants to be asked again in two seconds, whenever it is asked."""

    clock: VirtualClock
    ticks: int = 0

    async def tick(self) -> datetime | None:
        self.ticks += 1
        return self.clock() + timedelta(seconds=2)


async def test_settling_waits_a_moment_for_what_is_about_to_come_due() -> None:
    clock, journal = VirtualClock(lambda: datetime.now(UTC)), Journal()  # noqa: TID251 (real speed)
    soon, later = timedelta(seconds=0.05), timedelta(seconds=30)
    worker = Worker(clock, [clock() + soon, clock() + later])

    await moved_by(clock, journal, worker).settle()

    assert len(worker.done) == 1
