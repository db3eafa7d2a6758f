"""Lines: strangers and links."""

from dataclasses import dataclass

from flows.lines.line import Line


@dataclass(frozen=True, slots=True)
class NotInvited(Line):
    """The one neutral answer to a stranger, also to a code that is used, expired or guessed."""


@dataclass(frozen=True, slots=True)
class Linked(Line):
    """The greeting in Telegram after the proof; the dialogue goes on below it."""


@dataclass(frozen=True, slots=True)
class ButtonOutdated(Line):
    """The short notice over a button whose moment has passed; what holds now is shown anew."""


@dataclass(frozen=True, slots=True)
class MovedToTelegram(Line):
    """The one line on the phone that says where the dialogue goes on."""
