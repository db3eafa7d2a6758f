"""Lines: the three steps and their credits."""

from dataclasses import dataclass
from datetime import datetime

from flows.intent import Intent
from flows.lines.line import Line


@dataclass(frozen=True, slots=True)
class NextStep(Line):
    """How the next open step is done, with its link."""

    offers = (Intent.NEXT, Intent.STATUS, Intent.HELP)
    step: str
    megabytes: int


@dataclass(frozen=True, slots=True)
class StepReminder(Line):
    """All that is open, in one message."""

    offers = (Intent.NEXT, Intent.STATUS)
    steps: tuple[str, ...]
    megabytes: int


@dataclass(frozen=True, slots=True)
class CreditDelayed(Line):
    """The booking takes longer than usual; said once."""

    step: str
    megabytes: int


@dataclass(frozen=True, slots=True)
class Credited(Line):
    """A credit is booked: how much, usable until when, the how manieth of how many."""

    offers = (Intent.NEXT, Intent.STATUS)
    step: str
    megabytes: int
    total: int
    number: int
    of: int
    usable_until: datetime | None
    next_step: str | None


@dataclass(frozen=True, slots=True)
class CreditRejected(Line):
    """The operator refused a credit; a person looks into it."""

    offers = (Intent.PERSON, Intent.STATUS)
    step: str
    megabytes: int


@dataclass(frozen=True, slots=True)
class CreditTakenBack(Line):
    """A credit was taken back from the customer's volume; what stays is the total."""

    offers = (Intent.PERSON, Intent.STATUS)
    step: str
    megabytes: int
    total: int
