"""Telegram's webhook: an update is answered with 200 once what came of it is committed."""

import hmac

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.channel import Clock, Listener
from bot.channels.telegram_intake import hand_over
from bot.channels.telegram_updates import Read, Unreadable, name_of, read_update
from storage.errors import StorageError

PATH = "/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header

_LARGEST_BODY = 1024 * 1024
_KEPT_OF_LARGER = 4096

_log = structlog.get_logger(__name__)


def routes(listener: Listener, *, secret: str, clock: Clock) -> list[Route]:
    """Make the route; nobody passes an empty secret."""
    expected = secret.encode()

    async def webhook(request: Request) -> Response:
        """Answer 401 for a wrong secret, 503 where the database cannot store, 200 for all else.

        Telegram repeats whatever is not answered by 2xx for up to a day, and delays the chat.
        """
        given = request.headers.get(SECRET_HEADER, "").encode("latin-1")
        if not expected or not hmac.compare_digest(given, expected):
            return Response(status_code=401)
        try:
            raw = await _read_body(request)
            await hand_over(_read(raw, clock), raw, listener)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it; the update comes again
        except StorageError as error:
            _log.warning("update_not_kept", why=type(error).__name__)
            return Response(status_code=503)
        return Response(status_code=200)

    return [Route(PATH, webhook, methods=["POST"])]


def _read(raw: bytes, clock: Clock) -> Read:
    if len(raw) > _LARGEST_BODY:
        return Unreadable(name_of(raw[:_KEPT_OF_LARGER]), "larger than 1 MiB")
    return read_update(raw, clock())


async def _read_body(request: Request) -> bytes:
    """Read a body, and of one that is too large no more than shows that it is."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            break
    return bytes(body)
