"""Reading answers at once comes to the same as aiohttp's own reading, whatever a server does."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import TypeAlias

import aiohttp
import pytest

from bot.channels.http_answers import whole
from bot.deadlines import Deadline

pytestmark = pytest.mark.anyio

PIECE_S = 0.01  # so that a piece arrives alone; if it does not, the next one comes along
CHUNK = 64 * 1024
LATE_S = 0.05
AGAIN = 3
LONG = 20_000_000  # more than the kernel takes at once

Read: TypeAlias = Callable[[Awaitable[aiohttp.ClientResponse]], Awaitable[tuple[int, bytes]]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server writes, piece by piece; then it listens on, hangs up, or keeps silent."""

    pieces: tuple[bytes, ...]
    hangs_up: bool = False
    is_silent: bool = False
    is_hasty: bool = False  # it answers before it has read the request's body


@dataclass(slots=True)
class Server:
    """A server on this machine that gives one answer always, and at first these ones, once each."""

    answer: Answer
    first: list[Answer] = field(default_factory=list)
    port: int = 0
    connections: int = 0
    served: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer all requests of a connection."""
        task = asyncio.current_task()
        assert task is not None
        self.served.add(task)
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError):
            while not await self._hangs_up(reader, writer):
                pass
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _hangs_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; tell whether it was the last."""
        asked = await reader.readuntil(b"\r\n\r\n")
        answer = self.first.pop(0) if self.first else self.answer
        if not answer.is_hasty:
            await reader.readexactly(_length(asked))
        for piece in answer.pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(PIECE_S if len(answer.pieces) > 1 else 0)
        while answer.is_hasty or answer.is_silent:
            if not await reader.read(CHUNK):
                return True
        return answer.hangs_up


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)


def head(*headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode()


def sized(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    return head(f"Content-Length: {len(body)}", *headers, status=status) + body


def chunk(body: bytes) -> bytes:
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"


BODY = b'{"sid": "SM1"}'
LARGE = b"x" * 300_000
CHUNKED = head("Transfer-Encoding: chunked")
ZIPPED = sized(gzip.compress(BODY), "Content-Encoding: gzip")
SIZED = sized(BODY)
TORN = sized(gzip.compress(BODY)[:-9], "Content-Encoding: gzip")
ANSWERS = {
    "whole": Answer((SIZED,)),
    "head first": Answer((SIZED[: -len(BODY)], BODY)),
    "in two pieces": Answer((SIZED[:-5], SIZED[-5:])),
    "cut anywhere": Answer((SIZED[:5], SIZED[5:30], SIZED[30:-9], SIZED[-9:-8], SIZED[-8:])),
    "large": Answer((sized(LARGE),)),
    "chunked": Answer((CHUNKED + chunk(BODY) + chunk(b""),)),
    "chunked in pieces": Answer((CHUNKED + chunk(BODY)[:-6], chunk(BODY)[-6:], chunk(b""))),
    "chunked without its end": Answer((CHUNKED + chunk(BODY),), hangs_up=True),
    "zipped": Answer((ZIPPED,)),
    "zipped in pieces": Answer((ZIPPED[:-12], ZIPPED[-12:])),
    "not zipped as it says": Answer((sized(BODY, "Content-Encoding: gzip"),)),
    "zipped and torn": Answer((TORN,)),
    "no content": Answer((head(status="204 No Content"),)),
    "empty": Answer((sized(b""),)),
    "a server's fault": Answer((sized(b"oh", status="500 Internal Server Error"),)),
    "too many": Answer((sized(BODY, status="429 Too Many Requests"),)),
    "elsewhere": Answer((sized(b"", "Location: /else", status="307 Temporary Redirect"),)),
    "hangs up in the body": Answer((SIZED[:-5],), hangs_up=True),
    "hangs up after a piece": Answer((SIZED[:-5], SIZED[-5:-2]), hangs_up=True),
    "hangs up at once": Answer((), hangs_up=True),
    "the last one": Answer((sized(BODY, "Connection: close"),), hangs_up=True),
    "until it hangs up": Answer((head("Connection: close") + BODY, BODY), hangs_up=True),
    "more than it says": Answer((SIZED + b"garbage",)),
    "no HTTP": Answer((b"garbage\r\n\r\n",)),
    "before it was asked": Answer((sized(b"no", status="413 Too Large"),), is_hasty=True),
}


@asynccontextmanager
async def asking(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    """Let a server serve, with one connection at a time: whoever leaks it waits in vain."""
    serving = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = serving.sockets[0].getsockname()[1]
    limits = aiohttp.ClientTimeout(total=None, connect=2)
    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(connector=connector, timeout=limits) as session:
        yield session
    serving.close()
    await asyncio.gather(*server.served)


async def ask(session: aiohttp.ClientSession, server: Server, read: Read, size: int) -> object:
    """Ask once; tell status and body, or the error."""
    url, body = f"http://127.0.0.1:{server.port}/", BytesIO(b"x" * size)
    try:
        return await read(session.post(url, data=body, allow_redirects=False))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return type(error)


async def at_once(asked: Awaitable[aiohttp.ClientResponse]) -> tuple[int, bytes]:
    answer, body = await whole(asked)
    return answer.status, body


async def as_usual(asked: Awaitable[aiohttp.ClientResponse]) -> tuple[int, bytes]:
    answer = await asked
    async with answer:
        return answer.status, await answer.read()


async def came_to(answer: Answer, read: Read) -> tuple[list[object], int]:
    """Ask a few times; tell what came of it, and by how many connections."""
    server = Server(answer)
    async with asking(server) as session:
        size = LONG if answer.is_hasty else 100
        answers = [await ask(session, server, read, size) for _ in range(AGAIN)]
    return answers, server.connections


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_an_answer_is_what_aiohttp_makes_of_it(answer: Answer) -> None:
    assert await came_to(answer, at_once) == await came_to(answer, as_usual)


@pytest.mark.parametrize("name", ["whole", "in two pieces", "chunked", "zipped", "empty"])
async def test_one_connection_serves_for_all_that_is_asked(name: str) -> None:
    answers, connections = await came_to(ANSWERS[name], at_once)

    assert answers == [answers[0]] * AGAIN
    assert connections == 1


@pytest.mark.parametrize("begun", [b"", SIZED[:20], SIZED[:-5]], ids=["head", "headers", "body"])
async def test_who_waits_in_vain_leaves_a_connection_that_nobody_takes_again(begun: bytes) -> None:
    server = Server(ANSWERS["whole"], [Answer((begun,), is_silent=True)])
    deadline = Deadline(LATE_S)

    async with asking(server) as session:
        first = await ask(session, server, lambda asked: deadline.keep(at_once(asked)), 100)
        second = await ask(session, server, at_once, 100)

    assert (first, second) == (TimeoutError, (200, BODY))
    assert server.connections == 2
