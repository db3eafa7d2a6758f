"""The storyboard: which scenes an invoice makes, in what order, and for how long each is shown.

It knows no language: every language tells the same scenes at the same moments, so that pictures in
one may run with captions in another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from messages.film.invoice import Invoice, Item, Part

FRAME_MS = 40  # 25 frames per second
SHORTEST_MS, LONGEST_MS = 32_000, 58_000  # of a whole film
MOST_ROWS = 4  # of a scene; what is small is put together in the last one


class Kind(StrEnum):
    """What a scene is about; each has its words in `film.toml`."""

    OPENING = "opening"
    OPENING_SAMPLE = "opening_sample"
    TOTAL = "total"
    TOTAL_ALONE = "total_alone"
    CREDIT = "credit"
    NOTHING = "nothing"
    PARTS = "parts"
    BASE = "base"
    EXTRA = "extra"
    DISCOUNT = "discount"
    MORE = "more"
    LESS = "less"
    SAME = "same"
    DUE = "due"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks in the film, under which terms of the programme, and where to turn to."""

    brand: str
    hotline: str
    portal: str
    terms: str


@dataclass(frozen=True, slots=True)
class Rest:
    """How many items are put together, and their amount in cents."""

    count: int
    cents: int


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene with the items it shows, from its first to before its last millisecond."""

    kind: Kind
    items: tuple[Item, ...] = ()
    rest: Rest | None = None
    from_ms: int = 0
    until_ms: int = 0

    @property
    def cents(self) -> int:
        """Add up what the scene shows."""
        return sum(item.cents for item in self.items) + (self.rest.cents if self.rest else 0)


@dataclass(frozen=True, slots=True)
class Storyboard:
    """A whole film before it is drawn."""

    speaker: Speaker
    invoice: Invoice
    scenes: tuple[Scene, ...]

    @property
    def duration_ms(self) -> int:
        """Give the length of the film."""
        return self.scenes[-1].until_ms


def scenes_of(invoice: Invoice) -> tuple[Scene, ...]:
    """Choose the scenes of an invoice; nothing is shown that it does not hold."""
    return tuple(_chosen(invoice))


def timed(scenes: Sequence[Scene], needed_ms: Sequence[int]) -> tuple[Scene, ...]:
    """Give each scene the time it needs, and the whole film between 32 and 58 seconds."""
    total = sum(needed_ms)
    pace = min(max(total, SHORTEST_MS), LONGEST_MS) / total
    frames = [round(ms * pace / FRAME_MS) for ms in needed_ms]
    ends = [sum(frames[: n + 1]) * FRAME_MS for n in range(len(frames))]
    begins = [0, *ends[:-1]]
    return tuple(
        replace(scene, from_ms=begin, until_ms=end)
        for scene, begin, end in zip(scenes, begins, ends, strict=True)
    )


def _chosen(invoice: Invoice) -> Iterator[Scene]:
    yield Scene(Kind.OPENING_SAMPLE if invoice.is_sample else Kind.OPENING)
    yield Scene(_total(invoice))
    if not invoice.items:
        yield Scene(Kind.PARTS)
    for part, kind in _PARTS:
        if items := invoice.of(part):
            yield _listed(kind, items)
    if invoice.previous_cents is not None:
        yield Scene(_compared(invoice.cents - invoice.previous_cents))
    if invoice.due_on is not None and invoice.cents > 0:
        yield Scene(Kind.DUE)
    yield Scene(Kind.CLOSING)


_PARTS = ((Part.BASE, Kind.BASE), (Part.EXTRA, Kind.EXTRA), (Part.DISCOUNT, Kind.DISCOUNT))


def _total(invoice: Invoice) -> Kind:
    if invoice.cents < 0:
        return Kind.CREDIT
    if invoice.cents == 0:
        return Kind.NOTHING
    return Kind.TOTAL if invoice.items else Kind.TOTAL_ALONE


def _compared(difference: int) -> Kind:
    if difference == 0:
        return Kind.SAME
    return Kind.MORE if difference > 0 else Kind.LESS


def _listed(kind: Kind, items: tuple[Item, ...]) -> Scene:
    """Show the largest items in their order, and the small ones as one row."""
    if len(items) <= MOST_ROWS:
        return Scene(kind, items)
    largest = sorted(items, key=lambda item: abs(item.cents), reverse=True)[: MOST_ROWS - 1]
    small = [item for item in items if item not in largest]
    rest = Rest(sum(item.count for item in small), sum(item.cents for item in small))
    return Scene(kind, tuple(item for item in items if item in largest), rest)
