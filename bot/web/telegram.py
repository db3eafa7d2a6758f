"""Telegram's webhook: an update is answered with 200 once what came of it is committed."""

import hmac
from dataclasses import dataclass, field
from functools import cache

import structlog
from starlette.types import Message, Receive, Scope, Send

from bot.channels.channel import Clock, Listener
from bot.channels.telegram_intake import hand_over
from bot.channels.telegram_updates import Read, Unreadable, name_of, read_update
from bot.web.doors import Door
from storage.errors import StorageError

PATH = "/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header

_SECRET = SECRET_HEADER.lower().encode()  # as servers give it
_LARGEST_BODY = 1024 * 1024
_KEPT_OF_LARGER = 4096

_log = structlog.get_logger(__name__)


def routes(listener: Listener, *, secret: str, clock: Clock) -> list[Door]:
    """Make the door; nobody passes an empty secret."""
    return [Door(PATH, Hook(listener, secret.encode(), clock))]


@dataclass(frozen=True, slots=True)
class Hook:
    """Takes what Telegram delivers: an ASGI app by itself, as customers wait for its answer."""

    listener: Listener
    secret: bytes = field(repr=False)
    clock: Clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        for message in _answer(await self._heard(scope, receive)):
            await send(message)

    async def _heard(self, scope: Scope, receive: Receive) -> int:
        """Give 401 for a wrong secret, 503 where the database cannot store, 200 for all else.

        Telegram repeats whatever is not answered by 2xx for up to a day, and delays the chat.
        """
        given = dict(scope["headers"]).get(_SECRET, b"")
        if not self.secret or not hmac.compare_digest(given, self.secret):
            return 401
        raw = await _read_body(receive)
        if raw is None:
            return 400  # nobody is there to read it; the update comes again
        try:
            await hand_over(_read(raw, self.clock), raw, self.listener)
        except StorageError as error:
            _log.warning("update_not_kept", why=type(error).__name__)
            return 503
        return 200


@cache
def _answer(status: int) -> tuple[Message, Message]:
    headers = [(b"content-length", b"0")]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": b""}


def _read(raw: bytes, clock: Clock) -> Read:
    if len(raw) > _LARGEST_BODY:
        return Unreadable(name_of(raw[:_KEPT_OF_LARGER]), "larger than 1 MiB")
    return read_update(raw, clock())


async def _read_body(receive: Receive) -> bytes | None:
    """Read a body, of one that is too large no more than shows it; None if the caller is gone."""
    body = bytearray()
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if len(body) > _LARGEST_BODY or not message.get("more_body"):
            return bytes(body)
    return None
