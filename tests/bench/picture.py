"""The picture for the README: ours and the naive peer beside the limit, each benchmark a row."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from tests.bench.measuring import Figure, Spread

OURS, PEER, LIMIT, INK = "#2f6f73", "#c9b79c", "#9aa5a8", "#30383b"


def draw(figures: Sequence[Figure], path: Path) -> None:
    """Draw all figures that have a limit, as shares of it, into a PNG."""
    rows = [figure for figure in figures if figure.limit is not None][::-1]
    canvas = Canvas(figsize=(9, 0.8 + 0.62 * len(rows)), dpi=150, layout="constrained")
    axes = canvas.add_subplot()
    for y, figure in enumerate(rows):
        _row(axes, y, figure)
    axes.set_xscale("log")
    axes.axvline(1, color=LIMIT, linewidth=1.5)
    axes.annotate("limit", (1, len(rows) - 0.45), color=LIMIT, ha="center", fontsize=9)
    axes.set_yticks(range(len(rows)), [f.name for f in rows], color=INK)
    axes.set_ylim(-0.6, len(rows) - 0.2)
    axes.set_xlabel("speed against the limit of the same run (log scale, to the right is faster)")
    axes.tick_params(length=0, colors=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", color="#e6e9ea", linewidth=0.8)
    axes.set_axisbelow(True)
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path)


def _row(axes: Axes, y: int, figure: Figure) -> None:
    assert figure.limit is not None
    is_rate = figure.unit.endswith("/s")
    for spread, colour, name, lift in (
        (figure.peer, PEER, "peer", -16),
        (figure.ours, OURS, "ours", 8),
    ):
        if spread is None:
            continue
        least, share, most = _shares(spread, figure.limit, is_rate=is_rate)
        axes.plot(
            [least, most], [y, y], color=colour, linewidth=5, solid_capstyle="round", alpha=0.4
        )
        axes.plot(share, y, "o", color=colour, markersize=9)
        label = f"{name} {spread.median:,.0f}"
        axes.annotate(
            label,
            (share, y),
            (0, lift),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=INK,
        )


def _shares(spread: Spread, limit: Spread, *, is_rate: bool) -> tuple[float, float, float]:
    """Give least, median and most as speed against the median of the limit."""
    if is_rate:
        return spread.min / limit.median, spread.median / limit.median, spread.max / limit.median
    return limit.median / spread.max, limit.median / spread.median, limit.median / spread.min
