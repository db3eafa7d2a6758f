"""The figures as a table for the terminal."""

from collections.abc import Sequence

from rich.table import Table

from tests.bench.measuring import Figure, Spread


def as_table(figures: Sequence[Figure]) -> Table:
    """Show medians, spreads and ratios."""
    table = Table("name", "unit", "ours", "limit", "peer", "of limit", "over peer", "CPU µs", "met")
    for figure in figures:
        spreads = (_shown(s) for s in (figure.ours, figure.limit, figure.peer))
        ratios = (_ratio(r) for r in (figure.of_limit, figure.over_peer))
        is_met = "yes" if figure.met else "NO"
        table.add_row(figure.name, figure.unit, *spreads, *ratios, f"{figure.cpu_us:,.0f}", is_met)
    return table


def _shown(spread: Spread | None) -> str:
    if spread is None:
        return "–"
    return f"{spread.median:,.0f} ({spread.min:,.0f}–{spread.max:,.0f})"


def _ratio(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f}"
