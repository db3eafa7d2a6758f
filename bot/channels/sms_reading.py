"""The incoming half of the SMS channel: reads what Twilio posts to us, if it is Twilio.

The scheme signs neither the border between a name and its value nor the moment, so account, number
and the shape of the SID are checked too, and the unique SID in the inbox stops a replay.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec

from bot.channels.channel import Inbound
from bot.channels.sms import NUMBER, SmsError, TwilioAccount
from bot.channels.sms_outcomes import rank
from flows.customer import Address
from flows.intent import Intent
from storage.outbox import Receipt

if TYPE_CHECKING:
    from twilio.request_validator import RequestValidator

SOURCE = "sms"
LONGEST_STATUS = 40
SID = re.compile(r"[SM]M[0-9a-fA-F]{32}\Z")
NUMBERS = ("From", "To")
MOST_FIELDS = 1000  # a message has some twenty, and three more for each of its ten pictures
MARKS = bytes.maketrans(b"&=+", b"\x01\x00 ")
ANSWERED = {"STOP": Intent.OPT_OUT, "START": Intent.OPT_IN, "HELP": Intent.HELP}

Form = Mapping[str, str]


class UnreadableMessageError(SmsError):
    """Twilio's request does not hold a message we can answer."""


class Call(msgspec.Struct, frozen=True):
    """One request as it came in, untouched: only so can its signature be checked."""

    raw_path: bytes
    query: bytes
    body: bytes
    signature: str


class Fields:
    """A form's fields with all their values, in the way the validator asks for them."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def getall(self, name: str) -> list[str]:
        """Give every value of a field."""
        return self._values[name]


def genuine(call: Call, account: TwilioAccount) -> Form | None:
    """Give the form if Twilio signed it for our account, else None.

    https://www.twilio.com/docs/usage/security: the address as Twilio called it, blank fields
    included. A plus sign that reached us as a blank is mended if only so the signature holds.
    """
    if not call.signature:
        return None
    try:
        url = account.public_url.rstrip("/") + call.raw_path.decode("ascii")
        url += "?" + call.query.decode("ascii") if call.query else ""
        form = _at_a_glance(url, call, account)
        return form if form is not None else _looked_into(url, call, account)
    except ValueError:
        return None


def is_for_us(form: Form, account: TwilioAccount) -> bool:
    """Tell whether an inbound message was written to our number or service."""
    if account.number is not None and _number(form.get("To", "")) == account.number:
        return True
    return account.service is not None and form.get("MessagingServiceSid") == account.service


def read_inbound(form: Form, at: datetime) -> Inbound:
    """Read a message; raises UnreadableMessageError without a sane SID and sender."""
    address, opt_out_type = _sender(form), form.get("OptOutType", "")
    return Inbound(
        source=SOURCE,
        provider_id=_sid(form),
        address=address,
        text=form.get("Body", "").replace("\x00", ""),  # PostgreSQL keeps no NUL
        at=at,
        intent=ANSWERED.get(opt_out_type),
        was_answered=bool(opt_out_type),
    )


def read_status(form: Form, tag: str | None, at: datetime) -> Receipt:
    """Read a delivery status; raises UnreadableMessageError without a sane SID or status."""
    status = form.get("MessageStatus") or form.get("SmsStatus") or ""
    if not status.isascii() or not 0 < len(status) <= LONGEST_STATUS:
        raise UnreadableMessageError("the status is missing")
    segments = form.get("NumSegments", "")
    return Receipt(
        status=status,
        rank=rank(status),
        at=at,
        tag=tag or None,
        ref=_sid(form),
        code=form.get("ErrorCode") or None,
        segments=int(segments) if re.fullmatch(r"[1-9][0-9]?", segments) else None,
    )


def _at_a_glance(url: str, call: Call, account: TwilioAccount) -> Form | None:
    """Give the form if it is an ordinary one, signed for us at just this address; else None.

    Nearly every form is one, and taken as a whole it costs half of what it costs pair by pair: with
    a NUL between them, names and values sort as pairs do. Raises ValueError where it is no UTF-8.
    """
    body = call.body
    fields = unquote_to_bytes(body.translate(MARKS)).decode().split("\x01")
    try:
        form: Form = dict([field.split("\x00") for field in fields])
    except ValueError:  # no value, a bare "=" in it, or a NUL
        return None
    is_ordinary = body.count(b"&") + 1 == body.count(b"=") == len(fields) == len(form)
    if not is_ordinary or not body.isascii() or form.get("AccountSid") != account.sid:
        return None
    signed = (url + "".join(sorted(fields))).replace("\x00", "").encode()
    return form if _fits(signed, call.signature, account.tokens) else None


def _looked_into(url: str, call: Call, account: TwilioAccount) -> Form | None:
    """Give the form if it is about our account and signed for it, however oddly it is written."""
    pairs = _pairs(call.body.decode())
    form = _signed(url, pairs, call.signature, account)
    if form is None and any(name in NUMBERS and value.startswith(" ") for name, value in pairs):
        form = _signed(url, _mended(pairs), call.signature, account)
    return form


def _pairs(body: str) -> list[tuple[str, str]]:
    """Read a form, blank fields included; raises ValueError where it is no UTF-8, or no message."""
    return parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)


def _signed(
    url: str, pairs: list[tuple[str, str]], signature: str, account: TwilioAccount
) -> Form | None:
    """Give the form, the last value of each field; the address may have had a port or not.

    The SDK judges by every address that may have been meant, and takes ten times as long.
    """
    form = dict(pairs)
    if form.get("AccountSid") != account.sid:
        return None
    fields = Fields(pairs)
    is_signed = any(_validator(t).validate(url, fields, signature) for t in account.tokens)
    return form if is_signed else None


def _fits(signed: bytes, signature: str, tokens: Iterable[str]) -> bool:
    """Tell whether one of our tokens signs a text so."""
    given = signature.encode()
    for token in tokens:
        mac = _keyed(token).copy()
        mac.update(signed)
        if hmac.compare_digest(b64encode(mac.digest()), given):
            return True
    return False


@cache
def _keyed(token: str) -> hmac.HMAC:
    # Not hmac.digest: it lets go of the interpreter, and the writer's thread may keep it a while.
    return hmac.new(token.encode(), digestmod="sha1")


@cache
def _validator(token: str) -> "RequestValidator":
    from twilio.request_validator import RequestValidator  # noqa: PLC0415 (only when SMS is on)

    return RequestValidator(token)


def _mended(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, _number(value) if name in NUMBERS else value) for name, value in pairs]


def _number(value: str) -> str:
    return "+" + value[1:] if value.startswith(" ") else value


def _sender(form: Form) -> Address:
    number = _number(form.get("From", ""))
    if not NUMBER.match(number):
        raise UnreadableMessageError("the sender is not a phone number")
    return Address(f"tel:{number}")


def _sid(form: Form) -> str:
    sid = form.get("MessageSid") or form.get("SmsSid") or ""
    if not SID.match(sid):
        raise UnreadableMessageError("the message has no SID")
    return sid
