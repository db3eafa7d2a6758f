"""A Twilio of our own: it keeps messages, signs its webhooks, and fails in every known way.

It speaks as much of the 2010-04-01 interface as a messaging bot meets, over HTTP on this machine.
"""

import asyncio
import base64
import itertools
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from random import Random
from urllib.parse import parse_qsl, urldefrag, urlencode

import aiohttp
from aiohttp import web

from tests.fakes.twilio_payloads import NUMBER, SERVICE, SID, TOKEN, Sms, error, is_listed, sign

FINAL = "delivered"
COURSE = ("queued", "sending", "sent", FINAL)

Clock = Callable[[], datetime]


class Mode(StrEnum):
    """How the next request to create a message goes."""

    GOOD = "good"
    DROP = "accepted, then the connection is dropped"
    ERROR = "accepted, then 500"
    STALL = "accepted, then silence"
    UNPARSABLE = "accepted, then a 201 that is no JSON"
    LOST = "500, and nothing is sent"
    TOO_MANY = "429"
    CALLBACK_FIRST = "the callbacks come before the 201"
    SILENT = "accepted and listed, never a callback"
    SHUFFLED = "every callback twice, in any order"
    DROP_SILENT = "accepted, then dropped, and never a callback"


ACCEPTING = set(Mode) - {Mode.LOST, Mode.TOO_MANY}
WITHOUT_CALLBACK = {Mode.SILENT, Mode.DROP_SILENT}
REFUSAL_STATUS = {20003: 401, 20404: 404, 30002: 403, 21610: 400}


