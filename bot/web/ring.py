"""The ring: the months of the streak as arcs of a circle, for those who see; words say it, too."""

from dataclasses import dataclass
from math import cos, pi, sin

RADIUS, CENTRE = 80.0, 100.0
_GAP = 0.035  # of a turn, between two months
_WHOLE = 0.999


@dataclass(frozen=True, slots=True)
class Arc:
    """One month: the path of its whole arc, and of the part of it that is done."""

    whole: str
    done: str


def ring(months: int, done: float) -> tuple[Arc, ...]:
    """Draw so many months, of which so many are done (2.5: half of the third)."""
    gap = _GAP if months > 1 else 1 - _WHOLE
    arcs = []
    for month in range(months):
        begins, length = (month + gap / 2 * months) / months, 1 / months - gap
        share = min(max(done - month, 0.0), 1.0)
        part = _arc(begins, begins + length * share) if share > 0 else ""
        arcs.append(Arc(_arc(begins, begins + length), part))
    return tuple(arcs)


def _arc(begins: float, ends: float) -> str:
    """Write the arc between two parts of a turn, clockwise from the top."""
    is_large = int(ends - begins > 1 / 2)
    return f"M{_at(begins)}A{RADIUS:g} {RADIUS:g} 0 {is_large} 1 {_at(ends)}"


def _at(turn: float) -> str:
    angle = 2 * pi * (turn - 1 / 4)
    return f"{CENTRE + RADIUS * cos(angle):.2f} {CENTRE + RADIUS * sin(angle):.2f}"
