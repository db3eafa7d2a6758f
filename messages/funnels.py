"""A funnel in words and numbers; `funnel_drawing` draws it, in a process of its own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: how many customers, and whether they have left the way."""

    label: str
    number: int
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Funnel:
    """A funnel in finished words; the first bar is the whole."""

    title: str
    below: str
    bars: tuple[Bar, ...]

    @property
    def whole(self) -> int:
        """Give what the longest bar stands for."""
        return max((bar.number for bar in self.bars), default=0)
