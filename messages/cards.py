"""Progress cards: which lines come with a picture, and what stands on it.

A card names nobody, so that everybody at the same milestone gets the same picture. It only repeats
what its text says; its words stand in `messages/<language>/cards.toml`.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from flows import lines
from flows.lines import Line

EDITION = "1"  # raised when cards look different, so that none of the old ones is reused
EVERY_MONTHS = 3  # a picture each month would be wallpaper


@dataclass(frozen=True, slots=True)
class Card:
    """A card in finished words, from top to bottom, and how much of the way is done.

    `is_goal`: the bonus is booked, and there is something to celebrate.
    """

    brand: str
    above: str
    headline: str
    below: str
    done: int
    of: int
    is_goal: bool = False

    @property
    def spoken(self) -> str:
        """Say the card to whoever does not see it."""
        return f"{self.above} {self.headline}. {self.below}."


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    above: str
    headline: str
    below: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    step: _Words
    month: _Words
    settling: _Words
    goal: _Words
    steps: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Milestone:
    """What a card is about: its words, its way, and the facts in them."""

    words: _Words
    done: int
    of: int
    megabytes: int
    total: int = 0
    step: str = ""


def card_of(line: Line, language: str, brand: str, volume: Callable[[int], str]) -> Card | None:
    """Give the card that goes with a line; None where none does, or the language has none.

    `volume` writes megabytes as the language does.
    """
    file = _files().get(language)
    milestone = _milestone(line, file) if file else None
    if milestone is None:
        return None
    facts = {
        "done": milestone.done,
        "of": milestone.of,
        "volume": volume(milestone.megabytes),
        "total": volume(milestone.total),
        "step": milestone.step,
    }
    words = milestone.words
    shown = (words.above.format_map(facts), words.headline.format_map(facts))
    below = words.below.format_map(facts)
    is_goal = isinstance(line, lines.GoalReached)
    return Card(brand, *shown, below, milestone.done, milestone.of, is_goal)


def _milestone(line: Line, file: _File) -> _Milestone | None:
    match line:
        case lines.Credited():
            step = file.steps.get(line.step, line.step)
            return _Milestone(file.step, line.number, line.of, line.megabytes, step=step)
        case lines.MonthDone() if line.month % EVERY_MONTHS == 0:
            return _Milestone(file.month, line.month, line.of, line.megabytes)
        case lines.LastMonthDone():
            return _Milestone(file.settling, line.month, line.of, line.megabytes)
        case lines.GoalReached():
            return _Milestone(file.goal, line.months, line.months, line.megabytes, line.total)
        case _:
            return None


@cache
def _files() -> Mapping[str, _File]:
    """Read the cards of every language, by its code."""
    places = {folder.name: folder / "cards.toml" for folder in files("messages").iterdir()}
    return {
        code: msgspec.convert(tomllib.loads(place.read_text("utf-8")), _File)
        for code, place in places.items()
        if place.is_file()
    }
