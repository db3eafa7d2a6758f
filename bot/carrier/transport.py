"""One HTTP exchange with the operator: a reply, or the reason why there is none."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

import aiohttp
import msgspec

T = TypeVar("T")

_MOST_BYTES = 16 * 1024 * 1024  # a longer answer is no answer
_WINDOW_S = 1.05  # a little over a second, because requests do not arrive as evenly as they leave


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the status, the body as bytes, and the headers in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def read(self, kind: type[T]) -> T | None:
        """Decode the JSON body; None for HTML, garbage, or another shape."""
        try:
            return msgspec.json.decode(self.body, type=kind)
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


class Pacer:
    """Lets at most so many requests leave in any one second."""

    def __init__(self, per_second: float) -> None:
        """Take the operator's quota; below one a second is possible."""
        self._window_s = _WINDOW_S * max(1.0, 1 / per_second)
        self._left: deque[float] = deque(maxlen=max(1, int(per_second)))
        self._turn = asyncio.Lock()

    async def wait(self) -> None:
        """Return when one more may leave, in the order of asking."""
        async with self._turn:
            if len(self._left) == self._left.maxlen:
                await asyncio.sleep(max(0.0, self._left[0] + self._window_s - time.monotonic()))
            self._left.append(time.monotonic())


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
        await self._pacer.wait()
        try:
            async with self._opened().request(
                method,
                self._base_url + path,
                params=query,
                data=body,
                headers=headers,
                allow_redirects=False,
            ) as response:
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
