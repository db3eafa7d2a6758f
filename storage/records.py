"""Values become rows and rows become values; what has its usual value is not written.

JSON is read leniently: a field that a later version knew is ignored, a missing one takes its usual
value. Moments are integers, microseconds since 1970 in UTC.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, reduce
from operator import or_
from types import UnionType
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

import msgspec

from flows.customer import Address, Contact
from flows.journey import Journey
from storage.outbox import OutboxRow

OutboxColumns: TypeAlias = tuple[
    int, str, int, str, str, str, int, int, int, str | None,
    int | None, int, int, int, str | None,
]  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENCODER = msgspec.json.Encoder()
_JOURNEY = msgspec.json.Decoder(Journey)
_ATTRIBUTES = msgspec.json.Decoder(dict[str, str])
_NAMES = msgspec.json.Decoder(tuple[str, ...])
_RANGES = msgspec.json.Decoder(tuple[tuple[int, int], ...])


def to_int(moment: datetime) -> int:
    """Write an aware moment as microseconds since 1970."""
    since = moment - _EPOCH
    # Twice as fast as dividing by a microsecond, and a turn does this ten times.
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def to_moment(microseconds: int) -> datetime:
    """Read a moment."""
    return _EPOCH + timedelta(microseconds=microseconds)


def to_int_or_none(moment: datetime | None) -> int | None:
    """Write a moment that may be missing."""
    return None if moment is None else to_int(moment)


def to_moment_or_none(microseconds: int | None) -> datetime | None:
    """Read a moment that may be missing."""
    return None if microseconds is None else to_moment(microseconds)


def act_hash(tail: bytes, n: int, at: datetime, actor: str, act: str, about: str) -> bytes:
    """Link a row of the managers' chain to the one before it (SHA-256)."""
    link = "\x1f".join((str(n), str(to_int(at)), actor, act, about)).encode()
    return hashlib.sha256(tail + link).digest()


def journey_to_json(journey: Journey) -> bytes:
    """Write a journey, without what has its usual value."""
    return _ENCODER.encode(msgspec.convert(journey, _LEAN_JOURNEY, from_attributes=True))


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


def ranges_to_json(ranges: tuple[tuple[int, int], ...]) -> str:
    """Write ranges as a list of pairs."""
    return _ENCODER.encode(ranges).decode()


def ranges_from_json(text: str) -> tuple[tuple[int, int], ...]:
    """Read ranges."""
    return _RANGES.decode(text)


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


# --- Leaving out what is usual ------------------------------------------------------------------


def _lean(kind: type) -> type[msgspec.Struct]:
    """Make a dataclass's twin, which leaves out what has its usual value when it is written.

    msgspec does that for its own structs only; by way of the twin it is five times faster than
    comparing field by field here.
    """
    hints = get_type_hints(kind)
    columns = [
        (
            field.name,
            _twin(hints[field.name]),
            msgspec.NODEFAULT if field.default is MISSING else field.default,
        )
        for field in fields(kind)
    ]
    return msgspec.defstruct(kind.__name__, columns, omit_defaults=True)


def _twin(hint: Any) -> Any:  # noqa: ANN401 - a type expression
    """Put the twins in the place of the dataclasses in a type."""
    if isinstance(hint, type) and is_dataclass(hint):
        return _lean(hint)
    parts = tuple(_twin(part) for part in get_args(hint))
    if not parts:
        return hint
    return reduce(or_, parts) if isinstance(hint, UnionType) else get_origin(hint)[parts]


_LEAN_JOURNEY = _lean(Journey)


_moment = lru_cache(maxsize=64)(to_moment)  # what is queued or leaves together shares its moments


def to_outbox_row(columns: OutboxColumns, slot: int, attempt: int, tag: str) -> OutboxRow:
    """Read a row of the outbox as both keepers select it."""
    (
        id_, lane, priority, recipient, line, body, due, created_at, _,
        customer, use_by, cost, is_unasked, may_resend, about,
    ) = columns[:15]  # fmt: skip
    return OutboxRow(
        id_,
        lane,
        priority,
        recipient,
        line,
        body,
        _moment(due),
        _moment(slot),
        _moment(created_at),
        attempt,
        customer,
        None if use_by is None else _moment(use_by),
        cost,
        bool(is_unasked),
        bool(may_resend),
        about,
        tag,
    )
