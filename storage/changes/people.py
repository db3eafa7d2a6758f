"""What a turn puts before the people behind the bot, and what they answered."""

from dataclasses import dataclass
from datetime import date, datetime

from flows.customer import Address
from flows.effects import Request


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """Put something into the queue of the people behind the bot."""

    customer: str
    request: Request
    about: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CloseRequest:
    """Note that a person has answered something of the queue; the first answer stays."""

    id: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class AskQuestion:
    """Put a customer's words before the people behind the bot, to be answered at this address.

    They are added to the question that waits or was answered within the last day, if there is one;
    what was kept within the last hour comes before them.
    """

    customer: str
    address: Address
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HoldWords:
    """Keep what a customer said for a person who may be asked soon, and for no longer.

    What was kept before the last hour is deleted.
    """

    customer: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TakeQuestion:
    """Let somebody take a question over, which waits again; None: it is anybody's again."""

    request: int
    by: str | None


@dataclass(frozen=True, slots=True)
class AnswerQuestion:
    """Keep what somebody of us answered."""

    request: int
    customer: str
    by: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ShowWords:
    """Note that the managers were shown these words."""

    id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CountUnfound:
    """Count words that found no topic in the week of this Monday, and the nearest topic."""

    week: date
    words: tuple[str, ...]
    topic: str
