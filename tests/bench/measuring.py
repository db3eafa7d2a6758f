"""How we measure: ours, the limit and a naive peer, in a new order and on fresh ground each round.

Whatever ran is verified by its rows; a fast wrong answer is no result.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import TypeVar

import msgspec
import uvloop

T = TypeVar("T")

ROUNDS = 5


class WrongRowsError(Exception):
    """What was measured did not do its work."""


class Runner(StrEnum):
    """Who runs; the limit does the same work with nothing around it."""

    OURS = "ours"
    LIMIT = "limit"
    PEER = "peer"


@dataclass(frozen=True, slots=True)
class Lap:
    """One measurement: its value in the benchmark's unit, and the CPU of one operation in µs.

    `beside` is what else was seen; `is_kept` tells whether a promise that is no speed held;
    `slowed` how many times as long others took beside it, of which the median is promised.
    """

    value: float
    cpu_us: float
    beside: str = ""
    is_kept: bool = True
    slowed: float = 0.0


@dataclass(slots=True)
class Stopwatch:
    """Wall and CPU seconds of this process, all threads included."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    def rate(self, operations: int) -> Lap:
        """Read it as operations per second."""
        return Lap(operations / self.wall_s, self.cpu_s / operations * 1e6)

    def cost(self, operations: int) -> Lap:
        """Read it as µs of wall time per operation."""
        return Lap(self.wall_s / operations * 1e6, self.cpu_s / operations * 1e6)

    def cpu(self, operations: int) -> Lap:
        """Read it as µs of CPU per operation."""
        return Lap(self.cpu_s / operations * 1e6, self.cpu_s / operations * 1e6)


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Measure what is inside."""
    watch, wall, cpu = Stopwatch(), time.perf_counter(), time.process_time()
    yield watch
    watch.wall_s, watch.cpu_s = time.perf_counter() - wall, time.process_time() - cpu


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a lap runs: an empty folder, the prepared one to copy from, how much, and chance."""

    folder: Path
    prepared: Path
    size: int
    chance: Random


Run = Callable[[Ground], Awaitable[Lap]]


async def nothing(ground: Ground) -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What was promised, as a sentence and as bounds on the medians and their ratios."""

    sentence: str
    of_limit: float | None = None
    over_peer: float | None = None
    ours: float | None = None
    slowed: float | None = None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One name of bench.json; `size` is how many operations (or rows) there are at scale 1.

    `is_cost`: less is better. `prepare` fills a folder once, which every lap starts from.
    """

    name: str
    unit: str
    goal: Goal
    size: int
    runs: Mapping[Runner, Run]
    is_cost: bool = False
    prepare: Callable[[Ground], Awaitable[None]] = nothing


class Spread(msgspec.Struct, frozen=True):
    """Median, least and most of the rounds."""

    median: float
    min: float
    max: float


class Figure(msgspec.Struct, frozen=True):
    """One entry of bench.json; `cpu_us` is the CPU of one of our operations.

    Both ratios are medians over the rounds, each taken within one.
    """

    name: str
    unit: str
    ours: Spread
    limit: Spread | None
    peer: Spread | None
    of_limit: float | None
    over_peer: float | None
    goal: str
    cpu_us: float
    met: bool
    rounds: int


