"""Lines: the invitation and the consent."""

from dataclasses import dataclass
from datetime import datetime

from flows.intent import Intent
from flows.lines.line import Line, StepMark


@dataclass(frozen=True, slots=True)
class Invitation(Line):
    """Who writes, what one can get, at no cost; with the link to Telegram."""

    offers = (Intent.JOIN, Intent.DECLINE, Intent.TERMS)
    megabytes: int
    months: int


@dataclass(frozen=True, slots=True)
class InvitationReminder(Line):
    """The one reminder of an open invitation."""

    offers = (Intent.JOIN, Intent.DECLINE)
    megabytes: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InvitationExpired(Line):
    """The answer to a JA that comes too late."""


@dataclass(frozen=True, slots=True)
class ConsentAsked(Line):
    """The consent text: its purposes, its version; JA to it is the consent."""

    offers = (Intent.JOIN, Intent.DECLINE, Intent.TERMS)
    version: str


@dataclass(frozen=True, slots=True)
class Enrolled(Line):
    """The consent is recorded; what can be done now, in any order."""

    offers = (Intent.NEXT, Intent.STATUS, Intent.HELP)
    at: datetime
    version: str
    steps: tuple[StepMark, ...]


@dataclass(frozen=True, slots=True)
class PutOnWaitingList(Line):
    """The budget is promised to others; the consent is kept for the next free place."""


@dataclass(frozen=True, slots=True)
class Declined(Line):
    """NEIN is understood; nothing more will come."""

    offers = (Intent.JOIN,)
