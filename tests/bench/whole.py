"""`end_to_end.sms`: a signed webhook, a committed turn, the answer at the provider's socket.

The only figure that may be told as the system's. The limit parses and answers without a check, a
turn or a database; the peer is what one would write in an afternoon.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl

import aiohttp
import aiosqlite
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from bot.web.sms import NOTHING
from tests.bench.crowds import SAID, count_soon, fill_file, flat, members
from tests.bench.inbound import PATH, PUBLIC_URL, shots
from tests.bench.load import Hit, Order
from tests.bench.loopback import Seen
from tests.bench.measuring import (
    Benchmark,
    Goal,
    Ground,
    Lap,
    Runner,
    expect,
    quantile,
    stopwatch,
)
from tests.bench.processes import Provider, copied, fire, free_port, provider
from tests.bench.real_house import real_house
from tests.bench.webhook import serving
from tests.cast import NOON
from tests.fakes.twilio_payloads import SERVICE, SID, TOKEN

CONNECTIONS = 64
PEER_SHARE = 8
POSTS = 50
LONGEST_S = 60
WARM = 20  # first come the imports, the templates and the connections; nobody counts them
ASKED = "STATUS"

_ACCEPTED = "select count(*) from outbox where state = 'accepted' and ref is not null"
_MESSAGES = f"/2010-04-01/Accounts/{SID}/Messages.json"
_AUTH = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}

Serving = Callable[[str, int], AbstractAsyncContextManager[None]]


async def prepare(ground: Ground) -> None:
    await fill_file(ground.folder / "bot.db", flat(members(WARM + ground.size, NOON)))


async def ours(ground: Ground) -> Lap:
    path = copied(ground.prepared, ground.folder)
    async with provider() as far, real_house(ground.folder, far.origin, None) as port:
        lap = await _fired(far, port, ground.size)
        for query in (_ACCEPTED, "select count(*) from inbox", "select count(*) from journal"):
            expect(await count_soon(path, query, WARM + ground.size), WARM + ground.size, query)
    return lap


async def limit(ground: Ground) -> Lap:
    async with provider() as far:
        port = free_port()
        async with _bare(far.origin, port):
            return await _fired(far, port, ground.size)


async def peer(ground: Ground) -> Lap:
    copied(ground.prepared, ground.folder)
    async with provider() as far:
        port = free_port()
        async with _afternoon(ground.folder / "peer.db", far.origin, port):
            return await _fired(far, port, max(ground.size // PEER_SHARE, 1))


async def _fired(far: Provider, port: int, many: int) -> Lap:
    await fire(Order(port, CONNECTIONS, shots(range(WARM), ASKED, [0.0] * WARM)))
    await _arrived(far, WARM)
    fired = shots(range(WARM, WARM + many), ASKED, [0.0] * many)
    with stopwatch() as watch:
        hits = await fire(Order(port, CONNECTIONS, fired))
        seen = (await _arrived(far, WARM + many))[WARM:]
    took = _took(seen, hits)
    span_s = max(one.at for one in seen) - min(hit.left_at for hit in hits)
    beside = f"measured p99 {quantile(took, 0.99) * 1000:.0f} ms with {CONNECTIONS} at a time"
    return Lap(many / span_s, watch.cpu_s / many * 1e6, beside)


async def _arrived(far: Provider, many: int) -> Sequence[Seen]:
    seen: list[Seen] = []
    for _ in range(LONGEST_S * 4):
        seen = await far.seen()
        if len(seen) >= many:
            break
        await asyncio.sleep(0.25)
    expect(len(seen), many, "answers")
    return seen


def _took(seen: Sequence[Seen], hits: Sequence[Hit]) -> list[float]:
    arrived = {_to(one.body): one.at for one in seen}
    expect(len(arrived), len(hits), "recipients")
    return [arrived[n] - hit.left_at for n, hit in enumerate(hits, start=WARM)]


def _to(body: str) -> int:
    return int(parse_qs(body)["To"][0].removeprefix("+4917"))


# --- The limit ------------------------------------------------------------------------------------


@asynccontextmanager
async def _bare(origin: str, port: int) -> AsyncIterator[None]:
    """Answer at once, and post the reply with nothing around it."""
    connector = aiohttp.TCPConnector(limit=POSTS)
    posts: set[asyncio.Task[None]] = set()
    body = NOTHING.encode()
    headers = [(b"content-type", b"text/xml"), (b"content-length", b"%d" % len(body))]

    async with aiohttp.ClientSession(connector=connector) as session:

        async def post(to: str) -> None:
            form = {"To": to, "Body": SAID, "MessagingServiceSid": SERVICE}
            async with session.post(origin + _MESSAGES, data=form, headers=_AUTH) as answer:
                await answer.read()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            form = dict(parse_qsl((await receive())["body"].decode()))
            posts.add(asyncio.create_task(post(form["From"])))
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        async with serving(app, port):
            yield
        await asyncio.gather(*posts)


# --- The peer -------------------------------------------------------------------------------------

_SCHEMA = """
create table inbox (id text primary key);
create table journeys (phone text primary key, asked integer not null);
create table events (phone text not null, body text not null);
"""


@asynccontextmanager
async def _afternoon(path: Path, origin: str, port: int) -> AsyncIterator[None]:
    """Validate, write each statement by itself, and send by the stock SDK before answering."""
    client, loop, lock = Client(SID, TOKEN), asyncio.get_running_loop(), asyncio.Lock()
    client.api.base_url = origin
    messages = client.messages  # made once: its first making is not safe in threads
    pool = ThreadPoolExecutor(POSTS)

    def send(to: str) -> None:
        messages.create(to=to, body=SAID, messaging_service_sid=SERVICE)

    async with aiosqlite.connect(path) as db:
        await db.execute("pragma journal_mode = wal")
        await db.execute("pragma synchronous = full")
        await db.executescript(_SCHEMA)

        async def inbound(request: Request) -> Response:
            form = await request.form()
            signature = request.headers["X-Twilio-Signature"]
            if not RequestValidator(TOKEN).validate(PUBLIC_URL + PATH, form, signature):
                return Response(status_code=403)
            phone = str(form["From"])
            async with lock:
                await _written(db, phone, str(form["MessageSid"]), str(form["Body"]))
            await loop.run_in_executor(pool, send, phone)
            return Response(NOTHING, media_type="text/xml")

        async with serving(Starlette(routes=[Route(PATH, inbound, methods=["POST"])]), port):
            yield
    pool.shutdown()
    client.http_client.session.close()


async def _written(db: aiosqlite.Connection, phone: str, sid: str, body: str) -> None:
    await db.execute("insert into inbox values (?)", (sid,))
    await db.execute_fetchall("select asked from journeys where phone = ?", (phone,))
    await db.execute(
        "insert into journeys values (?, 1) on conflict do update set asked = asked + 1", (phone,)
    )
    await db.execute("insert into events values (?, ?)", (phone, body))
    await db.commit()


WHOLE = Benchmark(
    "end_to_end.sms",
    "answers/s",
    Goal("at least 1500 a second on two cores that load and provider share", ours=1500),
    2000,
    {Runner.OURS: ours, Runner.LIMIT: limit, Runner.PEER: peer},
    prepare=prepare,
)
