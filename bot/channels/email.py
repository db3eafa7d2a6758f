"""The e-mail channel: hands messages to a mail server by SMTP, over a few kept connections.

Every message carries a one-click way out (RFC 8058), plain in its header however long it is, and a
Message-ID that is the same for every attempt, so a receiver can drop a second copy.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib

from bot.channels.channel import Accepted, Fault, NotSent, Outcome, Parcel, Refused, Unknown
from bot.channels.email_bodies import html_of, subject_of, text_of
from bot.channels.email_returns import BOUNCE, UNSUBSCRIBE, address_of
from flows.customer import Channel
from storage.records import to_int

CONNECTIONS = 2
TIMEOUT_S = 30.0
PERMANENT = 500  # SMTP replies from here on are final (RFC 5321 section 4.2.1)
# A longer header would be folded into encoded words, and mail programs then ignore it.
_POLICY = SMTP_POLICY.clone(max_line_length=998)
_NO_MAILBOX = frozenset({550, 551, 553, 521, 556})
_CONTENT = frozenset({552, 554})


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes and whom it comes from; the URL may hold a user and a password."""

    url: str = field(repr=False)
    sender: str
    returns: str = ""  # the mailbox at which letters come back, if there is one

    @property
    def domain(self) -> str:
        """Name the domain that Message-IDs are made under."""
        return parseaddr(self.sender)[1].partition("@")[2]


class EmailSender:
    """Sends by SMTP; a connection that breaks is opened anew for the next message."""

    channel = Channel.EMAIL

    def __init__(self, server: MailServer, clock: Callable[[], datetime]) -> None:
        self._server = server
        self._clock = clock
        self._idle: list[aiosmtplib.SMTP] = []
        self._places = asyncio.Semaphore(CONNECTIONS)

    async def prepare(self) -> None:
        """Bring nothing: the mail server is called for each message anyway."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Send one message; never raises for what a mail server or the network can do."""
        letter = compose(parcel, self._server, self._clock())
        async with self._places:
            try:
                connection = await self._connected()
            except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
                return _not_connected(error)
            return await self._hand_over(connection, parcel, letter)

    async def look_up(self, parcel: Parcel, posted_at: datetime) -> Accepted | None:
        """Tell nothing: a mail server cannot be asked for what it took."""
        return None

    async def close(self) -> None:
        """Say goodbye on every kept connection."""
        while self._idle:
            self._idle.pop().close()

    async def _connected(self) -> aiosmtplib.SMTP:
        while self._idle:
            connection = self._idle.pop()
            if await _answers(connection):
                return connection
            connection.close()
        parts = urlsplit(self._server.url)
        connection = aiosmtplib.SMTP(
            hostname=parts.hostname,
            port=parts.port or (465 if parts.scheme == "smtps" else 25),
            use_tls=parts.scheme == "smtps",
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            timeout=TIMEOUT_S,
        )
        await connection.connect()
        return connection

    async def _hand_over(
        self, connection: aiosmtplib.SMTP, parcel: Parcel, letter: bytes
    ) -> Outcome:
        try:
            envelope = envelope_of(parcel, self._server)
            await connection.sendmail(envelope, [parcel.to.value], letter)
        except aiosmtplib.SMTPException as error:
            connection.close()
            return classify(error)
        except (OSError, TimeoutError) as error:
            connection.close()
            return Unknown(type(error).__name__)
        self._idle.append(connection)
        return Accepted(message_id(parcel, self._server))


async def _answers(connection: aiosmtplib.SMTP) -> bool:
    """Ask a kept connection whether it still stands: a letter lost on it would be of unknown fate.

    Mail servers hang up after a few idle minutes, and only the next command finds out.
    """
    try:
        await connection.noop()
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        return False
    return True


def message_id(parcel: Parcel, server: MailServer) -> str:
    """Name a message for good: a second attempt of the same row has the same name."""
    at = parcel.written_at
    name = f"{parcel.number}.{to_int(at)}" if at is not None else parcel.tag
    return f"<{name}@{server.domain}>"


def envelope_of(parcel: Parcel, server: MailServer) -> str:
    """Say who a letter is from on its envelope: by that a bounce tells which one it was (VERP)."""
    token = _token_of(parcel)
    if not (server.returns and token):
        return parseaddr(server.sender)[1]
    return address_of(server.returns, BOUNCE, token)


def _token_of(parcel: Parcel) -> str:
    """Give what names a letter to nobody but its reader: the token of its way out."""
    return (parcel.message.unsubscribe or "").rpartition("/")[2]


def _ways_out(parcel: Parcel, server: MailServer) -> str:
    """Write the one-click way out, and one by mail where somebody reads it."""
    ways = f"<{parcel.message.unsubscribe}>"
    if not server.returns:
        return ways
    by_mail = address_of(server.returns, UNSUBSCRIBE, _token_of(parcel))
    return f"{ways}, <mailto:{by_mail}?subject=unsubscribe>"


def compose(parcel: Parcel, server: MailServer, at: datetime) -> bytes:
    """Write a message as it travels: text first, HTML beside it, and the one-click way out."""
    message, name = parcel.message, parseaddr(server.sender)
    letter = EmailMessage(policy=_POLICY)
    letter["From"] = Mailbox(name[0], addr_spec=name[1])
    letter["To"] = Mailbox(addr_spec=parcel.to.value)
    letter["Subject"] = message.subject or subject_of(message.text)
    letter["Date"] = format_datetime(at)
    letter["Message-ID"] = message_id(parcel, server)
    kind = "broadcast" if parcel.is_bulk else "programme"
    letter["Feedback-ID"] = f"{kind}:statthotline:{server.domain}"  # what complaints are counted by
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    if message.unsubscribe:
        letter["List-Unsubscribe"] = _ways_out(parcel, server)
        letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    # Quoted, for not every server on the way takes eight bits or long lines.
    letter.set_content(text_of(message), cte="quoted-printable")
    letter.add_alternative(html_of(message), subtype="html", cte="quoted-printable")
    return letter.as_bytes()


def classify(error: aiosmtplib.SMTPException) -> Outcome:
    """Say what a refusal means: 5xx of the recipient is final, 4xx comes again (RFC 5321)."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            return _refused(error.recipients[0].code)
        case aiosmtplib.SMTPServerDisconnected() | aiosmtplib.SMTPReadTimeoutError():
            return Unknown(type(error).__name__)
        case aiosmtplib.SMTPAuthenticationError():
            return Refused(Fault.ACCOUNT, str(error.code))
        case aiosmtplib.SMTPSenderRefused():
            return Refused(Fault.SENDER, str(error.code))
        case aiosmtplib.SMTPResponseException():
            return _refused(error.code)
        case _:
            return Unknown(type(error).__name__)


def _refused(code: int) -> Refused:
    if code < PERMANENT:
        return Refused(Fault.LATER, str(code))
    if code in _NO_MAILBOX:
        return Refused(Fault.ADDRESS, str(code))
    return Refused(Fault.CONTENT if code in _CONTENT else Fault.OURS, str(code))


def _not_connected(error: Exception) -> Outcome:
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return Refused(Fault.ACCOUNT, str(error.code))
    return NotSent(type(error).__name__)