class FakeTwilio:
    """The account of one operator; start it, plan what goes wrong, look at `sent`."""

    def __init__(self, clock: Clock, *, seed: int = 1, calls_back: bool = True) -> None:
        self.clock = clock
        self.calls_back = calls_back
        self.mode = Mode.GOOD
        self.plan: deque[Mode | int] = deque()  # an int refuses with that code
        self.late: deque[int] = deque()  # codes that come by callback, as behind a service
        self.messages: dict[str, Sms] = {}
        self.requests = 0
        self.listed = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.answers: list[int] = []  # how our webhooks were answered
        self.inbound_url = ""
        self.origin = ""
        self.largest_page = 1000
        self.is_listing = True
        self.is_listing_sent = True
        self.delay_s = 0.0  # between a message and its callbacks
        self._chance = Random(seed)  # noqa: S311 (for shuffling)
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._released = asyncio.Event()

    async def __aenter__(self) -> "FakeTwilio":
        app = web.Application()
        path = f"/2010-04-01/Accounts/{SID}/Messages.json"
        app.router.add_post(path, self._create)
        app.router.add_get(path, self._list)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.origin = f"http://{host}:{port}"
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._released.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def sent(self) -> list[Sms]:
        """List what was really sent to customers, the oldest first."""
        return [sms for sms in self.messages.values() if sms.direction == "outbound-api"]

    async def settled(self) -> None:
        """Wait until every callback has been made."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    # --- What a customer does -----------------------------------------------------------------

    async def text(self, from_: str, body: str, **fields: str) -> tuple[int, str]:
        """Write to the operator, and give back how the bot answered the webhook."""
        return await self.deliver(self.write(from_, body, **fields))

    def write(self, from_: str, body: str, **fields: str) -> Sms:
        """Write to the operator without the webhook being called: it is only listed."""
        form = self._inbound_form(from_, body) | fields
        now = self.clock()
        sms = Sms(form["MessageSid"], "inbound", from_, NUMBER, body, now, "received", form=form)
        self.messages[sms.sid] = sms
        return sms

    async def deliver(self, sms: Sms) -> tuple[int, str]:
        """Call the inbound webhook for a message, also again."""
        return await self.post(self.inbound_url, sms.form)

    async def post(
        self, url: str, form: Mapping[str, str], *, token: str = TOKEN
    ) -> tuple[int, str]:
        """Call one of our webhooks with a proper signature."""
        bare = urldefrag(url).url
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": sign(bare, form, token),
        }
        return await self._request(bare, urlencode(form).encode(), headers)

    async def _request(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        assert self._session is not None
        async with self._session.post(url, data=body, headers=headers) as response:
            self.answers.append(response.status)
            return response.status, await response.text()

    def _inbound_form(self, from_: str, body: str) -> dict[str, str]:
        sid = self._sid()
        return {
            "ToCountry": "DE", "ToState": "", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "",
            "FromZip": "", "SmsSid": sid, "FromState": "", "SmsStatus": "received",
            "FromCity": "", "Body": body, "FromCountry": "DE", "To": NUMBER,
            "MessagingServiceSid": SERVICE, "ToZip": "", "NumSegments": "1",
            "MessageSid": sid, "AccountSid": SID, "From": from_, "ApiVersion": "2010-04-01",
        }  # fmt: skip

    # --- The interface ------------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._created(request)
        finally:
            self.in_flight -= 1

    async def _created(self, request: web.Request) -> web.StreamResponse:
        form = dict(parse_qsl((await request.read()).decode(), keep_blank_values=True))
        if not _is_authorised(request):
            return error(401, 20003, "Authenticate")
        mode = self.plan.popleft() if self.plan else self.mode
        if isinstance(mode, int):
            return error(REFUSAL_STATUS.get(mode, 400), mode, f"Refused: {mode}")
        if mode is Mode.TOO_MANY:
            return error(429, 20429, "Too Many Requests")
        if mode is Mode.LOST:
            return error(500, 20500, "An internal server error has occurred")
        return await self._accept(request, form, mode)

    async def _accept(
        self, request: web.Request, form: Mapping[str, str], mode: Mode
    ) -> web.StreamResponse:
        sms = self._keep(form)
        answer = web.json_response(sms.shown(), status=201)
        await self._call_back(sms, mode)
        match mode:
            case Mode.DROP | Mode.DROP_SILENT:
                assert request.transport is not None
                request.transport.abort()
            case Mode.ERROR:
                return error(500, 20500, "An internal server error has occurred")
            case Mode.UNPARSABLE:
                return web.Response(text="<html>Created</html>", status=201)
            case Mode.STALL:
                await self._released.wait()
            case _:
                pass
        return answer

    async def _call_back(self, sms: Sms, mode: Mode) -> None:
        """Report a message's course: now, later or never."""
        if not self.calls_back or not sms.callback or mode in WITHOUT_CALLBACK:
            return
        report = self._report(sms, self._shuffle(_course(sms), mode))
        if mode is Mode.CALLBACK_FIRST:
            await report
        else:
            self._later(report)

    def _keep(self, form: Mapping[str, str]) -> Sms:
        is_service = "MessagingServiceSid" in form
        sms = Sms(
            sid=self._sid(),
            direction="outbound-api",
            from_=None if is_service else form["From"],
            to=form["To"],
            body=form["Body"],
            created=self.clock(),
            status="accepted" if is_service else "queued",
            callback=form.get("StatusCallback", ""),
            code=self.late.popleft() if self.late else None,
            form=form,
        )
        self.messages[sms.sid] = sms
        return sms

    async def _list(self, request: web.Request) -> web.Response:
        self.listed += 1
        if not _is_authorised(request):
            return error(401, 20003, "Authenticate")
        if not self.is_listing:
            return error(503, 20503, "Service Unavailable")
        query = request.query
        size = min(int(query.get("PageSize", "50")), self.largest_page)
        page = int(query.get("Page", "0"))
        found = [
            sms
            for sms in reversed(self.messages.values())
            if (self.is_listing_sent or sms.direction == "inbound") and is_listed(sms, query)
        ]
        shown = [sms.shown() for sms in found[page * size : (page + 1) * size]]
        more = {**query, "Page": str(page + 1)}
        has_more = len(found) > (page + 1) * size
        return web.json_response(
            {
                "messages": shown,
                "page": page,
                "page_size": size,
                "uri": str(request.rel_url),
                "next_page_uri": f"{request.path}?{urlencode(more)}" if has_more else None,
            }
        )

    # --- Callbacks ----------------------------------------------------------------------------

    async def _report(self, sms: Sms, statuses: Iterable[str]) -> None:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        for status in statuses:
            sms.status = status
            await self.report(sms, status)

    async def report(self, sms: Sms, status: str) -> None:
        """Call back with one status, thrice more while we answer with an error (`rc=3&rp=all`)."""
        form = {
            "SmsSid": sms.sid, "SmsStatus": status, "MessageStatus": status, "To": sms.to,
            "MessageSid": sms.sid, "AccountSid": SID, "From": sms.from_ or NUMBER,
            "ApiVersion": "2010-04-01",
        }  # fmt: skip
        if sms.code is not None and status in {"failed", "undelivered"}:
            form["ErrorCode"] = str(sms.code)
        for _ in range(4):
            try:
                answer, _ = await self.post(sms.callback, form)
            except aiohttp.ClientError:
                continue
            if answer < 500:
                return

    def _shuffle(self, course: tuple[str, ...], mode: Mode) -> tuple[str, ...]:
        if mode is not Mode.SHUFFLED:
            return course
        return tuple(self._chance.sample(course * 2, len(course) * 2))

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _sid(self) -> str:
        return f"SM{next(self._numbers):032x}"


def _course(sms: Sms) -> tuple[str, ...]:
    return COURSE if sms.code is None else ("queued", "failed")


def _is_authorised(request: web.Request) -> bool:
    expected = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
    return request.headers.get("Authorization") == f"Basic {expected}"
