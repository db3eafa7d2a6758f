"""The reels: films that are being watched stand in memory, and who was let in gets the next piece.

A phone fetches a film in many pieces. At the first one its link is looked up; for some seconds
after it the same link gets the same file without a look-up. So a link that expires or is revoked
may give out that one file for `LASTS_S` more on this node. What is not on the disk any more, as
after an erasure, is given to nobody.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bot.keys import Keys

LASTS_S = 10.0
MOST_BYTES = 16 * 1024 * 1024  # a hundred films
_MOST_TICKETS = 5000


@dataclass(frozen=True, slots=True)
class Reel:
    """One file of a film, as it lay on the disk."""

    path: Path
    made_ns: int
    content: bytes

    @property
    def etag(self) -> str:
        """Name its content, as HTTP does."""
        return f'"{self.path.stem}-{len(self.content):x}"'


@dataclass(slots=True)
class Reels:
    """Keeps what is fetched over and over: whom a look-up let in, and to which bytes."""

    keys: Keys
    monotonic: Callable[[], float] = time.monotonic
    most_bytes: int = MOST_BYTES
    _tickets: OrderedDict[tuple[bytes, str], tuple[Path, float]] = field(
        default_factory=OrderedDict
    )
    _reels: OrderedDict[Path, Reel] = field(default_factory=OrderedDict)
    _bytes: int = 0

    async def admitted(self, token: str, name: str) -> Reel | None:
        """Give what a link was let in to lately; None if it has to be looked up."""
        path, until = self._tickets.get((self.keys.of_link(token), name), (None, 0.0))
        if path is None or self.monotonic() >= until:
            return None
        return await self._read(path)

    async def admit(self, token: str, name: str, path: Path) -> Reel | None:
        """Let a link in that was looked up just now; None if the file is gone."""
        reel = await self._read(path)
        if reel is not None:
            self._tickets[self.keys.of_link(token), name] = (path, self.monotonic() + LASTS_S)
            while len(self._tickets) > _MOST_TICKETS:
                self._tickets.popitem(last=False)
        return reel

    async def _read(self, path: Path) -> Reel | None:
        """Read a file unless it stands here as it lies there."""
        try:
            # Asked for without another thread: the folder is known to the kernel, and this is µs.
            made_ns = path.stat().st_mtime_ns  # noqa: ASYNC240
            known = self._reels.get(path)
            if known is None or known.made_ns != made_ns:
                content = await asyncio.to_thread(path.read_bytes)
                known = Reel(path, made_ns, content)
        except FileNotFoundError:
            self._let_go(path)
            return None
        self._keep(known)
        return known

    def _keep(self, reel: Reel) -> None:
        """Keep a reel as the latest; those that nobody has asked for longest make room."""
        self._let_go(reel.path)
        self._reels[reel.path] = reel
        self._bytes += len(reel.content)
        while self._bytes > self.most_bytes:
            self._let_go(next(iter(self._reels)))

    def _let_go(self, path: Path) -> None:
        reel = self._reels.pop(path, None)
        self._bytes -= len(reel.content) if reel else 0
