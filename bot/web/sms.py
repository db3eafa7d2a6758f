"""The two doors that Twilio calls: what customers write by SMS, and what became of our messages.

A message is answered in a turn that is committed before Twilio hears 200; the reply itself leaves
by the outbox. Only if nothing can be stored is an emergency answered right here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import structlog
from starlette.types import Receive, Scope, Send

from bot.channels.channel import Clock, Inbound, Listener
from bot.channels.sms import TwilioAccount
from bot.channels.sms_reading import (
    Call,
    Form,
    UnreadableMessageError,
    genuine,
    is_for_us,
    read_inbound,
    read_status,
)
from bot.web.doors import Door
from storage.errors import StorageError
from storage.outbox import Receipt

LARGEST_BODY = 64 * 1024
LONGEST_TURN_S = 4.0  # Twilio gives up after five seconds and calls again
MEDIA_TYPE = "text/xml; charset=utf-8"
SIGNATURE = b"x-twilio-signature"
PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>'
NOTHING = PROLOGUE + "<Response/>"

Read = TypeVar("Read")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SmsDesk:
    """What the doors need.

    `emergency` gives the words for a text that tells of one, else None; it must need no database.
    `noted` takes a delivery status with the number that it concerns.
    """

    account: TwilioAccount
    listener: Listener
    noted: Callable[[Receipt, str], Awaitable[None]]
    emergency: Callable[[str], str | None]
    clock: Clock
    longest_turn_s: float = LONGEST_TURN_S


@dataclass(frozen=True, slots=True)
class Answer:
    """What Twilio hears."""

    status: int = 200
    text: str = NOTHING
    kind: str = MEDIA_TYPE


class Denied(Exception):
    """The request gets an answer at once, and nothing comes of it."""

    def __init__(self, status: int, why: str = "") -> None:
        super().__init__(why)
        self.answer = Answer(status, why, "text/plain; charset=utf-8")


def routes(desk: SmsDesk) -> list[Door]:
    """Build the two doors."""

    async def inbound(form: Form, _: str | None) -> Answer:
        if not is_for_us(form, desk.account):
            raise Denied(403)
        return await _answer(desk, _readable(lambda: read_inbound(form, desk.clock())))

    async def status(form: Form, tag: str | None) -> Answer:
        receipt = _readable(lambda: read_status(form, tag, desk.clock()))
        return await _note(desk, receipt, form.get("To", ""))

    return [
        Door("/sms/inbound", Ear(desk.account, inbound)),
        Door("/sms/status", Ear(desk.account, status)),
    ]


@dataclass(frozen=True, slots=True)
class Ear:
    """Reads what Twilio posts, and answers: an ASGI app by itself, since this is the hot path."""

    account: TwilioAccount
    heard: Callable[[Form, str | None], Awaitable[Answer]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            form = await _form(scope, receive, self.account)
            answer = await self.heard(form, _tag(scope["query_string"]))
        except Denied as denied:
            answer = denied.answer
        body = answer.text.encode()
        headers = [
            (b"content-type", answer.kind.encode()),
            (b"content-length", b"%d" % len(body)),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def _answer(desk: SmsDesk, inbound: Inbound) -> Answer:
    try:
        async with asyncio.timeout(desk.longest_turn_s):
            await desk.listener.heard(inbound)
    except (StorageError, TimeoutError):
        log.exception("sms_not_stored", sid=inbound.provider_id)
        words = desk.emergency(inbound.text)
        if words is None:
            raise Denied(503) from None
        message = f"<Response><Message>{escape(words)}</Message></Response>"
        return Answer(text=PROLOGUE + message)
    return Answer()


async def _note(desk: SmsDesk, receipt: Receipt, number: str) -> Answer:
    try:
        await desk.noted(receipt, number)
    except StorageError:
        log.exception("sms_receipt_not_stored", sid=receipt.ref)
        raise Denied(503) from None
    return Answer()


async def _form(scope: Scope, receive: Receive, account: TwilioAccount) -> Form:
    """Read and verify a form; raises Denied with 400, 403 or 413."""
    signature = next((v for n, v in scope["headers"] if n == SIGNATURE), b"").decode("latin-1")
    body = await _body(receive)
    call = Call(scope["raw_path"], scope["query_string"], body, signature)
    form = genuine(call, account)
    if form is None:
        log.warning("sms_forged", path=scope["path"])
        raise Denied(403)
    return form


async def _body(receive: Receive) -> bytes:
    body: bytes = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise Denied(413)
        if not message.get("more_body"):
            return body
    raise Denied(400)  # whoever called has gone


def _tag(query: bytes) -> str | None:
    return dict(parse_qsl(query.decode("latin-1"))).get("t") if query else None


def _readable(read: Callable[[], Read]) -> Read:
    try:
        return read()
    except UnreadableMessageError as error:
        raise Denied(400, str(error)) from error
