"""A provider with as little inside as possible, in a process of its own, so that clients limit.

It answers as Twilio and as the Bot API do, and keeps when each request came and its body. It is no
substitute for the stateful fakes: those check rules, and cost more than what is measured here.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import msgspec
import uvloop

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Seen(msgspec.Struct, frozen=True):
    """One request: when it was read whole, on the machine's monotonic clock, and its body."""

    at: float
    path: str
    body: str


@dataclass(slots=True)
class Book:
    """What came in."""

    kept: list[tuple[float, bytes, bytes]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def answer(self, path: bytes, body: bytes) -> bytes:
        """Answer one request."""
        if path == b"/seen":
            return _http(b"200 OK", msgspec.json.encode(self._seen()))
        self.kept.append((time.monotonic(), path, body))
        number = next(self.numbers)
        if path.startswith(b"/bot"):
            return _http(b"200 OK", _TELEGRAM % number)
        return _http(b"201 Created", _TWILIO % number)

    def _seen(self) -> list[Seen]:
        return [Seen(at, path.decode(), body.decode()) for at, path, body in self.kept]


_TWILIO = (
    b'{"sid":"SM%032x","account_sid":"AC","api_version":"2010-04-01","body":"","status":"queued",'
    b'"date_created":"Tue, 01 Dec 2026 11:00:00 +0000","date_sent":null,"date_updated":null,'
    b'"direction":"outbound-api","error_code":null,"error_message":null,"from":null,"to":"",'
    b'"messaging_service_sid":null,"num_media":"0","num_segments":"1","price":null,'
    b'"price_unit":"USD","subresource_uris":{},"uri":""}'
)
_TELEGRAM = (
    b'{"ok":true,"result":{"message_id":%d,"date":1796122800,"text":"",'
    b'"chat":{"id":1,"type":"private","first_name":"A"}}}'
)


def _http(status: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % (status, len(body)) + body


class Door(asyncio.Protocol):
    """One connection, kept alive."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._pending = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by birth

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while (end := self._pending.find(_END)) >= 0:
            head = self._pending[:end]
            whole = end + len(_END) + _length(head)
            if len(self._pending) < whole:
                return
            body, self._pending = self._pending[end + len(_END) : whole], self._pending[whole:]
            assert self._transport is not None
            self._transport.write(self._book.answer(head.split(b" ", 2)[1], body))


def _length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(_LENGTH)
    return 0 if at < 0 else int(lowered[at + len(_LENGTH) :].split(b"\r\n", 1)[0])


async def main() -> None:
    """Serve on a free port of this machine, tell it, and go on until killed."""
    book = Book()
    server = await asyncio.get_running_loop().create_server(lambda: Door(book), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
