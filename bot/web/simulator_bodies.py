"""What may be posted to the sandbox' doors; everything else is refused with one sentence."""

from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from bot.foreign_json import without_nul

LARGEST_BODY = 4 * 1024 * 1024  # a manager may send a file of customers

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Body = TypeVar("Body")


class UnusableBodyError(Exception):
    """What was sent to this door cannot be used."""


class SmsBody(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody writes an SMS."""

    sender: Short = msgspec.field(name="from")
    text: Text


class TelegramBody(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody writes in Telegram, or taps a button by its label."""

    sender: Short = msgspec.field(name="from")
    text: Text | None = None
    button: Short | None = None


class EventBody(msgspec.Struct, forbid_unknown_fields=True):
    """The operator reports something."""

    type: Short
    customer: Short | None = None
    data: dict[str, object] = {}
    id: Short | None = None
    time: Short | None = None


class MoveBody(msgspec.Struct, forbid_unknown_fields=True):
    """The clock is moved ahead."""

    advance: Short
    feeds: bool = True


class DocumentBody(msgspec.Struct, forbid_unknown_fields=True):
    """A file, as a name and its text."""

    text: str
    name: Short = "customers.csv"


class ManagerBody(msgspec.Struct, forbid_unknown_fields=True):
    """A manager writes, taps or sends a file."""

    sender: Short | int = msgspec.field(name="from")
    text: Text | None = None
    button: Short | None = None
    document: DocumentBody | str | None = None


async def body_of(request: Request, kind: type[Body]) -> Body:
    """Read the body as JSON of this kind. Raises UnusableBodyError."""
    try:
        return msgspec.json.decode(without_nul(await _bytes(request)), type=kind)
    except msgspec.ValidationError as error:
        raise UnusableBodyError(f"The body does not fit: {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnusableBodyError("The body is no JSON object.") from error


async def _bytes(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise UnusableBodyError("The body is larger than 4 MiB.")
    except ClientDisconnect as error:
        raise UnusableBodyError("The body broke off.") from error
    return bytes(body)


def one_of(**given: object) -> None:
    """See to it that exactly one of these was given. Raises UnusableBodyError."""
    if sum(value is not None for value in given.values()) != 1:
        raise UnusableBodyError(f"Exactly one of these is expected: {', '.join(given)}.")


def moment_of(text: str) -> datetime:
    """Read a moment with its zone (RFC 3339). Raises UnusableBodyError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise UnusableBodyError(f"{text!r} is no time with a zone, such as 2026-12-01T10:00:00Z.")
    return at
