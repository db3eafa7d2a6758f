"""What each type of report says, and the event of ours that it stands for (facts 6)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from bot.carrier.feed import FeedComplete, Happening, IncidentClosed, IncidentOpened
from flows.events import (
    AppInstalled,
    ContractEnded,
    Feed,
    HotlineCalled,
    PortalRegistered,
    PortalUsed,
    VideoWatched,
)

T = TypeVar("T", bound=msgspec.Struct)

PREFIX = "statthotline."
HOTLINE_CALLED = "statthotline.hotline.called.v1"
PORTAL_ACTIVITY = "statthotline.portal.activity.v1"

Moment = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Seconds = Annotated[int, Meta(ge=0, le=10_000_000)]
_YEARS = range(2000, 2100)  # beyond them the calendar would run out of days
Share = Annotated[float, Meta(ge=0, le=1)]


class UnreadableError(Exception):
    """The data of a report cannot be read; the message names the field."""


def in_utc(at: datetime, field: str) -> datetime:
    """Give a moment in UTC. Raises UnreadableError for one of a clock that is off by decades."""
    try:
        there = at.astimezone(UTC)
    except (OverflowError, ValueError):
        there = None
    if there is None or there.year not in _YEARS:
        raise UnreadableError(f"{field}: lies outside the years 2000 to 2099")
    return there


class _Watched(msgspec.Struct):
    share: Share | None = None
    transcript: bool = False


class _Used(msgspec.Struct):
    action: Word = "login"


class _Called(msgspec.Struct):
    call_id: Name
    start: Moment
    duration_s: Seconds
    connected: bool
    reason_code: Word | None = None
    incident_id: Name | None = None
    direction: Word = "inbound"


class _Opened(msgspec.Struct):
    incident_id: Name
    area: Name | None = None
    customers: list[Name] = msgspec.field(default_factory=list)


class _Closed(msgspec.Struct):
    incident_id: Name


class _Complete(msgspec.Struct):
    feed: Feed
    complete_until: Moment


class _Ended(msgspec.Struct):
    reason: Word | None = None


def _registered(_: object, at: datetime) -> Happening:
    return PortalRegistered(at=at)


def _watched(data: object, at: datetime) -> Happening:
    said = _read(data, _Watched)
    if said.share is None and not said.transcript:
        raise UnreadableError("data.share: is missing, and the transcript was not read")
    return VideoWatched(at=at, share=said.share or 0, has_read_transcript=said.transcript)


def _installed(_: object, at: datetime) -> Happening:
    return AppInstalled(at=at)


def _used(data: object, at: datetime) -> Happening:
    return PortalUsed(at=at, action=_read(data, _Used).action)


def _called(data: object, _: datetime) -> Happening:
    said = _read(data, _Called)
    return HotlineCalled(
        at=in_utc(said.start, "data.start"),
        call_id=said.call_id,
        duration_s=said.duration_s,
        is_connected=said.connected,
        is_inbound=said.direction == "inbound",
        reason=said.reason_code,
        has_incident=said.incident_id is not None,
    )


def _opened(data: object, at: datetime) -> Happening:
    said = _read(data, _Opened)
    if said.area is None and not said.customers:
        raise UnreadableError("data.area: is missing, and so are the customers")
    return IncidentOpened(said.incident_id, at, said.area, tuple(said.customers))


def _closed(data: object, at: datetime) -> Happening:
    return IncidentClosed(_read(data, _Closed).incident_id, at)


def _complete(data: object, _: datetime) -> Happening:
    said = _read(data, _Complete)
    return FeedComplete(said.feed, in_utc(said.complete_until, "data.complete_until"))


def _ended(data: object, at: datetime) -> Happening:
    return ContractEnded(at=at, reason=_read(data, _Ended).reason or "")


# Each type with its reading, and whether it is about one customer.
_TYPES: dict[str, tuple[Callable[[object, datetime], Happening], bool]] = {
    "statthotline.portal.registered.v1": (_registered, True),
    PORTAL_ACTIVITY: (_used, True),
    "statthotline.video.watched.v1": (_watched, True),
    "statthotline.app.installed.v1": (_installed, True),
    HOTLINE_CALLED: (_called, True),
    "statthotline.contract.ended.v1": (_ended, True),
    "statthotline.incident.opened.v1": (_opened, False),
    "statthotline.incident.closed.v1": (_closed, False),
    "statthotline.feed.watermark.v1": (_complete, False),
}


def is_about_customer(kind: str) -> bool:
    """Tell whether reports of this type need a customer."""
    return kind in _TYPES and _TYPES[kind][1]


def happening(kind: str, data: object, at: datetime) -> Happening | None:
    """Read what happened; None for a type that we do not know. Raises UnreadableError."""
    if kind not in _TYPES:
        return None
    read, _ = _TYPES[kind]
    return read(data, at)


def _read(data: object, kind: type[T]) -> T:
    try:
        return msgspec.convert({} if data is None else data, kind)
    except msgspec.ValidationError as error:
        raise UnreadableError(plainly(str(error), "data")) from None


# --- Plain words --------------------------------------------------------------------------------

_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "datetime": "a time",
    "object": "an object",
    "array": "a list",
}


def plainly(message: str, root: str) -> str:
    """Say a decoder's error as a person would: the field, and what it must be."""
    path = re.search(r" - at `\$(.*?)`$", message)
    field = root + (path[1] if path else "")
    if missing := re.match(r"Object missing required field `(.*?)`", message):
        return f"{field}.{missing[1]}: is missing".lstrip(".")
    return f"{field}: {_rule(message)}".lstrip(".")


def _rule(message: str) -> str:
    if "timezone" in message:
        return "must be a time with a zone"
    if "RFC3339" in message:
        return "must be a time as RFC 3339 writes it"
    if enum := re.match(r"Invalid enum value '?(.*?)'?( -|$)", message):
        return f"{enum[1]!r} is none of the words known here"
    if length := re.match(r"Expected `.*?` of length (..) (\d+)", message):
        return f"must have {'at least' if length[1] == '>=' else 'at most'} {length[2]} characters"
    if bound := re.match(r"Expected `.*?` (..) ([\d.]+)", message):
        return f"must be {'at least' if bound[1] == '>=' else 'at most'} {bound[2]}"
    wanted = re.match(r"Expected `(\w+)", message)
    return f"must be {_WANTED.get(wanted[1], wanted[1])}" if wanted else "cannot be read"
