"""The two doors that Twilio calls: what customers write by SMS, and what became of our messages.

A message is answered in a turn that is committed before Twilio hears 200; the reply itself leaves
by the outbox. Only if nothing can be stored is an emergency answered right here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import structlog
from starlette.types import Message, Receive, Scope, Send

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
from bot.deadlines import Deadline
from bot.web.doors import Door
from storage.errors import StorageError
from storage.outbox import Receipt

LARGEST_BODY = 64 * 1024
LONGEST_TURN_S = 4.0  # Twilio gives up after five seconds and calls again
MEDIA_TYPE = "text/xml; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
SIGNATURE = b"x-twilio-signature"
PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>'
NOTHING = PROLOGUE + "<Response/>"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What Twilio hears, ready to be sent."""

    start: Message
    body: Message


def answer(text: str, *, status: int = 200, kind: str = MEDIA_TYPE) -> Answer:
    """Make an answer of a text."""
    body = text.encode()
    headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return Answer(start, {"type": "http.response.body", "body": body})


HEARD = answer(NOTHING)


class Denied(Exception):
    """The request gets an answer at once, and nothing comes of it."""

    def __init__(self, status: int, why: str = "") -> None:
        super().__init__(why)
        self.answer = answer(why, status=status, kind=PLAIN)


@dataclass(frozen=True, slots=True)
class SmsDesk:
    """Answers what Twilio has signed for us.

    `emergency` gives the words for a text that tells of one, else None; it must need no database.
    `noted` takes a delivery status with the number that it concerns.
    """

    account: TwilioAccount
    listener: Listener
    noted: Callable[[Receipt, str], Awaitable[None]]
    emergency: Callable[[str], str | None]
    clock: Clock
    deadline: Deadline = field(default_factory=lambda: Deadline(LONGEST_TURN_S))

    async def hear(self, form: Form, _: bytes) -> Answer:
        """Let a message have its turn; raises Denied or UnreadableMessageError."""
        if not is_for_us(form, self.account):
            raise Denied(403)
        inbound = read_inbound(form, self.clock())
        try:
            await self.deadline.keep(self.listener.heard(inbound))
        except (StorageError, TimeoutError):
            log.exception("sms_not_stored", sid=inbound.provider_id)
            return self._help(inbound)
        return HEARD

    async def note(self, form: Form, query: bytes) -> Answer:
        """Note a delivery status; raises Denied or UnreadableMessageError."""
        receipt = read_status(form, _tag(query), self.clock())
        try:
            await self.noted(receipt, form.get("To", ""))
        except StorageError:
            log.exception("sms_receipt_not_stored", sid=receipt.ref)
            raise Denied(503) from None
        return HEARD

    def _help(self, inbound: Inbound) -> Answer:
        """Answer an emergency where nothing can be stored; raises Denied with 503 for all else."""
        words = self.emergency(inbound.text)
        if words is None:
            raise Denied(503) from None
        return answer(f"{PROLOGUE}<Response><Message>{escape(words)}</Message></Response>")


def routes(desk: SmsDesk) -> list[Door]:
    """Build the two doors."""
    return [
        Door("/sms/inbound", Ear(desk.account, desk.hear)),
        Door("/sms/status", Ear(desk.account, desk.note)),
    ]


@dataclass(frozen=True, slots=True)
class Ear:
    """Reads what Twilio posts, and answers: an ASGI app by itself, since this is the hot path."""

    account: TwilioAccount
    heard: Callable[[Form, bytes], Awaitable[Answer]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            form = _form(scope, await _body(receive), self.account)
            said = await self.heard(form, scope["query_string"])
        except Denied as denied:
            said = denied.answer
        except UnreadableMessageError as error:
            log.warning("sms_unreadable", reason=str(error))
            said = answer(str(error), status=400, kind=PLAIN)
        await send(said.start)
        await send(said.body)


def _form(scope: Scope, body: bytes, account: TwilioAccount) -> Form:
    """Verify a form; raises Denied with 403."""
    signature = dict(scope["headers"]).get(SIGNATURE, b"")
    call = Call(scope["raw_path"], scope["query_string"], body, signature.decode("latin-1"))
    form = genuine(call, account)
    if form is None:
        log.warning("sms_forged", path=scope["path"])
        raise Denied(403)
    return form


async def _body(receive: Receive) -> bytes:
    """Read a body; raises Denied with 400 or 413."""
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
