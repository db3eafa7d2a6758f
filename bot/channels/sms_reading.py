"""The incoming half of the SMS channel: reads what Twilio posts to us, if it is Twilio.

The scheme signs neither the border between a name and its value nor the moment, so account, number
and the shape of the SID are checked too, and the unique SID in the inbox stops a replay.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

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
ANSWERED = {"STOP": Intent.OPT_OUT, "START": Intent.OPT_IN, "HELP": Intent.HELP}

Form = Mapping[str, str]


class UnreadableMessageError(SmsError):
    """Twilio's request does not hold a message we can answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came in, untouched: only so can its signature be checked."""

    raw_path: bytes
    query: bytes
    body: bytes
    signature: str | None


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
        pairs = pairs_of(call.body.decode())
    except ValueError:
        return None
    form = _signed(url, pairs, call.signature, account)
    if form is None and any(name in NUMBERS and value.startswith(" ") for name, value in pairs):
        form = _signed(url, _mended(pairs), call.signature, account)
    return form


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


def _signed(
    url: str, pairs: list[tuple[str, str]], signature: str, account: TwilioAccount
) -> Form | None:
    """Give the form, the last value of each field, if it is about our account and signed for it."""
    form = dict(pairs)
    if form.get("AccountSid") != account.sid:
        return None
    return form if any(_is_signed(url, pairs, signature, t) for t in account.tokens) else None


def _is_signed(url: str, pairs: list[tuple[str, str]], signature: str, token: str) -> bool:
    """Tell whether a token signed this; what does not fit at once is left to the SDK's judgement.

    Nearly always the address was signed as it stands, which takes a tenth of the time. The SDK
    also tries it with and without a port.
    """
    if hmac.compare_digest(signature_of(url, pairs, token), signature.encode()):
        return True
    return bool(_validator(token).validate(url, Fields(pairs), signature))


def signature_of(url: str, pairs: Iterable[tuple[str, str]], token: str) -> bytes:
    """Sign as Twilio does: the address, then every field's name and values in order, once each."""
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    # Not hmac.digest: it lets go of the interpreter, and the writer's thread may keep it a while.
    return b64encode(hmac.new(token.encode(), signed.encode(), "sha1").digest())


def pairs_of(body: str) -> list[tuple[str, str]]:
    """Read a form, blank fields included; raises ValueError where it is no UTF-8.

    The same as `urllib.parse.parse_qsl`, which takes four times as long.
    """
    pairs = []
    for part in filter(None, body.split("&")):
        name, _, value = part.partition("=")
        is_plain = "%" not in part and "+" not in part
        pairs.append((name, value) if is_plain else (_unquoted(name), _unquoted(value)))
    return pairs


def _unquoted(text: str) -> str:
    return unquote(text.replace("+", " "), errors="strict")


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
