"""Lines: hotline calls and objections."""

from dataclasses import dataclass
from datetime import datetime

from flows.intent import Intent
from flows.lines.line import Line


@dataclass(frozen=True, slots=True)
class CallRestarted(Line):
    """A call was counted: the months begin anew with it."""

    offers = (Intent.OBJECT, Intent.STATUS, Intent.HELP)
    called_at: datetime
    months: int
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class CallForfeited(Line):
    """A call was counted: the streak's credit is gone, everything else stays."""

    offers = (Intent.OBJECT, Intent.STATUS)
    called_at: datetime


@dataclass(frozen=True, slots=True)
class CallEnded(Line):
    """A call was counted: the programme is over, everything credited stays."""

    offers = (Intent.OBJECT,)
    called_at: datetime


@dataclass(frozen=True, slots=True)
class CallExempt(Line):
    """A call was noted and does not count."""

    offers = (Intent.STATUS,)
    called_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class CallProvisional(Line):
    """A call without a known reason counts from `decides_at` on, unless somebody objects."""

    offers = (Intent.OBJECT, Intent.STATUS)
    called_at: datetime
    decides_at: datetime


@dataclass(frozen=True, slots=True)
class CallRepaired(Line):
    """A counted call turned out not to count: the old end is back. Said unasked."""

    offers = (Intent.STATUS,)
    called_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class GoalUnreachable(Line):
    """The time left is too short for a whole streak; everything credited stays."""

    offers = (Intent.STATUS,)
    months: int


@dataclass(frozen=True, slots=True)
class ObjectionNoted(Line):
    """A person will look at the call (or the drop-out); until then it has no effect."""

    offers = (Intent.STATUS,)
    about: datetime
    answer_by: datetime


@dataclass(frozen=True, slots=True)
class ObjectionDecided(Line):
    """A person has decided."""

    offers = (Intent.STATUS,)
    about: datetime
    is_accepted: bool
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class NothingToObject(Line):
    """There is no counted call."""

    offers = (Intent.STATUS, Intent.PERSON)
