"""`make bench`: runs the benchmarks, shows them, and writes bench.json and a picture.

python -m tests.bench turn.sqlite --rounds 7
"""

import argparse
from pathlib import Path

import msgspec
from rich.console import Console

from bot.sparing import sweep_seldom
from tests.bench.measuring import ROUNDS, Figure, Lap, Runner, Scale, measure
from tests.bench.names import BENCHMARKS
from tests.bench.picture import draw
from tests.bench.table import as_table

ROOT = Path(__file__).parents[2]
console = Console()


def main() -> None:
    asked = _arguments()
    names = asked.names or list(BENCHMARKS)
    scale = Scale(asked.scale, asked.rounds, asked.seed)
    console.print(f"seed {scale.seed}, {scale.rounds} rounds, scale {scale.size:g}")
    sweep_seldom()  # as `serve` does: ours, limit and peer all run here
    figures: list[Figure] = []
    known: list[Figure] = []
    for name in names:
        figures.append(_measured(name, scale))
        known = _write(figures, asked.out)
    console.print(as_table(figures))
    if len(known) == len(BENCHMARKS):
        draw(known, asked.picture)


class Asked(argparse.Namespace):
    """What the command line says."""

    names: list[str]
    scale: float
    rounds: int
    seed: int
    out: Path
    picture: Path


def _arguments() -> Asked:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--scale", type=float, default=1.0, help="how much of everything")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int, default=1, help="of the order and of the load")
    parser.add_argument("--out", type=Path, default=ROOT / "bench.json")
    picture = ROOT / "docs" / "pictures" / "bench.png"
    parser.add_argument("--picture", type=Path, default=picture)
    return parser.parse_args(namespace=Asked())


def _measured(name: str, scale: Scale) -> Figure:
    console.print(f"\n[bold]{name}[/] ({BENCHMARKS[name].unit})")

    def told(n: int, runner: Runner, lap: Lap) -> None:
        console.print(f"  {n}/{scale.rounds} {runner:<5} {lap.value:12,.1f}  {lap.beside}")

    return measure(BENCHMARKS[name], scale, told)


def _write(figures: list[Figure], path: Path) -> list[Figure]:
    """Renew what was measured; what was not stays as it was measured in its own run."""
    kept = msgspec.json.decode(path.read_bytes(), type=list[Figure]) if path.exists() else []
    by_name = {figure.name: figure for figure in (*kept, *figures)}
    ordered = [by_name[name] for name in BENCHMARKS if name in by_name]
    path.write_bytes(msgspec.json.format(msgspec.json.encode(ordered)) + b"\n")
    return ordered


if __name__ == "__main__":
    main()
