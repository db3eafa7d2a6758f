"""What was played in the sandbox is kept as a story: phones, events and the clock, in order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.channels.simulator_phones import plain
from bot.channels.simulator_screens import Acted, Direction, Shown
from bot.clock import BERLIN
from bot.spans import read_span
from bot.stories import (
    Act,
    At,
    Cast,
    Invited,
    OpensLink,
    Reads,
    Stands,
    Story,
    Taps,
    Waits,
    Writes,
    exact_span,
    gist,
    read_act,
)
from bot.web.simulator_desk import Person
from flows.customer import Channel

_NAMES = {"en": "Alice", "de": "Babak"}
_AT_ONCE = timedelta(seconds=5)  # an answer is due without waiting
_PAUSE = timedelta(minutes=10)  # so long somebody may think before the next act


@dataclass(frozen=True, slots=True)
class _Step:
    at: datetime
    act: Act
    is_said: bool = False  # by the bot


def story_of(person: Person, screen: Sequence[Shown], acted: Sequence[Acted]) -> Story:
    """Tell what happened to one customer, from the first message on."""
    cast = Cast(_NAMES.get(person.language, "Alice"), Channel.SMS, person.language)
    begins = min((shown.entry.at for shown in screen), default=None)
    acts = () if begins is None else tuple(_acts(begins, screen, acted))
    title = f"What {cast.name} did in the sandbox"
    return Story(title, cast, (*acts, Stands(person.state)))


def _acts(begins: datetime, screen: Sequence[Shown], acted: Sequence[Acted]) -> Iterator[Act]:
    """Put everything in order, and say where time has passed that no move of the clock explains."""
    yield from (At(begins), Invited())
    done = (_Step(one.at, read_act(one.line)) for one in acted if one.at >= begins)
    now = begins
    for step in sorted((*map(_seen, screen), *done), key=lambda step: step.at):
        gap = step.at - now
        if gap > (_AT_ONCE if step.is_said else _PAUSE):
            yield Waits(exact_span(gap))
        yield step.act
        now = max(now, step.at)
        if isinstance(step.act, Waits):
            now = _after(step.act, now)


def _after(waits: Waits, now: datetime) -> datetime:
    return read_span(waits.span).after(now, BERLIN)


def _seen(shown: Shown) -> _Step:
    entry = shown.entry
    channel = entry.address.channel
    if entry.direction is Direction.OUT:
        text = plain(entry.text) if channel is Channel.TELEGRAM else entry.text
        return _Step(entry.at, Reads(gist(text), channel), is_said=True)
    if entry.tapped is not None:
        return _Step(entry.at, Taps(entry.text))
    if entry.text.startswith("/start "):
        return _Step(entry.at, OpensLink())
    return _Step(entry.at, Writes(entry.text, channel))
