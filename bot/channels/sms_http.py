"""Twilio's SDK over one aiohttp session of ours: real timeouts, no redirects, no silent retries.

The SDK's own asynchronous client mixes up answers under load and has no time limit at all. This
module is imported only when Twilio is first needed.
"""

import logging
from collections.abc import Mapping
from functools import lru_cache

import aiohttp
from multidict import CIMultiDict
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from bot.channels.channel import NotSent, Parcel, Unknown
from bot.channels.http_answers import whole
from bot.channels.sms_form import MessageForm
from bot.deadlines import Deadline

CONNECT_S = 3.0


class SessionHttpClient(AsyncHttpClient):  # type: ignore[misc]  # the SDK brings no types
    """Hands the SDK's requests to a session and lets the session's errors rise."""

    def __init__(self, session: aiohttp.ClientSession, deadline: Deadline) -> None:
        super().__init__(logging.getLogger("statthotline.sms"), True, None)  # noqa: FBT003 (the SDK's order)
        self._session = session
        self._deadline = deadline

    async def request(  # noqa: PLR0913, PLR0917 (the SDK's signature)
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: str | None = None,
        headers: Mapping[str, str] | None = None,
        auth: object = None,  # its session says it
        timeout: float | None = None,  # noqa: ASYNC109 (the deadline holds)
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 (never followed)
    ) -> Response:
        """Do one request; raises aiohttp's errors and TimeoutError."""
        asked = self._session.request(
            method,
            uri,
            params={name: str(value) for name, value in params.items()} if params else None,
            data=data.encode() if data is not None else None,
            headers=headers,
            allow_redirects=False,
        )
        answer, body = await self._deadline.keep(whole(asked))
        return Response(answer.status, body.decode("utf-8", "replace"), answer.headers)


class SessionClient(Client):  # type: ignore[misc]  # the SDK brings no types
    """The SDK's client; who it is, and who we are, its session says with each request."""

    def __init__(
        self, credentials: tuple[str, str], session: aiohttp.ClientSession, deadline: Deadline
    ) -> None:
        super().__init__(*credentials, http_client=SessionHttpClient(session, deadline))
        self._said = session.headers
        self._said.update(super().get_headers("GET", {}))
        self._said["Authorization"] = aiohttp.encode_basic_auth(*credentials)

    @lru_cache(maxsize=8)  # noqa: B019 (there is one client, as long as the session lives)
    def _unsaid(self, method: str, *given: tuple[str, str]) -> CIMultiDict[str]:
        headers = super().get_headers(method, dict(given))
        return CIMultiDict(
            (name, value) for name, value in headers.items() if self._said.get(name) != value
        )

    def get_headers(self, method: str, headers: Mapping[str, str] | None) -> CIMultiDict[str]:
        """Give the headers of a request that its session does not have anyway."""
        return self._unsaid(method, *(headers or {}).items())


class TwilioConnection:
    """Our way to Twilio: the SDK's client over a session in the running loop.

    It calls only `origin`.
    """

    def __init__(
        self,
        credentials: tuple[str, str],
        origin: str,
        form: MessageForm,
        *,
        in_flight: int,
        timeout_s: float,
    ) -> None:
        self._form = form
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=in_flight),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_S),
        )
        self.client = SessionClient(credentials, self._session, Deadline(timeout_s))
        self.client.api.base_url = origin
        version = self.client.api.v2010
        path = version.relative_uri(f"/Accounts/{credentials[0]}/Messages.json")
        self._messages = version.domain.absolute_url(path)

    async def create(self, parcel: Parcel) -> Response | NotSent | Unknown:
        """Create a message by the SDK's request, without an object made of all that is answered.

        That spares a third of the CPU of a send; of a message we keep its SID alone.
        """
        to, text = parcel.to.value, parcel.message.text
        form = self._form.fill_in(to, text, parcel.tag, parcel.valid_for)
        try:
            return await self.client.request_async("POST", self._messages, data=form)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return NotSent(type(error).__name__)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Unknown(type(error).__name__)

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()
