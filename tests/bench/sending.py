"""`send.sms` and `send.telegram`: from the outbox to the provider's socket, by relay and SDK."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import aiohttp
import msgspec
from telegram import Bot
from telegram.request import HTTPXRequest
from twilio.rest import Client

from bot.channels.channel import Refused, Sender
from bot.channels.sms import SmsSender, TwilioAccount
from bot.channels.sms_form import callback_url
from bot.channels.telegram import TelegramSender
from bot.channels.telegram_request import TelegramConnection
from bot.metrics import Metrics
from bot.sending.lanes import Lane, Surroundings
from bot.sending.parcels import Parcels
from bot.sending.relay import Relay
from flows.customer import Address
from storage.changes import Change, PutCustomer
from storage.outbox import OutboxRow
from storage.sqlite.store import SqliteStore
from tests.bench.crowds import SAID, count, customer, fill_file, queued
from tests.bench.loopback import Seen
from tests.bench.measuring import (
    Benchmark,
    Goal,
    Ground,
    Lap,
    Runner,
    crowd,
    expect,
    stopwatch,
)
from tests.bench.processes import Provider, copied, provider
from tests.bot.relay_bench import HandClock
from tests.cast import NOON
from tests.fakes.telegram import TOKEN as BOT_TOKEN
from tests.fakes.twilio_payloads import SERVICE, SID, TOKEN

SMS_AT_ONCE = 50
TELEGRAM_AT_ONCE = 100
PEER_SHARE = 20
PUBLIC_URL = "https://bot.example"

_SDK = Client(SID, TOKEN)
_ACCEPTED = "select count(*) from outbox where state = 'accepted' and ref is not null"

Open = Callable[[str, SqliteStore], Sender]


def _sms(origin: str, store: SqliteStore) -> Sender:
    account = TwilioAccount(SID, TOKEN, PUBLIC_URL, service=SERVICE, origin=origin)
    return SmsSender(account, store.known_refs, in_flight=SMS_AT_ONCE)


def _telegram(origin: str, store: SqliteStore) -> Sender:
    return TelegramSender(TelegramConnection(BOT_TOKEN, origin))


async def prepare(scheme: str, ground: Ground) -> None:
    many = ground.size
    customers: list[Change] = [PutCustomer(customer(n, scheme), NOON) for n in range(many)]
    await fill_file(ground.folder / "bot.db", [*customers, *queued(many, scheme=scheme)])


async def _ours(open_sender: Open, at_once: int, ground: Ground) -> Lap:
    path = copied(ground.prepared, ground.folder)
    async with provider() as far, _relay(path, far, open_sender, at_once) as relay:
        with stopwatch() as watch:
            await relay.tick()
        expect(count(path, _ACCEPTED), ground.size, "accepted rows")
        _verify(await far.seen(), ground.size)
    return watch.rate(ground.size)


@asynccontextmanager
async def _relay(
    path: Path, far: Provider, open_sender: Open, at_once: int
) -> AsyncIterator[Relay]:
    store, clock = await SqliteStore.open(path), HandClock()
    sender = open_sender(far.origin, store)
    try:
        parcels = Parcels(sender, _for_ever, _never)
        lane = Lane(sender.channel.value, parcels, None, at_once, ahead=at_once)
        around = Surroundings(clock, clock.until, lambda: 0.5, Metrics(), "node", horizon_s=0)
        yield Relay(store, (lane,), around)
    finally:
        await sender.close()
        await store.close()


def _for_ever(row: OutboxRow) -> None:
    return None


async def _never(customer: str | None, to: Address, refusal: Refused) -> None:
    raise AssertionError("the provider refuses nobody")


# --- The limit: the same requests, ready beforehand, by aiohttp alone --------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """A request that only has to be sent."""

    path: str
    body: bytes
    headers: dict[str, str]


def _sms_ready(n: int) -> Ready:
    form = {
        "To": customer(n).contacts[0].address.value,
        "StatusCallback": callback_url(PUBLIC_URL, f"tag-of-22-characters{n}"),
        "MessagingServiceSid": SERVICE,
        "Body": SAID,
    }
    headers = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)} | _SDK.get_headers(
        "POST", {}
    )
    path = f"/2010-04-01/Accounts/{SID}/Messages.json"
    return Ready(path, urlencode(form).encode(), headers)


def _telegram_ready(n: int) -> Ready:
    to = customer(n, "telegram").contacts[0].address.value
    body = {
        "chat_id": to,
        "text": SAID,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    headers = {"Content-Type": "application/json"}
    return Ready(f"/bot{BOT_TOKEN}/sendmessage", msgspec.json.encode(body), headers)


async def _limit(make: Callable[[int], Ready], at_once: int, ground: Ground) -> Lap:
    ready = [make(n) for n in range(ground.size)]
    async with provider() as far, _session(at_once) as session:

        async def post(one: Ready) -> None:
            url = far.origin + one.path
            async with session.post(url, data=one.body, headers=one.headers) as answer:
                msgspec.json.decode(await answer.read())

        with stopwatch() as watch:
            await crowd(ready, at_once, post)
        _verify(await far.seen(), ground.size)
    return watch.rate(ground.size)


def _session(at_once: int) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=at_once), cookie_jar=aiohttp.DummyCookieJar()
    )


# --- The peers: each SDK as its own page shows it ------------------------------------------------


async def _sms_peer(ground: Ground) -> Lap:
    many, loop = max(ground.size // PEER_SHARE, 1), asyncio.get_running_loop()
    client = Client(SID, TOKEN)

    def create(n: int) -> None:
        client.messages.create(
            to=customer(n).contacts[0].address.value,
            body=SAID,
            messaging_service_sid=SERVICE,
            status_callback=callback_url(PUBLIC_URL, f"tag-{n}"),
        )

    async with provider() as far:
        client.api.base_url = far.origin
        with ThreadPoolExecutor(SMS_AT_ONCE) as pool, stopwatch() as watch:
            await crowd(range(many), SMS_AT_ONCE, lambda n: loop.run_in_executor(pool, create, n))
        client.http_client.session.close()
        _verify(await far.seen(), many)
    return watch.rate(many)


async def _telegram_peer(ground: Ground) -> Lap:
    """Its default request class, but for the wait for a free connection, which would give up."""
    many = max(ground.size // PEER_SHARE, 1)
    request = HTTPXRequest(TELEGRAM_AT_ONCE, pool_timeout=60, read_timeout=60)
    async with provider() as far:
        bot = Bot(BOT_TOKEN, base_url=f"{far.origin}/bot", request=request)
        try:
            with stopwatch() as watch:
                await crowd(range(many), TELEGRAM_AT_ONCE, partial(_say, bot))
        finally:
            await request.shutdown()
        _verify(await far.seen(), many)
    return watch.rate(many)


def _say(bot: Bot, n: int) -> Awaitable[object]:
    to = customer(n, "telegram").contacts[0].address.value
    return bot.send_message(to, SAID, parse_mode="HTML")


def _verify(seen: Sequence[Seen], many: int) -> None:
    """Check that everybody was written to once."""
    expect(len(seen), many, "requests")
    expect(len({_recipient(one) for one in seen}), many, "recipients")


def _recipient(one: Seen) -> str:
    if one.body.startswith("{"):
        return str(msgspec.json.decode(one.body)["chat_id"])
    form = parse_qs(one.body)
    return (form.get("To") or form["chat_id"])[0]


SMS = Benchmark(
    "send.sms",
    "messages/s",
    Goal(
        "at 50 in flight, and as many ready, at least 0.6 of bare aiohttp with the same requests,"
        " without any database, and 3 times the stock SDK in threads",
        of_limit=0.6,
        over_peer=3,
    ),
    5000,
    {
        Runner.OURS: partial(_ours, _sms, SMS_AT_ONCE),
        Runner.LIMIT: partial(_limit, _sms_ready, SMS_AT_ONCE),
        Runner.PEER: _sms_peer,
    },
    prepare=partial(prepare, "tel"),
)
TELEGRAM = Benchmark(
    "send.telegram",
    "messages/s",
    Goal(
        "at 100 in flight, and as many ready, at least 0.6 of bare aiohttp with the same requests,"
        " without any database, and 5 times python-telegram-bot's own request class",
        of_limit=0.6,
        over_peer=5,
    ),
    5000,
    {
        Runner.OURS: partial(_ours, _telegram, TELEGRAM_AT_ONCE),
        Runner.LIMIT: partial(_limit, _telegram_ready, TELEGRAM_AT_ONCE),
        Runner.PEER: _telegram_peer,
    },
    prepare=partial(prepare, "telegram"),
)
