"""A wire to PostgreSQL that can be cut: all of it for a while, or one connection at its COMMIT."""

import asyncio
from collections import deque
from contextlib import suppress
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qs, urlsplit

CHUNK = 64 * 1024
COMMIT = b"COMMIT;"


class Cut(StrEnum):
    """Where the next COMMIT that passes loses its connection."""

    BEFORE = "the server never sees it"
    AFTER = "the server does it, and nobody hears of it"


class Wire:
    """Stands on loopback between bots and their server."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._is_whole = True
        self.cuts: deque[Cut] = deque()  # the next COMMITs are cut so, in this order

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.break_off()
        assert self._server is not None
        self._server.close()

    @property
    def url(self) -> str:
        """Give the address of the near end."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        who = self._parts.netloc.rpartition("@")[0].rstrip(":") or "postgres"
        return f"postgresql://{who}@127.0.0.1:{port}{self._parts.path}"

    def break_off(self) -> None:
        """Cut every connection, and refuse new ones."""
        self._is_whole = False
        for end in self._ends:
            end.transport.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self._is_whole = True

    async def _join(self, near: asyncio.StreamReader, to_bot: asyncio.StreamWriter) -> None:
        if not self._is_whole:
            to_bot.transport.abort()
            return
        far, to_server = await self._reach()
        ends = {to_bot, to_server}
        self._ends |= ends
        with suppress(OSError):
            await asyncio.wait(
                (
                    asyncio.create_task(self._ask(near, to_server, to_bot)),
                    asyncio.create_task(_pass(far, to_bot)),
                ),
                return_when=asyncio.FIRST_COMPLETED,
            )
        self._ends -= ends
        for end in ends:
            end.transport.abort()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = self._parts.port or 5432
        if folder := parse_qs(self._parts.query).get("host"):
            return await asyncio.open_unix_connection(f"{folder[0]}/.s.PGSQL.{port}")
        return await asyncio.open_connection(self._parts.hostname, port)

    async def _ask(
        self,
        near: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        to_bot: asyncio.StreamWriter,
    ) -> None:
        """Pass on what a bot asks, but for a COMMIT whose turn it is to be cut."""
        with suppress(OSError):
            while said := await near.read(CHUNK):
                cut = self.cuts.popleft() if COMMIT in said and self.cuts else None
                if cut is Cut.BEFORE:
                    return
                if cut is Cut.AFTER:
                    to_bot.transport.abort()
                to_server.write(said)
                await to_server.drain()


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while said := await source.read(CHUNK):
            target.write(said)
            await target.drain()
