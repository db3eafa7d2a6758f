"""The two doors that Twilio calls: what customers write by SMS, and what became of our messages.

A message is answered in a turn that is committed before Twilio hears 200; the reply itself leaves
by the outbox. Only if nothing can be stored is an emergency answered right here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from xml.sax.saxutils import escape

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

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
from storage.errors import StorageError
from storage.outbox import Receipt

LARGEST_BODY = 64 * 1024
LONGEST_TURN_S = 4.0  # Twilio gives up after five seconds and calls again
MEDIA_TYPE = "text/xml"
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


def routes(desk: SmsDesk) -> list[Route]:
    """Build the two routes."""

    async def inbound(request: Request) -> Response:
        form = await _form(request, desk.account)
        if not is_for_us(form, desk.account):
            raise HTTPException(403)
        return await _answer(desk, _readable(lambda: read_inbound(form, desk.clock())))

    async def status(request: Request) -> Response:
        form = await _form(request, desk.account)
        tag = request.query_params.get("t")
        receipt = _readable(lambda: read_status(form, tag, desk.clock()))
        return await _note(desk, receipt, form.get("To", ""))

    return [
        Route("/sms/inbound", inbound, methods=["POST"]),
        Route("/sms/status", status, methods=["POST"]),
    ]


async def _answer(desk: SmsDesk, inbound: Inbound) -> Response:
    try:
        async with asyncio.timeout(desk.longest_turn_s):
            await desk.listener.heard(inbound)
    except (StorageError, TimeoutError):
        log.exception("sms_not_stored", sid=inbound.provider_id)
        words = desk.emergency(inbound.text)
        return _twiml(words) if words else Response(status_code=503)
    return Response(NOTHING, media_type=MEDIA_TYPE)


async def _note(desk: SmsDesk, receipt: Receipt, number: str) -> Response:
    try:
        await desk.noted(receipt, number)
    except StorageError:
        log.exception("sms_receipt_not_stored", sid=receipt.ref)
        return Response(status_code=503)
    return Response(NOTHING, media_type=MEDIA_TYPE)


async def _form(request: Request, account: TwilioAccount) -> Form:
    """Read and verify a form; raises HTTPException 400, 403 or 413."""
    call = Call(
        raw_path=request.scope["raw_path"],
        query=request.scope["query_string"],
        body=await _body(request),
        signature=request.headers.get("X-Twilio-Signature"),
    )
    form = genuine(call, account)
    if form is None:
        log.warning("sms_forged", path=request.url.path)
        raise HTTPException(403)
    return form


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise HTTPException(413)
    except ClientDisconnect:
        raise HTTPException(400) from None
    return bytes(body)


def _readable(read: Callable[[], Read]) -> Read:
    try:
        return read()
    except UnreadableMessageError as error:
        raise HTTPException(400, str(error)) from error


def _twiml(text: str) -> Response:
    message = f"<Response><Message>{escape(text)}</Message></Response>"
    return Response(PROLOGUE + message, media_type=MEDIA_TYPE)
