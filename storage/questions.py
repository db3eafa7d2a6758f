"""Questions for people: what waits, what was said about it, and what no topic answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from flows.effects import Request
from storage.changes import (
    AnswerQuestion,
    AskQuestion,
    CountUnfound,
    HoldWords,
    ShowWords,
    TakeQuestion,
)
from storage.memory import QuestionRow

QuestionChange = (
    AskQuestion | HoldWords | TakeQuestion | AnswerQuestion | ShowWords | CountUnfound
)  # fmt: skip

SHORTLY = timedelta(hours=1)  # what was said within it before a question belongs to it
STILL = timedelta(days=1)  # after an answer: what comes then belongs to the same question


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody said about a question; `author` is empty for the customer."""

    id: int
    request: int
    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for a person; `text` is what the customer wrote, as far as kept."""

    id: int
    customer: str
    request: Request
    about: str
    at: datetime
    text: str
    taken_by: str | None

    @property
    def state(self) -> str:
        """Tell whether somebody has taken it over."""
        return "taken" if self.taken_by else "open"


@dataclass(frozen=True, slots=True)
class Unfound:
    """A word that found no topic, how often it was used, and the nearest topic."""

    word: str
    asked: int
    topic: str


class Questions(Protocol):
    """The keeper of what waits for people."""

    async def waiting(self, limit: int) -> tuple[Waiting, ...]:
        """List all that waits for a person, objections and requests too, the oldest first."""

    async def question(self, request: int) -> QuestionRow | None:
        """Read one question."""

    async def to_show(self, limit: int) -> tuple[Words, ...]:
        """List what customers said that no manager was shown yet, the oldest first."""

    async def words(self, request: int) -> tuple[Words, ...]:
        """Read all that was said about a question, the oldest first."""

    async def unfound(self, since: date, least: int, limit: int) -> tuple[Unfound, ...]:
        """List the words that found no topic `least` times since a day, the most frequent first."""

    async def forget_words(self, before: datetime, limit: int) -> int:
        """Delete what was written before a moment; tells how many entries went."""

    async def forget_unfound(self, before: date, rare: tuple[date, int]) -> None:
        """Delete counts from before a day, and before another day those below a number."""


def text_of(words: Sequence[Words]) -> str:
    """Put together what the customer wrote."""
    return "\n".join(entry.text for entry in words if not entry.author and entry.text)
