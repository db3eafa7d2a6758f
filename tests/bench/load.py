"""A client with as little inside as possible, in a process of its own: it fires ready requests.

It reads its orders from stdin and writes when each request left and was answered to stdout.
"""

import asyncio
import sys
import time
from collections import deque
from typing import cast

import msgspec
import uvloop


class Shot(msgspec.Struct, frozen=True):
    """One request as bytes, and from when on it may leave, in seconds from the start."""

    request: bytes
    after_s: float = 0.0


class Order(msgspec.Struct, frozen=True):
    """What is fired where, over so many connections."""

    port: int
    connections: int
    shots: list[Shot]


class Hit(msgspec.Struct, frozen=True):
    """When a request left, when it was answered (monotonic), and by which status."""

    left_at: float
    done_at: float
    status: int


class Gun(asyncio.Protocol):
    """One connection: fires the next shot when the last was answered."""

    def __init__(self, waiting: deque[tuple[int, Shot]], hits: dict[int, Hit], start: float):
        self.over = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        self._hits = hits
        self._start = start
        self._number = 0
        self._left_at = 0.0
        self._pending = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by birth
        self._aim()

    def _aim(self) -> None:
        if not self._waiting:
            self.over.set_result(None)
            return
        self._number, shot = self._waiting.popleft()
        ahead = self._start + shot.after_s - time.monotonic()
        if ahead > 0:
            asyncio.get_running_loop().call_later(ahead, self._fire, shot)
        else:
            self._fire(shot)

    def _fire(self, shot: Shot) -> None:
        assert self._transport is not None
        self._left_at = time.monotonic()
        self._transport.write(shot.request)

    def data_received(self, data: bytes) -> None:
        self._pending += data
        head, found, body = self._pending.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        if len(body) < length:
            return
        self._pending = b""
        status = int(head[9:12])
        self._hits[self._number] = Hit(self._left_at, time.monotonic(), status)
        self._aim()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(exc or ConnectionError("closed by the server"))


async def fire(order: Order) -> list[Hit]:
    """Fire all shots; gives the hits in the order of the shots."""
    waiting, hits = deque(enumerate(order.shots)), dict[int, Hit]()
    guns: list[Gun] = []
    start, loop = time.monotonic(), asyncio.get_running_loop()
    for _ in range(min(order.connections, len(order.shots))):
        _, gun = await loop.create_connection(
            lambda: Gun(waiting, hits, start), "127.0.0.1", order.port
        )
        guns.append(gun)
    await asyncio.gather(*(gun.over for gun in guns))
    return [hits[n] for n in range(len(order.shots))]


if __name__ == "__main__":
    told = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.msgpack.encode(uvloop.run(fire(told))))
