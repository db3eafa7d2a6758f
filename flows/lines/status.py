"""Lines: where a customer stands."""

from dataclasses import dataclass
from datetime import datetime

from flows.intent import Intent
from flows.lines.line import Line, StepMark


@dataclass(frozen=True, slots=True)
class StatusInvited(Line):
    """Invited, not joined yet."""

    offers = (Intent.JOIN, Intent.DECLINE, Intent.TERMS)
    megabytes: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StatusSteps(Line):
    """Where somebody stands who still has steps to do."""

    offers = (Intent.NEXT, Intent.HELP)
    steps: tuple[StepMark, ...]
    total: int


@dataclass(frozen=True, slots=True)
class StatusStreak(Line):
    """Where somebody stands within the months."""

    offers = (Intent.HELP,)
    steps: tuple[StepMark, ...]
    total: int
    month: int
    of: int
    days_left: int
    ends_at: datetime
    megabytes: int


@dataclass(frozen=True, slots=True)
class StatusSettling(Line):
    """The months are over, the bonus is not booked yet."""

    offers = (Intent.HELP,)
    total: int
    megabytes: int


@dataclass(frozen=True, slots=True)
class StatusDone(Line):
    """Everything that can be earned is earned."""

    total: int
