"""Lines: the months without a call."""

from dataclasses import dataclass
from datetime import datetime

from flows.intent import Intent
from flows.lines.line import Line


@dataclass(frozen=True, slots=True)
class StreakStarted(Line):
    """The months begin: until when, what never counts, the hotline's number."""

    offers = (Intent.STATUS, Intent.HELP, Intent.TERMS)
    months: int
    megabytes: int
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class MonthDone(Line):
    """One more month is done."""

    offers = (Intent.STATUS,)
    month: int
    of: int
    days_left: int
    ends_at: datetime
    megabytes: int


@dataclass(frozen=True, slots=True)
class LastMonthDone(Line):
    """All months are done; the bonus is booked once the records are complete."""

    offers = (Intent.STATUS,)
    month: int
    of: int
    megabytes: int
    settles_at: datetime


@dataclass(frozen=True, slots=True)
class GoalReached(Line):
    """The streak's credit is booked."""

    offers = (Intent.STATUS,)
    megabytes: int
    total: int
    months: int
    usable_until: datetime | None
