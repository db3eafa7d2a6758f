"""Values become rows and rows become values; what has its usual value is not written.

JSON is read leniently: a field that a later version knew is ignored, a missing one takes its usual
value. Moments are integers, microseconds since 1970 in UTC.
"""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from flows.customer import Address, Contact
from flows.journey import Journey

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ENCODER = msgspec.json.Encoder()
_JOURNEY = msgspec.json.Decoder(Journey)
_ATTRIBUTES = msgspec.json.Decoder(dict[str, str])
_NAMES = msgspec.json.Decoder(tuple[str, ...])
_USUAL: dict[type, tuple[tuple[str, object], ...] | None] = {}


def to_int(moment: datetime) -> int:
    """Write an aware moment as microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def to_moment(microseconds: int) -> datetime:
    """Read a moment."""
    return _EPOCH + timedelta(microseconds=microseconds)


def to_int_or_none(moment: datetime | None) -> int | None:
    """Write a moment that may be missing."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def to_moment_or_none(microseconds: int | None) -> datetime | None:
    """Read a moment that may be missing."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def journey_to_json(journey: Journey) -> bytes:
    """Write a journey, without what has its usual value."""
    return _ENCODER.encode(_lean(journey))


def journey_from_json(body: bytes) -> Journey:
    """Read a journey."""
    return _JOURNEY.decode(body)


def attributes_to_json(attributes: tuple[tuple[str, str], ...]) -> str | None:
    """Write a customer's attributes as an object, None if there are none."""
    return _ENCODER.encode(dict(attributes)).decode() if attributes else None


def attributes_from_json(text: str | None) -> tuple[tuple[str, str], ...]:
    """Read a customer's attributes."""
    return tuple(_ATTRIBUTES.decode(text).items()) if text else ()


def names_to_json(names: Iterable[str]) -> str | None:
    """Write a list of names, None if it is empty."""
    listed = list(names)
    return _ENCODER.encode(listed).decode() if listed else None


def names_from_json(text: str | None) -> tuple[str, ...]:
    """Read a list of names."""
    return _NAMES.decode(text) if text else ()


def to_contact(
    address: str, opted_out_at: int | None, blocked_at: int | None, used_at: int | None
) -> Contact:
    """Read one address with what we may do with it."""
    return Contact(
        Address(address),
        to_moment_or_none(opted_out_at),
        to_moment_or_none(blocked_at),
        to_moment_or_none(used_at),
    )


def _lean(value: object) -> object:
    kind = type(value)
    if kind is tuple:
        return [_lean(item) for item in value]  # type: ignore[attr-defined]
    if kind not in _USUAL:
        _USUAL[kind] = _usual(kind)
    usual = _USUAL[kind]
    if usual is None:
        return value
    return {
        name: _lean(found) for name, default in usual if (found := getattr(value, name)) != default
    }


def _usual(kind: type) -> tuple[tuple[str, object], ...] | None:
    """List the fields of a dataclass with their usual values; None for any other type."""
    if not is_dataclass(kind):
        return None
    # A field without a usual value has MISSING here, which equals nothing: it is always written.
    return tuple((field.name, field.default) for field in fields(kind))
