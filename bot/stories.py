"""Stories are whole conversations as short text files: read aloud, played as tests, kept from play.

    # Alice earns her first credit
    customer Alice sms en
    at 2026-12-01 10:00        (wall time in Berlin)
    invited
    < up to 3600 MB            (the bot has said so by SMS; t< in Telegram)
    > JOIN                     (the customer writes an SMS; t> in Telegram)
    link                       (the customer opens the newest link into Telegram)
    tap Status
    event hotline.called reason_code=fault
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

from bot.clock import BERLIN
from bot.spans import UnreadableSpanError, read_span
from flows.customer import Channel

ANYTHING = "…"
WALL = "%Y-%m-%d %H:%M"
WITHOUT_FEEDS = "without feeds"

_NEW_EACH_TIME = re.compile(r"https?://\S+|\b\d{1,2}:\d{2}\b")  # codes in links, times of day
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_MARKS = {Channel.SMS: "", Channel.TELEGRAM: "t"}


class StoryError(Exception):
    """A story cannot be read."""


# --- Values -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cast:
    """Whom the story is about, where they are invited, and in which language."""

    name: str
    channel: Channel
    language: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something done, or something that must be so; its string is its line."""


@dataclass(frozen=True, slots=True)
class At(Act):
    """The clock shows this moment (aware, to the minute)."""

    moment: datetime

    def __str__(self) -> str:
        return f"at {self.moment.astimezone(BERLIN):{WALL}}"


@dataclass(frozen=True, slots=True)
class Invited(Act):
    """The customer is invited."""

    def __str__(self) -> str:
        return "invited"


@dataclass(frozen=True, slots=True)
class Writes(Act):
    """The customer writes."""

    text: str
    channel: Channel = Channel.SMS

    def __str__(self) -> str:
        return f"{_MARKS[self.channel]}> {one_line(self.text)}"


@dataclass(frozen=True, slots=True)
class OpensLink(Act):
    """The customer opens the newest link into Telegram."""

    def __str__(self) -> str:
        return "link"


@dataclass(frozen=True, slots=True)
class Taps(Act):
    """The customer taps a button in Telegram."""

    label: str

    def __str__(self) -> str:
        return f"tap {one_line(self.label)}"


@dataclass(frozen=True, slots=True)
class Reads(Act):
    """The bot has said something that holds this fragment, behind what was read before."""

    fragment: str
    channel: Channel = Channel.SMS

    def __str__(self) -> str:
        return f"{_MARKS[self.channel]}< {one_line(self.fragment)}"


@dataclass(frozen=True, slots=True)
class Happens(Act):
    """The operator reports an event, with what differs from the defaults."""

    type: str
    said: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        pairs = [_pair(name, value) for name, value in self.said.items()]
        if None in pairs:
            return f"event {self.type} {msgspec.json.encode(self.said).decode()}"
        return " ".join(("event", self.type, *(pair for pair in pairs if pair)))


@dataclass(frozen=True, slots=True)
class Waits(Act):
    """Time passes (ISO 8601)."""

    span: str
    feeds: bool = True

    def __str__(self) -> str:
        return f"wait {self.span}" if self.feeds else f"wait {self.span} {WITHOUT_FEEDS}"


@dataclass(frozen=True, slots=True)
class Silent(Act):
    """The bot has said nothing since the last act."""

    def __str__(self) -> str:
        return "silent"


@dataclass(frozen=True, slots=True)
class Stands(Act):
    """The customer stands in this state."""

    state: str

    def __str__(self) -> str:
        return f"state {self.state}"


@dataclass(frozen=True, slots=True)
class Story:
    """One conversation under its title."""

    title: str
    cast: Cast
    acts: tuple[Act, ...]


# --- Reading and writing ------------------------------------------------------------------------


def read(text: str) -> Story:
    """Read a story. Raises StoryError with the number of the line that cannot be read."""
    title, cast, acts = "", None, []
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.strip()
        try:
            if words.startswith("#"):
                title = title or words.lstrip("# ")
            elif words.startswith("customer "):
                _, name, channel, language = words.split()
                cast = Cast(name, Channel(channel), language)
            elif words:
                acts.append(read_act(words))
        except (ValueError, UnreadableSpanError) as error:
            raise StoryError(f"line {number}: {words!r}: {error}") from error
    if not title or cast is None:
        raise StoryError("a story has a title and a customer")
    return Story(title, cast, tuple(acts))


def read_act(line: str) -> Act:
    """Read one line. Raises ValueError or UnreadableSpanError."""
    verb, _, rest = line.strip().partition(" ")
    if verb in _ALONE and not rest:
        return _ALONE[verb]
    if verb not in _WITH_REST or not rest.strip():
        raise ValueError("this is no act of a story")
    return _WITH_REST[verb](rest.strip())


def write(story: Story) -> str:
    """Write a story as it is read."""
    cast = story.cast
    head = (f"# {one_line(story.title)}", f"customer {cast.name} {cast.channel} {cast.language}")
    return "\n".join((*head, *map(str, story.acts), ""))


def exact_span(length: timedelta) -> str:
    """Write a length to the second, in hours that no change of the clocks touches."""
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    return f"PT{minutes // 60}H{minutes % 60}M{seconds}S"


def _at(rest: str) -> At:
    return At(datetime.strptime(rest, WALL).replace(tzinfo=BERLIN))


def _wait(rest: str) -> Waits:
    span, _, more = rest.partition(" ")
    if more not in ("", WITHOUT_FEEDS):
        raise ValueError(f"behind a length may only stand: {WITHOUT_FEEDS}")
    read_span(span)
    return Waits(span, feeds=not more)


def _event(rest: str) -> Happens:
    kind, _, more = rest.partition(" ")
    if more.startswith("{"):
        return Happens(kind, msgspec.json.decode(more, type=dict[str, object]))
    pairs = [word.partition("=") for word in more.split()]
    if not all(name and text for name, _, text in pairs):
        raise ValueError("what is said of an event is written name=value")
    return Happens(kind, {name: _value(text) for name, _, text in pairs})


def _value(text: str) -> object:
    if text in ("true", "false") or _NUMBER.fullmatch(text):
        return msgspec.json.decode(text)
    return text


def _pair(name: str, value: object) -> str | None:
    """Write name=value; None where that would not be read as the same again."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    pair = f"{name}={text}"
    is_plain = name and text and "=" not in name and pair.split() == [pair]
    return (
        pair if is_plain and _value(text) == value and type(_value(text)) is type(value) else None
    )


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


# --- Comparing ----------------------------------------------------------------------------------


def one_line(text: str) -> str:
    """Put a text into one line, with single blanks."""
    return " ".join(text.split())


def gist(text: str, longest: int = 100) -> str:
    """Shorten what the bot said to what a story keeps: its beginning, links and hours left open."""
    line = _NEW_EACH_TIME.sub(ANYTHING, one_line(text))
    if len(line) <= longest:
        return line
    return f"{line[:longest].rpartition(' ')[0]} {ANYTHING}"


def says(text: str, fragment: str) -> bool:
    """Tell whether a text holds a fragment: its pieces between `…`, in their order."""
    rest = one_line(text)
    for piece in one_line(fragment).split(ANYTHING):
        if piece.strip():
            _, found, rest = rest.partition(piece.strip())
            if not found:
                return False
    return True
