"""Stories are whole conversations as short text files: read aloud, played as tests, kept from play.

    # Alice earns her first credit
    customer Alice sms en
    at 2026-12-01 10:00        (wall time in Berlin)
    invited
    < You are invited          (the bot says so by SMS; t< in Telegram)
    > JOIN                     (the customer writes an SMS; t> in Telegram)
    link                       (the customer opens the newest link into Telegram)
    tap Status
    event portal.registered
    event hotline.called reason_code=fault duration_s=30
    wait P1M                   (wait P1M without feeds: the operator reports nothing meanwhile)
    silent                     (the bot has said nothing since the last act)
    state streak

What the bot says is compared blank by blank; `…` stands for anything.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from bot.clock import BERLIN, ClockError, read_span
from flows.customer import Channel

ANYTHING = "…"
WALL = "%Y-%m-%d %H:%M"

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_LINK = re.compile(r"https?://\S+")


class StoryError(Exception):
    """A line of a story cannot be read."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Whom the story is about, and where and in which language they are invited."""

    name: str
    channel: Channel
    language: str


@dataclass(frozen=True, slots=True)
class At:
    """The clock is set to a moment, aware."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class Invited:
    """The customer is invited."""


@dataclass(frozen=True, slots=True)
class Writes:
    """The customer writes."""

    text: str
    channel: Channel = Channel.SMS


@dataclass(frozen=True, slots=True)
class OpensLink:
    """The customer opens the newest link into Telegram."""


@dataclass(frozen=True, slots=True)
class Taps:
    """The customer taps a button in Telegram."""

    label: str


@dataclass(frozen=True, slots=True)
class Reads:
    """The bot has said something that holds this fragment."""

    fragment: str
    channel: Channel = Channel.SMS


@dataclass(frozen=True, slots=True)
class Happens:
    """The operator reports an event, with what differs from the defaults."""

    type: str
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waits:
    """Time passes (ISO 8601)."""

    span: str
    feeds: bool = True


@dataclass(frozen=True, slots=True)
class Silent:
    """The bot has said nothing since the last act."""


@dataclass(frozen=True, slots=True)
class Stands:
    """The customer stands in this state."""

    state: str


Act = At | Invited | Writes | OpensLink | Taps | Reads | Happens | Waits | Silent | Stands


@dataclass(frozen=True, slots=True)
class Story:
    """One conversation under its title."""

    title: str
    cast: Cast
    acts: tuple[Act, ...]


# --- Reading ------------------------------------------------------------------------------------


def read(text: str) -> Story:
    """Read a story. Raises StoryError with the number of the line that cannot be read."""
    title, cast, acts = "", None, []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.strip()
        try:
            if words.startswith("#"):
                title = title or words.lstrip("# ")
            elif words.startswith("customer "):
                cast = _cast(words)
            elif words:
                acts.append(read_act(words))
        except (ValueError, ClockError) as error:
            raise StoryError(f"line {number}: {words!r}: {error}") from error
    if not title or cast is None:
        raise StoryError("a story needs a title and a customer")
    return Story(title, cast, tuple(acts))


def _cast(words: str) -> Cast:
    _, name, channel, language = words.split()
    return Cast(name, Channel(channel), language)


def read_act(words: str) -> Act:
    """Read one line. Raises ValueError or UnreadableSpanError."""
    verb, _, rest = words.partition(" ")
    if verb in _ALONE and not rest:
        return _ALONE[verb]
    if verb not in _WITH_REST or not rest.strip():
        raise ValueError("this is no act of a story")
    return _WITH_REST[verb](rest.strip())


def _wait(rest: str) -> Waits:
    span, _, more = rest.partition(" ")
    if more not in ("", "without feeds"):
        raise ValueError("behind a length may only stand: without feeds")
    read_span(span)
    return Waits(span, feeds=not more)


def _event(rest: str) -> Happens:
    kind, _, more = rest.partition(" ")
    if more.startswith("{"):
        return Happens(kind, msgspec.json.decode(more, type=dict[str, object]))
    pairs = [word.partition("=") for word in more.split()]
    return Happens(kind, {name: _value(text) for name, _, text in pairs})


def _value(text: str) -> object:
    if text in ("true", "false") or _NUMBER.fullmatch(text):
        return msgspec.json.decode(text)
    return text


def _at(rest: str) -> At:
    return At(datetime.strptime(rest, WALL).replace(tzinfo=BERLIN))


_ALONE: Mapping[str, Act] = {"invited": Invited(), "link": OpensLink(), "silent": Silent()}
_WITH_REST: Mapping[str, Callable[[str], Act]] = {
    ">": Writes,
    "<": Reads,
    "t>": lambda rest: Writes(rest, Channel.TELEGRAM),
    "t<": lambda rest: Reads(rest, Channel.TELEGRAM),
    "tap": Taps,
    "at": _at,
    "event": _event,
    "wait": _wait,
    "state": Stands,
}


# --- Writing ------------------------------------------------------------------------------------


def write(story: Story) -> str:
    """Write a story as it is read."""
    cast = story.cast
    head = (f"# {story.title}", f"customer {cast.name} {cast.channel} {cast.language}")
    return "\n".join((*head, *map(_line, story.acts), ""))


def _line(act: Act) -> str:
    match act:
        case At(moment):
            return f"at {moment.astimezone(BERLIN):{WALL}}"
        case Invited():
            return "invited"
        case OpensLink():
            return "link"
        case Silent():
            return "silent"
        case Writes(text, channel):
            return f"{_mark(channel)}> {one_line(text)}"
        case Reads(fragment, channel):
            return f"{_mark(channel)}< {one_line(fragment)}"
        case Taps(label):
            return f"tap {label}"
        case Happens():
            return _event_line(act)
        case Waits(span, feeds):
            return f"wait {span}" if feeds else f"wait {span} without feeds"
        case Stands(state):
            return f"state {state}"


def event_line(kind: str, data: Mapping[str, object]) -> str:
    """Write an operator's event."""
    return _line(Happens(kind, data))


