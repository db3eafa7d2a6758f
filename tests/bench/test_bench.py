"""Every benchmark, so small that nothing can be told of its speed: it does its work and says so."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.bench.__main__ import _write
from tests.bench.measuring import (
    Benchmark,
    Figure,
    Goal,
    Ground,
    Lap,
    Runner,
    Scale,
    Spread,
    WrongRowsError,
    expect,
    measure,
)
from tests.bench.names import BENCHMARKS
from tests.bench.picture import draw
from tests.bench.replying import busiest

KEYS = {
    "name", "unit", "ours", "limit", "peer", "of_limit", "over_peer", "goal", "cpu_us", "met",
    "rounds",
}  # fmt: skip


# They start processes for every lap; limit and peer are left to `make bench`, which verifies them.
COSTLY = {"webhook.sms", "reply.under_bulk", "end_to_end.sms", "webhook.beside_film"}


def tiny(name: str) -> tuple[Benchmark, Scale]:
    benchmark = BENCHMARKS[name]
    runs = {Runner.OURS: benchmark.runs[Runner.OURS]} if name in COSTLY else benchmark.runs
    return replace(benchmark, runs=runs), Scale(6 / benchmark.size, rounds=1)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_verifies_its_rows_and_fills_its_figure(name: str) -> None:
    laps: list[Runner] = []
    benchmark, scale = tiny(name)

    figure = measure(benchmark, scale, lambda n, runner, lap: laps.append(runner))

    assert sorted(laps) == sorted(benchmark.runs)
    assert figure.ours.min <= figure.ours.median <= figure.ours.max
    assert (figure.of_limit is None) == (Runner.LIMIT not in benchmark.runs)
    assert (figure.name, figure.rounds) == (name, 1)


def scripted(values: dict[Runner, list[float]], *, is_cost: bool = False) -> Benchmark:
    """Make a benchmark whose laps are known beforehand."""

    def run(runner: Runner) -> object:
        async def lap(ground: Ground) -> Lap:
            return Lap(values[runner].pop(0), 7.0)

        return lap

    goal = Goal("half the limit", of_limit=2 if is_cost else 0.5, over_peer=2)
    runs = {runner: run(runner) for runner in values}
    return Benchmark("scripted", "things/s", goal, 10, runs, is_cost=is_cost)  # type: ignore[arg-type]


def test_a_figure_gives_median_least_most_and_what_the_ratios_of_the_rounds_were() -> None:
    benchmark = scripted(  # on a machine that is half as fast in the second round
        {Runner.OURS: [6, 3, 4], Runner.LIMIT: [12, 6, 10], Runner.PEER: [2, 1, 3]}
    )

    figure = measure(benchmark, Scale(rounds=3), lambda n, runner, lap: None)

    assert figure.ours == Spread(4, 3, 6)
    assert (figure.of_limit, figure.over_peer, figure.met) == (0.5, 3, True)


def test_where_less_is_better_the_peer_is_beaten_by_costing_less() -> None:
    benchmark = scripted({Runner.OURS: [3], Runner.LIMIT: [1], Runner.PEER: [9]}, is_cost=True)

    figure = measure(benchmark, Scale(rounds=1), lambda n, runner, lap: None)

    assert (figure.of_limit, figure.over_peer, figure.met) == (3, 3, False)


def test_bench_json_has_the_agreed_keys_and_keeps_what_was_not_measured_again(
    tmp_path: Path,
) -> None:
    spread = Spread(1, 1, 1)
    first, second = (
        Figure(name, "turns/s", spread, spread, None, 1, None, "fast", 1, True, 5)  # noqa: FBT003
        for name in ("turn.sqlite", "relay.sqlite")
    )
    path = tmp_path / "bench.json"

    _write([second], path)
    known = _write([first], path)

    assert [figure.name for figure in known] == ["turn.sqlite", "relay.sqlite"]
    assert all(set(entry) == KEYS for entry in msgspec.json.decode(path.read_bytes()))
    draw(known, tmp_path / "bench.png")
    assert (tmp_path / "bench.png").stat().st_size > 0


def test_a_fast_wrong_answer_is_no_result() -> None:
    with pytest.raises(WrongRowsError, match="rows: 3 instead of 4"):
        expect(3, 4, "rows")


def test_the_fullest_second_is_found_wherever_it_begins() -> None:
    assert busiest([(0.0, 1), (0.9, 2), (1.5, 3), (1.8, 10)], 1.0) == 15
