"""One HTTP exchange with the operator: a reply, or the reason why there is none."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

import aiohttp
import msgspec

from bot.foreign_json import without_nul

T = TypeVar("T")

_MOST_BYTES = 16 * 1024 * 1024  # a longer answer is no answer
_WINDOW_S = 1.01
_ARRIVES_WITHIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the status, the body as bytes, and the headers in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def read(self, kind: type[T]) -> T | None:
        """Decode the JSON body; None for HTML, garbage, or another shape."""
        try:
            return msgspec.json.decode(without_nul(self.body), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    @property
    def retry_after(self) -> timedelta | None:
        """Give what `Retry-After` asks for in seconds; dates and nonsense count as absent."""
        try:
            return timedelta(seconds=min(max(0, int(self.headers["retry-after"])), 86_400))
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class NoReply:
    """No answer came; `has_left` tells whether the request may have reached the operator."""

    why: str
    has_left: bool


class Transport(Protocol):
    """Who carries requests to the operator."""

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Reply | NoReply:
        """Read something."""

    async def post(
        self, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Reply | NoReply:
        """Ask for something, once."""

    async def close(self) -> None:
        """Give back connections."""


@dataclass(slots=True)
class _Slot:
    """One request: when it left, and when it was over, if it is."""

    left_at: float
    over_at: float | None = None

    @property
    def arrived_by(self) -> float:
        """Tell when the operator had it at the latest, as far as anybody can know."""
        latest = self.left_at + _ARRIVES_WITHIN_S
        return latest if self.over_at is None else min(latest, self.over_at)


class Pacer:
    """Lets at most so many requests arrive in any one second.

    What leaves evenly may arrive bunched: a place is free again a second after its request had
    surely arrived, that is when it was answered, or when it has been on its way for long.
    """

    def __init__(self, per_second: float) -> None:
        """Take the operator's quota; below one a second is possible."""
        self._window_s = _WINDOW_S * max(1.0, 1 / per_second)
        self._slots: deque[_Slot] = deque(maxlen=max(1, int(per_second)))
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Enter when one more may leave, in the order of asking; leave when it is over."""
        async with self._turn:
            if len(self._slots) == self._slots.maxlen:
                oldest = self._slots[0]
                # By then it is known whether it was answered soon.
                await _until(oldest.left_at + self._window_s)
                await _until(oldest.arrived_by + self._window_s)
            mine = _Slot(time.monotonic())
            self._slots.append(mine)
        try:
            yield
        finally:
            mine.over_at = time.monotonic()


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))


class HttpTransport:
    """Carries requests by aiohttp: one session, one time limit, no redirects, no repeats."""

    def __init__(
        self, base_url: str, *, token: str = "", timeout_s: float = 10, per_second: float = 20
    ) -> None:
        """Take the whole base URL, for servers differ in the prefix that they serve."""
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._timeout_s = timeout_s
        self._pacer = Pacer(per_second)
        self._session: aiohttp.ClientSession | None = None

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Reply | NoReply:
        """Read something."""
        return await self._exchange("GET", path, query=query)

    async def post(
        self, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Reply | NoReply:
        """Ask for something, once."""
        return await self._exchange("POST", path, body=body, headers=headers)

    async def close(self) -> None:
        """Give back connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply | NoReply:
        try:
            async with (
                self._pacer.slot(),
                self._opened().request(
                    method,
                    self._base_url + path,
                    params=query,
                    data=body,
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                found = {name.lower(): value for name, value in response.headers.items()}
                return Reply(response.status, await _read(response), found)
        except aiohttp.ClientConnectorError as error:
            return NoReply(f"no connection: {type(error).__name__}", has_left=False)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return NoReply(f"no answer: {type(error).__name__}", has_left=True)

    def _opened(self) -> aiohttp.ClientSession:
        # A session wants a running loop, which the composition root does not have yet.
        if self._session is None:
            headers = {"Accept": "application/json", "Content-Type": "application/json"}
            if self._token:
                headers["Authorization"] = f"Bearer {self._token}"
            self._session = aiohttp.ClientSession(
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read the body, but nothing endless (ValueError)."""
    parts = bytearray()
    async for part in response.content.iter_chunked(65_536):
        parts += part
        if len(parts) > _MOST_BYTES:
            raise ValueError("the answer is too long")
    return bytes(parts)
