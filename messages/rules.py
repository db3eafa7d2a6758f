"""The rules that texts are held to: a judge for each, given a line as a customer would get it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from html import unescape
from html.parser import HTMLParser

from flows import lines
from flows.campaign import Campaign
from flows.customer import Channel
from flows.lines import Line
from messages.folding import fold, words
from messages.segments import count, normalise, offenders
from messages.wording import Wording, name_of

_MOST_SEGMENTS = 2


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

    stop: str = "STOP"
    banned: tuple[str, ...] = ()
    upsell: tuple[str, ...] = ()


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
    lines.CreditTakenBack,
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
    lines.AngerHeard,
    lines.LanguageUnknown,
    lines.TopicsOffered,
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
    lines.VolumeLeft,
    lines.BillTold,
    lines.OutageTold,
    lines.FactMissing,
    lines.TopicAnswered,
    lines.TopicsOffered,
    lines.ConsentAwaited,
    lines.CourtesyReturned,
    lines.SignsSeen,
    lines.AngerHeard,
    lines.LanguageUnknown,
    lines.Misunderstood,
    lines.HotlineOffered,
    lines.PersonCalled,
    lines.TermsShown,
    lines.DataOffered,
    lines.EraseAsked,
    lines.DataErased,
    lines.LanguageChanged,
    lines.Emergency,
    lines.NotInvited,
    lines.Linked,
    lines.ButtonOutdated,
)


# --- One judge for each rule: what is wrong, None if nothing --------------------------------------


def _labelled(rendering: Rendering, campaign: Campaign, tone: Tone) -> str | None:
    del campaign, tone
    shown = [button.intent for button in rendering.wording.buttons]
    mute = [intent for intent in rendering.line.offers if intent not in shown]
    is_bare = rendering.channel is Channel.TELEGRAM and mute
    return f"no label for {', '.join(mute)}" if is_bare else None


def _encoded(rendering: Rendering, campaign: Campaign, tone: Tone) -> str | None:
    del campaign, tone
    foreign = offenders(rendering.wording.text) if rendering.channel is Channel.SMS else ()
    return f"not in GSM-7: {' '.join(foreign)}" if foreign else None


def _short(rendering: Rendering, campaign: Campaign, tone: Tone) -> str | None:
    del campaign, tone
    if rendering.channel is not Channel.SMS:
        return None
    most = 1 if isinstance(rendering.line, _REMINDERS) else _MOST_SEGMENTS
    length = count(rendering.wording.text)
    return f"{length.segments} segments, at most {most}" if length.segments > most else None


def _stoppable(rendering: Rendering, campaign: Campaign, tone: Tone) -> str | None:
    del campaign
    if rendering.channel is Channel.EMAIL or not isinstance(rendering.line, _CAMPAIGNING):
        return None
    has_hint = re.search(rf"\b{re.escape(tone.stop)}\b", rendering.wording.text)
    return None if has_hint else f"does not say {tone.stop}"


def _signed(rendering: Rendering, campaign: Campaign, tone: Tone) -> str | None:
    del tone
    if rendering.channel is not Channel.SMS or isinstance(rendering.line, _ANSWERS):
        return None
    brand = normalise(campaign.operator.brand)
    return None if brand in rendering.wording.text else f"does not name {brand}"


def _reachable(rendering: Rendering, campaign: Campaign, tone: Tone) -> str | None:
    del tone
    hotline = normalise(campaign.operator.hotline)
    is_there = hotline in normalise(unescape(rendering.wording.text))
    return None if is_there or not isinstance(rendering.line, _WITH_HOTLINE) else f"no {hotline}"


def _rescuing(rendering: Rendering, campaign: Campaign, tone: Tone) -> str | None:
    del tone
    if not isinstance(rendering.line, lines.Emergency):
        return None
    text = rendering.wording.text
    if not ("112" in text and "110" in text):
        return "does not name 112 and 110"
    is_more = campaign.operator.brand in text or set(re.findall(r"\d+", text)) != {"112", "110"}
    return "says more than where help is" if is_more else None


def _kind(rendering: Rendering, campaign: Campaign, tone: Tone) -> str | None:
    del campaign
    return _said(rendering, tone.banned)


def _honest(rendering: Rendering, campaign: Campaign, tone: Tone) -> str | None:
    del campaign
    # What somebody asks about offers is answered; such answers have rules of their own.
    is_free = isinstance(rendering.line, (*_CAMPAIGNING, lines.TopicAnswered))
    return None if is_free else _said(rendering, tone.upsell)


def _said(rendering: Rendering, phrases: tuple[str, ...]) -> str | None:
    """Find the first of these phrases that the text contains as whole words."""
    text = _spoken(rendering.wording.text)
    phrase = next((phrase for phrase in phrases if _spoken(phrase) in text), None)
    return f"says: {phrase}" if phrase else None


@cache
def _spoken(text: str) -> str:
    return f" {' '.join(words(fold(text)))} "


def _marked_up(rendering: Rendering, campaign: Campaign, tone: Tone) -> str | None:
    del campaign, tone
    if rendering.channel is not Channel.TELEGRAM:
        return None
    tags = _Tags()
    tags.feed(rendering.wording.text)
    tags.close()
    return tags.fault or (f"<{tags.open[-1]}> is not closed" if tags.open else None)


class _Tags(HTMLParser):
    """Follows the tags of a text; `fault` is the first that Telegram would refuse."""

    _KNOWN = frozenset({"b", "i", "u", "s", "a", "code", "pre", "blockquote", "tg-spoiler"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fault: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag not in self._KNOWN:
            self.fault = self.fault or f"<{tag}> is unknown to Telegram"
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.fault = self.fault or f"</{tag}> closes nothing"


JUDGES: dict[Rule, Callable[[Rendering, Campaign, Tone], str | None]] = {
    Rule.LABELLED: _labelled,
    Rule.ENCODED: _encoded,
    Rule.SHORT: _short,
    Rule.STOPPABLE: _stoppable,
    Rule.SIGNED: _signed,
    Rule.REACHABLE: _reachable,
    Rule.RESCUING: _rescuing,
    Rule.KIND: _kind,
    Rule.HONEST: _honest,
    Rule.MARKED_UP: _marked_up,
}
