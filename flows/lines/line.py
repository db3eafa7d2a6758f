"""What every line is, and the marks that several of them show."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from flows.intent import Intent


class Mark(StrEnum):
    """How far one step is."""

    OPEN = "open"
    PENDING = "pending"  # done, the credit is not booked yet
    CREDITED = "credited"
    WAIVED = "waived"  # no credit, by a manager's decision
    REJECTED = "rejected"  # done, the operator refused the credit
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True)
class StepMark:
    """One step as a customer sees it."""

    step: str
    megabytes: int
    mark: Mark


@dataclass(frozen=True, slots=True)
class Line:
    """A thing that can be said."""

    offers: ClassVar[tuple[Intent, ...]] = ()
