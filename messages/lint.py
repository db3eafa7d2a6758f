"""Lint reads every line in every language as customers would get it, and finds what must not go out.

Each rule is a function that is given one rendering, or one language, and tells what is wrong.
"""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files

import jinja2
import msgspec

from flows import lines
from flows.campaign import Campaign
from flows.customer import Channel
from flows.lines import Line
from messages.folding import fold, words
from messages.samples import EXTREMES, LONG_LINKS
from messages.segments import count, offenders
from messages.wording import Wordbook, Wording, name_of

MOST_SEGMENTS = 2


class Rule(StrEnum):
    """What a text is held to."""

    WORDED = "worded"  # every line has its macro, with the line's facts, and no macro is left over
    LABELLED = "labelled"  # every choice has a button
    ENCODED = "encoded"  # an SMS is written in GSM-7
    SHORT = "short"  # a reminder is one segment, everything else two at most
    STOPPABLE = "stoppable"  # invitations and reminders say how to stop them
    SIGNED = "signed"  # an SMS that nobody asked for says who writes
    REACHABLE = "reachable"  # where people may want to call, the hotline's number stands
    RESCUING = "rescuing"  # an emergency is sent to 112 and 110 and told nothing else
    KIND = "kind"  # no ban, no threat, no shame
    HONEST = "honest"  # nothing is sold where something else is told
    MARKED_UP = "marked up"  # Telegram reads the HTML


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that must not go out, and where it stands."""

    rule: Rule
    language: str
    line: str
    detail: str
    channel: Channel | None = None

    def __str__(self) -> str:
        place = f"{self.language}/{self.line}" + (f" ({self.channel})" if self.channel else "")
        return f"{place}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Rendering:
    """A line as a customer would get it."""

    line: Line
    language: str
    channel: Channel
    wording: Wording

    @property
    def name(self) -> str:
        """Name the line as its macro is named."""
        return name_of(type(self.line))


@dataclass(frozen=True, slots=True)
class Tone:
    """How one language does not talk, and its word for stopping."""

    stop: str
    banned: tuple[str, ...] = ()
    upsell: tuple[str, ...] = ()


_MAILED = (lines.Invitation, lines.InvitationReminder)
_REMINDERS = (lines.InvitationReminder, lines.StepReminder)
_CAMPAIGNING = (lines.Invitation, *_REMINDERS)
_WITH_HOTLINE = (
    lines.StreakStarted,
    lines.CallRestarted,
    lines.CallForfeited,
    lines.CallEnded,
    lines.CallExempt,
    lines.CallProvisional,
    lines.CallRepaired,
    lines.GoalUnreachable,
    lines.CreditRejected,
    lines.ObjectionNoted,
    lines.ObjectionDecided,
    lines.NothingToObject,
    lines.InactivityWarning,
    lines.DroppedOut,
    lines.Left,
    lines.NoLonger,
    lines.Help,
    lines.Misunderstood,
    lines.HotlineOffered,
    lines.PersonCalled,
    lines.TermsShown,
    lines.NotInvited,
)
# Said only in answer to somebody who has just written: they know with whom they speak.
_ANSWERS = (
    lines.InvitationExpired,
    lines.Declined,
    lines.NextStep,
    lines.ObjectionNoted,
    lines.NothingToObject,
    lines.LeaveAsked,
    lines.Left,
    lines.NoLonger,
    lines.Kept,
    lines.OptOutAsked,
    lines.OptedIn,
    lines.OptInAsked,
    lines.StatusInvited,
    lines.StatusSteps,
    lines.StatusStreak,
    lines.StatusSettling,
    lines.StatusDone,
    lines.Misunderstood,
    lines.HotlineOffered,
    lines.PersonCalled,
    lines.TermsShown,
    lines.DataRequested,
    lines.EraseAsked,
    lines.EraseRequested,
    lines.LanguageChanged,
    lines.Emergency,
    lines.NotInvited,
    lines.Linked,
)


def every_line() -> tuple[type[Line], ...]:
    """List the classes of all lines, in the order a customer hears them."""
    found = [v for v in vars(lines).values() if isinstance(v, type) and issubclass(v, Line)]
    return tuple(found[1:])  # the first one is Line itself


def lint(campaign: Campaign, wordbook: Wordbook) -> tuple[Fault, ...]:
    """Find every fault of a campaign's wording."""
    faults = [fault for language in wordbook.languages for fault in _of_language(language, wordbook)]
    broken = {(fault.language, fault.line) for fault in faults if fault.rule is Rule.WORDED}
    for rendering in renderings(wordbook):
        if (rendering.language, rendering.name) not in broken:
            faults.extend(_of_rendering(rendering, campaign))
    return tuple(dict.fromkeys(faults))
