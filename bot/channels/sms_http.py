"""Twilio's SDK over one aiohttp session of ours: real timeouts, no redirects, no silent retries.

The SDK's own asynchronous client mixes up answers under load and has no time limit at all. This
module is imported only when an SMS is first sent.
"""

import base64
import logging
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlencode

import aiohttp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

CONNECT_S = 3.0


class SessionHttpClient(AsyncHttpClient):  # type: ignore[misc]  # the SDK brings no types
    """Hands the SDK's requests to a session and lets the session's errors rise."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        super().__init__(logging.getLogger("statthotline.sms"), True, None)  # noqa: FBT003 (the SDK's order)
        self._session = session

    async def request(  # noqa: PLR0913, PLR0917 (the SDK's signature)
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 (the session's limit holds)
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 (never followed)
    ) -> Response:
        """Do one request; raises aiohttp's errors and TimeoutError."""
        async with self._session.request(
            method,
            uri,
            params={name: str(value) for name, value in params.items()} if params else None,
            data=_encoded(data) if data else None,
            headers={**(headers or {}), **_authorization(auth)},
            allow_redirects=False,
        ) as response:
            text = (await response.read()).decode("utf-8", "replace")
            return Response(response.status, text, response.headers)


def connect(
    credentials: tuple[str, str], origin: str, *, in_flight: int, timeout_s: float
) -> tuple[Client, aiohttp.ClientSession]:
    """Open a session in the running loop and a client on it that calls only `origin`."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=in_flight),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_S),
    )
    client = Client(*credentials, http_client=SessionHttpClient(session))
    client.api.base_url = origin
    return client, session


def _encoded(form: Mapping[str, object]) -> bytes:
    """Write a form; no field of ours has several values, which would take twice as long."""
    return urlencode(form).encode()


@lru_cache(maxsize=8)
def _authorization(auth: tuple[str, str] | None) -> Mapping[str, str]:
    if auth is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(":".join(auth).encode()).decode()}
