"""Lines: opting out of messages and in again."""

from dataclasses import dataclass

from flows.intent import Intent
from flows.lines.line import Line


@dataclass(frozen=True, slots=True)
class OptedOut(Line):
    """The one confirmation of STOPP; START brings the messages back."""

    is_member: bool


@dataclass(frozen=True, slots=True)
class OptOutAsked(Line):
    """A stop word stood inside a sentence; whether it is meant."""

    offers = (Intent.OPT_OUT, Intent.DECLINE)


@dataclass(frozen=True, slots=True)
class OptedIn(Line):
    """Messages come again."""

    offers = (Intent.STATUS, Intent.HELP)


@dataclass(frozen=True, slots=True)
class OptInAsked(Line):
    """`/start` by somebody who opted out; whether messages are wanted again."""

    offers = (Intent.OPT_IN, Intent.DECLINE)
