"""The questions that customers asked, and how well the topics answer them."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from messages.topics import Choice, Clear, Nobody, Topics, choose

_HERE = Path(__file__).parent
OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wrote, and the topic that answers it; OUTSIDE where none does."""

    language: str
    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a question."""

    question: Question
    ranked: tuple[str, ...]
    choice: Choice

    @property
    def is_first(self) -> bool:
        return self.ranked[:1] == (self.question.topic,)

    @property
    def is_among_three(self) -> bool:
        return self.question.topic in self.ranked[:3]

    @property
    def is_clear(self) -> bool:
        return isinstance(self.choice, Clear)

    @property
    def is_falsely_clear(self) -> bool:
        return isinstance(self.choice, Clear) and self.choice.topic != self.question.topic

    @property
    def is_for_a_person(self) -> bool:
        return isinstance(self.choice, Nobody)


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares of questions: four of those that have a topic, one of those that have none."""

    first: float
    among_three: float
    clear: float
    falsely_clear: float
    outside_to_a_person: float


def questions(name: str) -> tuple[Question, ...]:
    """Read a file of questions beside this one."""
    asked = tomllib.loads((_HERE / f"{name}.toml").read_text("utf-8"))
    return tuple(
        Question(language, topic, text)
        for language, by_topic in asked.items()
        for topic, texts in by_topic.items()
        for text in texts
    )


_POLITELY = {
    "de": (
        "Hallo, {}",
        "Guten Tag, {} Danke!",
        "Sehr geehrte Damen und Herren, {} MfG Otto Normal",
    ),
    "en": (
        "Hello, {}",
        "Good morning, {} Thanks!",
        "Dear Sir or Madam, {} Kind regards, Joe Bloggs",
    ),
}


def politely(asked: Iterable[Question]) -> tuple[Question, ...]:
    """Ask the same questions with greetings and thanks around them, as many people do."""
    return tuple(
        replace(one, text=way.format(one.text)) for one in asked for way in _POLITELY[one.language]
    )


def ask(topics: Topics, question: Question) -> Answered:
    found = topics.find(question.text, question.language)
    return Answered(question, tuple(one.topic for one in found), choose(found))


def figures(topics: Topics, asked: Iterable[Question]) -> Figures:
    """Ask every question; a clear answer to one without a topic is falsely clear, too."""
    answers = [ask(topics, question) for question in asked]
    inside = [one for one in answers if one.question.topic != OUTSIDE]
    outside = [one for one in answers if one.question.topic == OUTSIDE]
    return Figures(
        first=_share(one.is_first for one in inside),
        among_three=_share(one.is_among_three for one in inside),
        clear=_share(one.is_clear for one in inside),
        falsely_clear=_share(one.is_falsely_clear for one in answers),
        outside_to_a_person=_share(one.is_for_a_person for one in outside),
    )


def _share(claims: Iterable[bool]) -> float:
    held = list(claims)
    return sum(held) / len(held)