@dataclass(slots=True)
class Laps:
    """What the rounds of one benchmark have brought so far."""

    benchmark: Benchmark
    size: int
    laps: dict[Runner, list[Lap]] = field(default_factory=dict)

    def add(self, runner: Runner, lap: Lap) -> None:
        self.laps.setdefault(runner, []).append(lap)

    def figure(self) -> Figure:
        """Sum up."""
        ours, limit, peer = (self._spread(runner) for runner in Runner)
        assert ours is not None
        of_limit = self._ratio(Runner.OURS, Runner.LIMIT)
        over_peer = self._ratio(*self._better_first())
        mine = self.laps[Runner.OURS]
        return Figure(
            name=self.benchmark.name,
            unit=self.benchmark.unit,
            ours=ours,
            limit=limit,
            peer=peer,
            of_limit=of_limit,
            over_peer=over_peer,
            goal="; ".join(filter(None, (self._goal(), mine[-1].beside, self._slowed()))),
            cpu_us=round(statistics.median(lap.cpu_us for lap in mine), 1),
            met=self._is_met(ours.median, of_limit, over_peer),
            rounds=len(mine),
        )

    def _goal(self) -> str:
        """Say what was promised, and where it was measured on less or more than that."""
        sentence, size = self.benchmark.goal.sentence, self.benchmark.size
        return sentence if size == self.size else f"{sentence}; here {self.size} and not {size}"

    def _slowed(self) -> str:
        """Say by how much others were slowed, where that was promised."""
        ratio = statistics.median(lap.slowed for lap in self.laps[Runner.OURS])
        return f"{ratio:.2f} is the median of that" if self.benchmark.goal.slowed else ""

    def _spread(self, runner: Runner) -> Spread | None:
        values = [lap.value for lap in self.laps.get(runner, [])]
        if not values:
            return None
        found = (statistics.median(values), min(values), max(values))
        return Spread(*(round(value, 1) for value in found))

    def _ratio(self, one: Runner, other: Runner) -> float | None:
        """Take the median of what the rounds give: a machine is of one speed in one of them."""
        if not (self.laps.get(one) and self.laps.get(other)):
            return None
        rounds = zip(self.laps[one], self.laps[other], strict=True)
        return round(statistics.median(lap.value / beside.value for lap, beside in rounds), 3)

    def _better_first(self) -> tuple[Runner, Runner]:
        """Order ours and the peer so that their ratio tells how many times better we are."""
        if self.benchmark.is_cost:
            return Runner.PEER, Runner.OURS
        return Runner.OURS, Runner.PEER

    def _is_met(self, ours: float, of_limit: float | None, over_peer: float | None) -> bool:
        goal, is_cost = self.benchmark.goal, self.benchmark.is_cost
        mine = self.laps[Runner.OURS]
        return (
            all(lap.is_kept for lap in mine)
            and _holds(statistics.median(lap.slowed for lap in mine), goal.slowed, is_cost=True)
            and _holds(ours, goal.ours, is_cost=is_cost)
            and _holds(of_limit, goal.of_limit, is_cost=is_cost)
            and _holds(over_peer, goal.over_peer, is_cost=False)
        )


def _holds(value: float | None, bound: float | None, *, is_cost: bool) -> bool:
    if bound is None:
        return True
    if value is None:
        return False
    return value <= bound if is_cost else value >= bound


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything, how often, and by which seed the order is drawn."""

    size: float = 1.0
    rounds: int = ROUNDS
    seed: int = 1

    def of(self, size: int) -> int:
        """Scale a size; a handful is the least."""
        return max(round(size * self.size), 4)


Told = Callable[[int, Runner, Lap], None]


def measure(benchmark: Benchmark, scale: Scale, told: Told) -> Figure:
    """Run all rounds of one benchmark; `told` hears of each lap."""
    chance, size = Random(f"{benchmark.name} {scale.seed}"), scale.of(benchmark.size)  # noqa: S311
    laps = Laps(benchmark, size)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder, prepared = Path(name), Path(name) / "prepared"
        prepared.mkdir()
        uvloop.run(_prepared(benchmark, Ground(prepared, prepared, size, chance)))
        for n in range(scale.rounds):
            for runner in _shuffled(benchmark.runs, chance):
                with tempfile.TemporaryDirectory(dir=folder) as fresh:
                    ground = Ground(Path(fresh), prepared, size, chance)
                    lap = uvloop.run(_lap(benchmark.runs[runner], ground))
                laps.add(runner, lap)
                told(n + 1, runner, lap)
    return laps.figure()


async def _prepared(benchmark: Benchmark, ground: Ground) -> None:
    await benchmark.prepare(ground)


async def _lap(run: Run, ground: Ground) -> Lap:
    return await run(ground)


def _shuffled(runs: Mapping[Runner, Run], chance: Random) -> Sequence[Runner]:
    return chance.sample(list(runs), k=len(runs))


# --- For those who are measured -------------------------------------------------------------------


async def crowd(jobs: Iterable[T], at_once: int, do: Callable[[T], Awaitable[object]]) -> None:
    """Do all jobs, so many at a time."""
    waiting = iter(jobs)

    async def one() -> None:
        for job in waiting:
            await do(job)

    await asyncio.gather(*(one() for _ in range(at_once)))


def expect(found: object, expected: object, what: str) -> None:
    """Verify what is left behind; raises WrongRowsError."""
    if found != expected:
        raise WrongRowsError(f"{what}: {found} instead of {expected}")


def quantile(values: Iterable[float], share: float) -> float:
    """Give the value that so large a share does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
