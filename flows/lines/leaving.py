"""Lines: inactivity and the ways out."""

from dataclasses import dataclass
from datetime import datetime

from flows.intent import Intent
from flows.lines.line import Line


@dataclass(frozen=True, slots=True)
class InactivityWarning(Line):
    """The portal was not used for so many days; until when one visit keeps everything."""

    offers = (Intent.NEXT, Intent.STATUS)
    days: int
    drops_at: datetime


@dataclass(frozen=True, slots=True)
class DroppedOut(Line):
    """Out of the programme for not using the portal; nothing is taken back."""

    offers = (Intent.OBJECT, Intent.STATUS)
    days: int
    total: int


@dataclass(frozen=True, slots=True)
class Reinstated(Line):
    """A manager has brought somebody back."""

    offers = (Intent.NEXT, Intent.STATUS)


@dataclass(frozen=True, slots=True)
class LeaveAsked(Line):
    """Leaving is asked for once more, naming what is lost."""

    offers = (Intent.LEAVE, Intent.DECLINE)
    megabytes: int


@dataclass(frozen=True, slots=True)
class Left(Line):
    """Out of the programme by one's own wish."""

    total: int


@dataclass(frozen=True, slots=True)
class NoLonger(Line):
    """The answer to whoever is out: left, dropped out, contract over."""

    offers = (Intent.PERSON,)
    total: int


@dataclass(frozen=True, slots=True)
class Kept(Line):
    """A question of ours was declined: everything stays as it is."""

    offers = (Intent.STATUS,)
