"""What the fake Twilio keeps and shows: messages, errors, signatures, in Twilio's own shapes."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from aiohttp import web

SID = "AC" + "a1" * 16
TOKEN = "the-token"  # noqa: S105 (of the fake)
SERVICE = "MG" + "b2" * 16
NUMBER = "+4915792300001"


@dataclass(slots=True)
class Sms:
    """One message that the fake holds."""

    sid: str
    direction: str
    from_: str | None
    to: str
    body: str
    created: datetime
    status: str
    callback: str = ""
    code: int | None = None
    price: str | None = None
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """Give the tag of its callback's address."""
        return dict(parse_qsl(self.callback.partition("#")[0].partition("?")[2])).get("t", "")

    def shown(self) -> dict[str, object]:
        """Show it as Twilio does."""
        return {
            "sid": self.sid,
            "account_sid": SID,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": _date(self.created),
            "date_sent": None if self.status in {"accepted", "queued"} else _date(self.created),
            "date_updated": _date(self.created),
            "direction": self.direction,
            "error_code": self.code,
            "error_message": None,
            "from": self.from_,
            "messaging_service_sid": SERVICE if self.form.get("MessagingServiceSid") else None,
            "num_media": "0",
            "num_segments": "0" if self.from_ is None and self.price is None else "1",
            "price": self.price,
            "price_unit": "USD",
            "status": self.status,
            "subresource_uris": {},
            "to": self.to,
            "uri": f"/2010-04-01/Accounts/{SID}/Messages/{self.sid}.json",
        }


def is_listed(sms: Sms, query: Mapping[str, str]) -> bool:
    """Tell whether a list shows a message; the date of sending is compared by whole days."""
    if query.get("To", sms.to) != sms.to or query.get("From", sms.from_) != sms.from_:
        return False
    if "DateSent>" not in query and "DateSent<" not in query:
        return True
    day = None if sms.status in {"accepted", "queued"} else f"{sms.created.astimezone(UTC):%F}"
    span = query.get("DateSent>", "")[:10], query.get("DateSent<", "9999")[:10]
    return day is not None and span[0] <= day <= span[1]


def sign(url: str, form: Mapping[str, str], token: str = TOKEN) -> str:
    """Sign a form as Twilio does: HMAC-SHA1 over the address and the sorted fields."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    mac = hmac.new(token.encode(), signed.encode(), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()


def error(status: int, code: int, message: str) -> web.Response:
    """Answer with an error, shaped as Twilio shapes them."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return web.json_response(
        {"code": code, "message": message, "more_info": more, "status": status}, status=status
    )


def _date(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
