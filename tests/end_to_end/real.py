"""A bot with real channels, a process of its own; Twilio and Telegram stand on loopback."""

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypedDict

from standardwebhooks import Webhook

from bot.app import now
from tests.cast import ALICE, BABAKS_TELEGRAM, NOON
from tests.end_to_end.process import Answer, ask, environment, free_port, running
from tests.fakes import twilio_payloads
from tests.fakes.telegram import TOKEN as BOT_TOKEN
from tests.fakes.telegram import FakeTelegram
from tests.fakes.twilio import FakeTwilio

ROOT = Path(__file__).parents[2]
PHONE = ALICE.contacts[0].address.value
CHAT = int(BABAKS_TELEGRAM.value)
EVENTS_SECRET = "whsec_" + base64.b64encode(b"what both of us know, and only we").decode()
WAITS_S = 40
AHEAD = NOON - now()


def later() -> datetime:
    """Tell the time in the bots under test: a working day, about noon."""
    return now() + AHEAD


class Proof(TypedDict):
    """The consent as `customer` shows it."""

    at: str
    version: str
    text_hash: str
    message_id: str


class Shown(TypedDict):
    """What commands tell that this test reads."""

    rejected: list[object]
    invited: int
    state: str
    step: str
    addresses: list[object]
    consent: Proof


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(WAITS_S):
        while not holds():  # noqa: ASYNC110 - another process makes it hold
            await asyncio.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot that serves, and the two providers that it knows."""

    url: str
    env: dict[str, str]
    folder: Path
    twilio: FakeTwilio
    telegram: FakeTelegram

    async def run(self, *words: str) -> Shown:
        """Run a command beside the server; gives its JSON."""
        process = await asyncio.create_subprocess_exec(
            *command(*words, "--json"), cwd=self.folder, env=self.env, stdout=subprocess.PIPE
        )
        told, _ = await process.communicate()
        assert process.returncode == 0
        found: Shown = json.loads(told)
        return found

    async def ask(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        return await asyncio.to_thread(ask, self.url + path, body, headers)

    async def happen(self, kind: str) -> Answer:
        """Report an event as the operator does."""
        event = {
            "specversion": "1.0",
            "id": f"E-{kind}",
            "source": "crm",
            "type": f"statthotline.{kind}.v1",
            "subject": ALICE.number,
            "time": later().isoformat(),
        }
        body = json.dumps(event)
        headers = {"content-type": "application/cloudevents+json"} | signed(body)
        return await self.ask("/events", body.encode(), headers)

    def jump(self, by: timedelta) -> None:
        """Set the bot's clock wrong by so much; its providers keep the right time."""
        new = self.folder / "jump.new"
        new.write_text(str(by.total_seconds()))
        new.rename(self.folder / "jump")

    def told(self, event: str) -> int:
        """Count how often the bot has logged something."""
        return (self.folder / "told.txt").read_text().count(f'"event": "{event}"')

    def texts(self) -> list[str]:
        """List what Alice was sent by SMS."""
        return [sms.body for sms in self.twilio.sent if sms.to == PHONE]

    def chat(self) -> list[str]:
        """List what she was sent in Telegram, as it was sent."""
        sent = ("sendmessage", "editmessagetext")
        return [str(asked["text"]) for method, asked in self.telegram.calls if method in sent]


def command(*words: str) -> list[str]:
    ahead = str(AHEAD.total_seconds())
    return [sys.executable, "-m", "tests.end_to_end.ahead", ahead, *words]


def signed(body: str) -> dict[str, str]:
    """Sign as Standard Webhooks has it."""
    at = later()
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(EVENTS_SECRET).sign("msg_1", at, body),
    }


@contextmanager
def working(env: dict[str, str], folder: Path) -> Iterator[None]:
    """Run a node that only works, beside one that hears."""
    node = subprocess.Popen(  # noqa: S603 - our own command
        command("serve", "--role", "worker"), cwd=folder, env=env, stdout=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        node.terminate()
        assert node.wait(WAITS_S) == 0


@asynccontextmanager
async def serving(folder: Path, *, is_apart: bool = False, **settings: str) -> AsyncIterator[Bot]:
    """Start both providers and a bot between them, or one node that hears and one that works."""
    telegram = FakeTelegram(later)
    async with AsyncExitStack() as stack, FakeTwilio(later) as twilio:
        await telegram.start()
        stack.push_async_callback(telegram.stop)
        port = str(free_port())
        env = environment(
            folder,
            PYTHONPATH=str(ROOT),
            PORT=port,
            PUBLIC_URL=f"http://127.0.0.1:{port}",
            TWILIO_ACCOUNT_SID=twilio_payloads.SID,
            TWILIO_AUTH_TOKEN=twilio_payloads.TOKEN,
            TWILIO_MESSAGING_SERVICE_SID=twilio_payloads.SERVICE,
            TWILIO_API_BASE_URL=twilio.origin,
            TELEGRAM_BOT_TOKEN=BOT_TOKEN,
            TELEGRAM_API_BASE_URL=telegram.url,
            EVENTS_SECRET=EVENTS_SECRET,
            **settings,
        )
        words = ("serve", "--role", "web") if is_apart else ("serve",)
        server = running(command(*words), env, folder)
        url = await asyncio.to_thread(server.__enter__)
        if is_apart:
            stack.enter_context(working(env, folder))
        try:
            twilio.inbound_url = f"{url}/sms/inbound"
            yield Bot(url, env, folder, twilio, telegram)
        finally:
            await asyncio.to_thread(server.__exit__, *sys.exc_info())
