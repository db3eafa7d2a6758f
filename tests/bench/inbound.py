"""What customers write by SMS, as signed requests that are ready to be fired."""

from collections.abc import Iterable
from urllib.parse import urlencode

from tests.bench.crowds import customer
from tests.bench.load import Shot
from tests.cast import NOON
from tests.fakes.twilio import FakeTwilio
from tests.fakes.twilio_payloads import sign

PUBLIC_URL = "https://bot.example"
PATH = "/sms/inbound"


def shots(writers: Iterable[int], text: str, after_s: Iterable[float]) -> list[Shot]:
    """Let customers write; each of them once, at its moment."""
    twilio = FakeTwilio(lambda: NOON)
    return [Shot(_request(twilio, n, text), at) for n, at in zip(writers, after_s, strict=True)]


def _request(twilio: FakeTwilio, n: int, text: str) -> bytes:
    sid = f"SM{n:032x}"
    ids = {"MessageSid": sid, "SmsMessageSid": sid, "SmsSid": sid}
    form = twilio.write(customer(n).contacts[0].address.value, text, **ids).form
    body = urlencode(form).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: bot.example\r\n"
        "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
        f"X-Twilio-Signature: {sign(PUBLIC_URL + PATH, form)}\r\n"
        f"User-Agent: TwilioProxy/1.1\r\nAccept: */*\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
