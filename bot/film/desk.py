"""What stands behind the pages of the film: who comes with a token, and what they have watched."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.film.films import Films
from bot.film.reels import Reels
from bot.keys import Keys
from bot.turns.guesses import Guesses
from flows.campaign import Campaign
from flows.watching import Range, Viewing


class Visitors(Protocol):
    """Who knows to whom a page's token belongs."""

    async def by_token(self, token: str) -> "Viewer | None":
        """Tell who watches; None for whatever is not a valid token."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who watches: in which language, under which terms, and how far they have come.

    `has_watched`: the step is done, or kept until the consent.
    """

    customer: str
    language: str
    terms: Campaign
    viewing: Viewing | None
    has_watched: bool

    def watched(self, film: str) -> tuple[Range, ...]:
        """Give the ranges of a film (ms) that are believed to be watched."""
        return self.viewing.watched if self.viewing and self.viewing.film == film else ()

    def share(self, film: str) -> float:
        """Give how much of a film was watched (0..1)."""
        return self.viewing.share if self.viewing and self.viewing.film == film else 0.0


class Viewings(Protocol):
    """Who keeps what was watched."""

    async def played(
        self, customer: str, film: str, duration_ms: int, ranges: tuple[Range, ...]
    ) -> Viewer | None:
        """Take a player's report: ranges of a film in ms."""

    async def read(self, customer: str) -> Viewer | None:
        """Take that the transcript was read."""


@dataclass(frozen=True, slots=True)
class FilmDesk:
    """Everything that the pages of the film need."""

    visitors: Visitors
    viewings: Viewings
    films: Films
    reels: Reels
    keys: Keys
    guesses: Guesses
    clock: Callable[[], datetime]
