"""CloudEvents 1.0 by hand: structured, binary and batch, each item on its own.

The libraries invent an id where the sender forgot it, which would destroy the deduplication.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import unquote

import msgspec

from bot.carrier.feed import Fault, Report
from bot.carrier.happenings import (
    Moment,
    Name,
    UnreadableError,
    happening,
    in_utc,
    is_about_customer,
    plainly,
)
from bot.foreign_json import without_nul

_BATCH = "application/cloudevents-batch+json"
_STRUCTURED = ("application/cloudevents+json", "application/json")


class _Envelope(msgspec.Struct):
    """The attributes that we need; a time is optional in the standard, but not with us."""

    specversion: str
    id: Name
    source: Name
    type: Name
    time: Moment
    subject: Name | None = None
    datacontenttype: str = "application/json"
    data: object = None
    data_base64: str | None = None


def read_cloudevents(headers: Mapping[str, str], body: bytes) -> tuple[Report | Fault, ...]:
    """Read a request; header names are in lower case. A batch gives a value for each item."""
    kind = _media_type(headers.get("content-type", ""))
    if kind == _BATCH:
        return _batch(body)
    if "ce-specversion" in headers:
        return (_binary(headers, body),)
    if kind in _STRUCTURED:
        found = _json(body)
        return (found if isinstance(found, Fault) else _event(found[0]),)
    return (Fault(f"content-type: {kind or 'is missing'}; this is no CloudEvent"),)


def is_batch(headers: Mapping[str, str]) -> bool:
    """Tell whether a request holds a list of events."""
    return _media_type(headers.get("content-type", "")) == _BATCH


def digest_of(kind: str, customer: str | None, at: datetime, said: object) -> bytes:
    """Hash what a report says, whatever the order of its fields or the mode it came in."""
    whole = [kind, customer, at.astimezone(UTC), said]
    return hashlib.sha256(msgspec.json.encode(whole, order="sorted")).digest()


def _batch(body: bytes) -> tuple[Report | Fault, ...]:
    found = _json(body)
    if isinstance(found, Fault):
        return (found,)
    if not isinstance(found[0], list):
        return (Fault("the body must be a list of events", is_whole=True),)
    return tuple(_event(item) for item in found[0])


def _binary(headers: Mapping[str, str], body: bytes) -> Report | Fault:
    """Put the event together from `ce-` headers, percent-decoded, and a body of JSON."""
    event: dict[str, object] = {
        name.removeprefix("ce-"): unquote(value).replace("\0", "")
        for name, value in headers.items()
        if name.startswith("ce-")
    }
    event["datacontenttype"] = headers.get("content-type") or "application/json"
    if body:
        found = _json(body) if _is_json(str(event["datacontenttype"])) else (None,)
        if isinstance(found, Fault):
            return Fault(found.why, _id(event))
        event["data"] = found[0]
    return _event(event)


def _event(item: object) -> Report | Fault:
    """Read one event; what is wrong is said with its id, if it has one."""
    try:
        said = msgspec.convert(item, _Envelope)
        return _report(said)
    except msgspec.ValidationError as error:
        return Fault(plainly(str(error), "").removeprefix(": "), _id(item))
    except UnreadableError as error:
        return Fault(str(error), _id(item))


def _report(said: _Envelope) -> Report:
    if said.specversion != "1.0":
        raise UnreadableError("specversion: must be 1.0")
    if not _is_json(said.datacontenttype):
        raise UnreadableError("datacontenttype: must be JSON")
    data, at = _data(said), in_utc(said.time, "time")
    if is_about_customer(said.type) and said.subject is None:
        raise UnreadableError("subject: is missing; it names the customer")
    return Report(
        source=said.source,
        id=said.id,
        type=said.type,
        customer=said.subject if is_about_customer(said.type) else None,
        at=at,
        what=happening(said.type, data, at),
        digest=digest_of(said.type, said.subject, at, data),
    )


def _data(said: _Envelope) -> object:
    if said.data_base64 is None:
        return said.data
    try:
        found = _json(base64.b64decode(said.data_base64, validate=True))
    except (binascii.Error, ValueError):
        raise UnreadableError("data_base64: is not base64") from None
    if isinstance(found, Fault):
        raise UnreadableError("data_base64: holds no JSON")
    return found[0]


def _json(body: bytes) -> tuple[object] | Fault:
    try:
        return (msgspec.json.decode(without_nul(body)),)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Fault("the body is no JSON", is_whole=True)


def _id(item: object) -> str | None:
    found = item.get("id") if isinstance(item, dict) else None
    return found if isinstance(found, str) and found else None


def _media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _is_json(content_type: str) -> bool:
    kind = _media_type(content_type)
    return kind == "application/json" or kind.endswith("+json")
