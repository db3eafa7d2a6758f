"""What the core asks of the world: wishes in the imperative, carried out by the shell."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flows.events import Feed
from flows.lines import Line


class Purpose(StrEnum):
    """Why something is said; it decides about quiet hours, caps and priority."""

    ANSWER = "answer"  # at any hour: the customer has just spoken
    NOTICE = "notice"  # a credit, a counted call: held at night only
    REPORT = "report"  # a month, a warning: held at night, not twice a day
    REMINDER = "reminder"  # held at night, on Sundays and holidays; stale after a while
    INVITATION = "invitation"  # like a reminder, and paced by the hotline


@dataclass(frozen=True, slots=True)
class Gate:
    """Not before this feed is known to be complete up to this moment."""

    feed: Feed
    complete_until: datetime


@dataclass(frozen=True, slots=True)
class Say:
    """Say a line to the customer."""

    line: Line
    purpose: Purpose = Purpose.ANSWER


@dataclass(frozen=True, slots=True)
class Credit:
    """Grant the volume of one step, once."""

    step: str
    megabytes: int


@dataclass(frozen=True, slots=True)
class Wake:
    """Come back at this moment. One per slot: a later Wake replaces the earlier."""

    slot: str
    what: str
    at: datetime
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Forget the wake of this slot."""

    slot: str


@dataclass(frozen=True, slots=True)
class Reserve:
    """Set aside volume of the budget for what this customer may still earn."""

    megabytes: int


@dataclass(frozen=True, slots=True)
class Release:
    """Give back what can no longer be earned."""

    megabytes: int


@dataclass(frozen=True, slots=True)
class Silence:
    """Send nothing unasked any more, on no channel, and drop what is queued."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Messages are wanted again, on the channel that asked for them."""


class Request(StrEnum):
    """What a person has to answer."""

    PERSON = "person"
    OBJECTION = "objection"
    DATA = "data"
    ERASE = "erase"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class Erase:
    """Forget who this is, in this very turn; `Erased` is what then has happened."""


@dataclass(frozen=True, slots=True)
class AskPerson:
    """Put something into the queue of the people behind the bot."""

    request: Request
    about: str = ""


@dataclass(frozen=True, slots=True)
class KeepWords:
    """Keep what was just said for a while: a person who is asked later should read it."""


Effect = (
    Say
    | Credit
    | Wake
    | Sleep
    | Reserve
    | Release
    | Silence
    | Listen
    | AskPerson
    | KeepWords
    | Erase
)
