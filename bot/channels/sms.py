"""The outgoing half of the SMS channel: hands messages to Twilio, and finds lost ones again.

Twilio has no idempotency key, so nothing is ever sent twice here: whatever is not a clear answer
comes out as Unknown, and the tag in the callback's address or a look-up tells later.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

from bot.channels.channel import Accepted, Fault, NotSent, Outcome, Parcel, Refused, Unknown
from bot.channels.sms_outcomes import classify
from flows.customer import Channel
from messages.segments import normalise
from storage.deliveries import Priced

if TYPE_CHECKING:
    from twilio.rest import Client
    from twilio.rest.api.v2010.account.message import MessageInstance

    from bot.channels.sms_http import TwilioConnection

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}\Z")
LONGEST_BODY = 1600
CLOCK_SKEW = timedelta(seconds=5)
TIMEOUT_S = 12.0  # for a whole request; the tag or a look-up tells about what took longer
LISTED = 20
PAGE = 1000
MOST_RECEIVED = 20_000

_SUCCESS = range(200, 300)


class SmsError(Exception):
    """The SMS channel cannot do this."""


class ListingFailedError(SmsError):
    """Twilio could not be asked; this says nothing about what it has."""


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """Our account: who we are at Twilio, from what we send, and where we are reached.

    `service` (a messaging service's SID) goes before `number`. `origin` is the API's origin.
    """

    sid: str
    token: str = field(repr=False)
    public_url: str
    service: str | None = None
    number: str | None = None
    secondary_token: str | None = field(default=None, repr=False)
    origin: str = "https://api.twilio.com"

    @property
    def tokens(self) -> tuple[str, ...]:
        """Give the tokens by which Twilio may sign; two during a rotation."""
        return tuple(filter(None, (self.token, self.secondary_token)))

    @property
    def sender(self) -> dict[str, str]:
        """Name who sends, as Twilio's form does."""
        if self.service:
            return {"MessagingServiceSid": self.service}
        return {"From": self.number} if self.number else {}


@dataclass(frozen=True, slots=True)
class Received:
    """A message to us as Twilio lists it."""

    sid: str
    sender: str
    text: str
    at: datetime


TakenRefs = Callable[[Sequence[str]], Awaitable[frozenset[str]]]
KeepPrices = Callable[[Sequence[Priced]], Awaitable[None]]


class SmsSender:
    """Sends by Twilio's REST interface; SDK and session come when first needed."""

    channel = Channel.SMS

    def __init__(
        self,
        account: TwilioAccount,
        taken: TakenRefs,
        *,
        in_flight: int = 20,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`taken` tells which SIDs belong to a row already, so that none is adopted twice."""
        self._account = account
        self._taken = taken
        self._in_flight = in_flight
        self._timeout_s = timeout_s
        self._connection: TwilioConnection | None = None

    async def prepare(self) -> None:
        """Load the SDK beside the loop, which takes a tenth of a second or more."""
        if self._connection is None:
            await asyncio.to_thread(import_module, "bot.channels.sms_http")

    async def send(self, parcel: Parcel) -> Outcome:
        """Create one message; never raises for what Twilio or the network can do."""
        refusal = _unsendable(parcel)
        if refusal is not None:
            return refusal
        answer = await self._connect().create(parcel)
        if isinstance(answer, NotSent | Unknown):
            return answer
        return _judge(answer.status_code, answer.text)

    async def look_up(self, parcel: Parcel, posted_at: datetime) -> Accepted | None:
        """Look among the latest messages to this number for ours; None if it is not there.

        Never filters by the date of sending, which is null while a message is queued. Raises
        ListingFailedError if Twilio cannot be asked.
        """
        listed = await _list(self._connect().client, parcel.to.value)
        matching = [m.sid for m in listed if m.sid and _is_ours(m, parcel, posted_at)]
        taken = await self._taken(matching)
        free = [sid for sid in matching if sid not in taken]
        return Accepted(free[-1]) if free else None  # the oldest; the list starts with the newest

    async def received(self, since: datetime) -> tuple[Received, ...]:
        """List what was written to us since then; raises ListingFailedError."""
        await self.prepare()
        return await _received(self._connect().client, self._account, since)

    async def prices(self, day: datetime, keep: KeepPrices) -> None:
        """Hand on the prices of what was sent on a day (in UTC); raises ListingFailedError."""
        await self.prepare()
        await _prices(self._connect().client, day, keep)

    async def close(self) -> None:
        """Close the session."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _connect(self) -> "TwilioConnection":
        if self._connection is None:
            # Here, for they take 27 MiB: only when SMS is on.
            from bot.channels.sms_form import MessageForm  # noqa: PLC0415
            from bot.channels.sms_http import TwilioConnection  # noqa: PLC0415

            account = self._account
            self._connection = TwilioConnection(
                (account.sid, account.token),
                account.origin.rstrip("/"),
                MessageForm(account.public_url, account.sender),
                in_flight=self._in_flight,
                timeout_s=self._timeout_s,
            )
        return self._connection


def _unsendable(parcel: Parcel) -> Refused | None:
    """Check what neither the SDK nor a refund would."""
    if not NUMBER.match(parcel.to.value):
        return Refused(Fault.ADDRESS, "number")
    if not parcel.message.text.strip():
        return Refused(Fault.OURS, "empty")
    if len(parcel.message.text) > LONGEST_BODY:
        return Refused(Fault.OURS, "long")
    return None


class _Answer(msgspec.Struct):
    """What we need of Twilio's answer; an error has a code, a message its SID."""

    sid: str | None = None
    code: int | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


def _judge(status: int, text: str) -> Outcome:
    """Judge an answer; a success that cannot be read says nothing, so it is unknown."""
    try:
        answer = _ANSWER.decode(text)
    except ValueError:
        answer = _Answer()
    if status not in _SUCCESS:
        return classify(status, answer.code if answer.code != status else None)
    return Accepted(answer.sid) if answer.sid else Unknown("an answer without a SID")


async def _list(client: "Client", to: str) -> list["MessageInstance"]:
    with _asking():
        return list(await client.messages.list_async(to=to, limit=LISTED, page_size=LISTED))


async def _received(
    client: "Client", account: TwilioAccount, since: datetime
) -> tuple[Received, ...]:
    """Page through the messages, newest first, until they are older than `since`."""
    to = {"to": account.number} if account.number else {}
    received = []
    with _asking():
        stream = await client.messages.stream_async(page_size=PAGE, limit=MOST_RECEIVED, **to)
        async for message in stream:
            at = message.date_created
            if isinstance(at, datetime) and at < since:
                break
            if str(message.direction) == "inbound" and _is_to_us(message, account):
                at = at if isinstance(at, datetime) else since
                received.append(
                    Received(message.sid or "", message.from_ or "", message.body or "", at)
                )
    return tuple(received)


async def _prices(client: "Client", day: datetime, keep: KeepPrices) -> None:
    span = {"date_sent_after": day, "date_sent_before": day + timedelta(days=1)}
    figures: list[Priced] = []
    with _asking():
        async for message in await client.messages.stream_async(page_size=PAGE, **span):
            figures.extend(_priced(message))
            if len(figures) >= PAGE:
                await keep(figures)
                figures = []
    await keep(figures)


def _priced(message: "MessageInstance") -> Iterator[Priced]:
    """Read a price, which is a negative number of the account's currency, or missing."""
    if message.sid and message.price:
        segments = str(message.num_segments or "")
        count = int(segments) if segments.isdecimal() and segments != "0" else None
        yield Priced(message.sid, abs(float(message.price)) * 100, count)


def _is_to_us(message: "MessageInstance", account: TwilioAccount) -> bool:
    if account.number is not None and message.to == account.number:
        return True
    return account.service is not None and message.messaging_service_sid == account.service


@contextmanager
def _asking() -> Iterator[None]:
    """Turn whatever keeps Twilio's list from us into ListingFailedError."""
    import aiohttp  # noqa: PLC0415 (see _connect)
    from twilio.base.exceptions import TwilioException  # noqa: PLC0415

    try:
        yield
    except (aiohttp.ClientError, TimeoutError, OSError, TwilioException) as error:
        raise ListingFailedError(type(error).__name__) from error
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise ListingFailedError("an unreadable list") from error


def _is_ours(message: "MessageInstance", parcel: Parcel, posted_at: datetime) -> bool:
    created = message.date_created
    return (
        str(message.direction).startswith("outbound")
        and isinstance(created, datetime)
        and created >= posted_at.replace(microsecond=0) - CLOCK_SKEW
        and normalise(message.body or "") == normalise(parcel.message.text)
    )
