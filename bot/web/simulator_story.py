"""What was played in the sandbox, kept as a story: phones, events and moves of the clock in order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.channels.simulator_phones import Acted, Direction, Shown
from bot.clock import BERLIN, read_span
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
    acts: tuple[Act, ...]
    is_said: bool = False  # by the bot


def story_of(person: Person, screen: Sequence[Shown], acted: Sequence[Acted]) -> Story:
    """Tell what happened to one customer, from the first message on."""
    cast = Cast(_NAMES.get(person.language, "Alice"), Channel.SMS, person.language)
    begins = min((shown.at for shown in screen), default=None)
    acts = () if begins is None else tuple(_acts(begins, screen, acted))
    title = f"What {cast.name} did in the sandbox"
    return Story(title, cast, (*acts, Stands(person.state)))


def _acts(begins: datetime, screen: Sequence[Shown], acted: Sequence[Acted]) -> Iterator[Act]:
    yield from (At(begins), Invited())
    done = (_Step(a.at, (read_act(a.line),)) for a in acted if a.at >= begins)
    steps = sorted((*map(_seen, screen), *done), key=lambda step: step.at)
    now = begins
    for step in steps:
        gap = step.at - now
        if gap > (_AT_ONCE if step.is_said else _PAUSE):
            yield Waits(exact_span(gap))
        now = max(now, step.at)
        for told in step.acts:
            yield told
            if isinstance(told, Waits):
                now = _after(told, now)


def _after(waits: Waits, now: datetime) -> datetime:
    return read_span(waits.span).after(now, BERLIN)


def _seen(shown: Shown) -> _Step:
    if shown.direction is Direction.OUT:
        return _Step(shown.at, (Reads(gist(shown.text), shown.channel),), is_said=True)
    if shown.is_tap:
        return _Step(shown.at, (Taps(shown.text),))
    if shown.text.startswith("/start "):
        return _Step(shown.at, (OpensLink(),))
    return _Step(shown.at, (Writes(shown.text, shown.channel),))