def wait_line(span: str, *, feeds: bool) -> str:
    """Write a move of the clock."""
    return _line(Waits(span, feeds))


def exact_span(length: timedelta) -> str:
    """Write a length to the second, in hours that no change of the clocks touches."""
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    return f"PT{minutes // 60}H{minutes % 60}M{seconds}S"


def _mark(channel: Channel) -> str:
    return "t" if channel is Channel.TELEGRAM else ""


def _event_line(act: Happens) -> str:
    written = {name: _text(value) for name, value in act.data.items()}
    is_short = all(_value(written[name]) == value for name, value in act.data.items())
    if is_short and not any(re.search(r"\s|^$", text) for text in (*written, *written.values())):
        return " ".join(("event", act.type, *(f"{k}={v}" for k, v in written.items())))
    return f"event {act.type} {msgspec.json.encode(act.data).decode()}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


# --- Comparing ----------------------------------------------------------------------------------


def one_line(text: str) -> str:
    """Put a text into one line, with single blanks."""
    return " ".join(text.split())


def gist(text: str, longest: int = 100) -> str:
    """Shorten what the bot said to what a story keeps: its beginning, links left open."""
    line = _LINK.sub(ANYTHING, one_line(text))
    if len(line) <= longest:
        return line
    return line[:longest].rpartition(" ")[0] + f" {ANYTHING}"


def says(text: str, fragment: str) -> bool:
    """Tell whether a text holds a fragment: its pieces between `…` in their order."""
    rest = one_line(text)
    for piece in one_line(fragment).split(ANYTHING):
        _, found, rest = rest.partition(piece.strip()) if piece.strip() else ("", "x", rest)
        if not found:
            return False
    return True
