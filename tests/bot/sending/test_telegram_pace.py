"""Telegram's pace, from the database to the fake Bot API, over nodes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from bot.channels.channel import Message, Refused
from bot.channels.telegram import TelegramSender
from bot.channels.telegram_request import TelegramConnection
from bot.metrics import Metrics
from bot.parting import of_chat
from bot.premises import rates_of
from bot.sending.lanes import Lane, Surroundings
from bot.sending.parcels import Parcels
from bot.sending.relay import Relay
from bot.settings import Settings
from bot.turns.routing import BROADCAST_PRIORITY
from flows.customer import Address, Channel
from storage.changes import Enqueue
from storage.sqlite.store import SqliteStore
from storage.store import Store
from tests.bench.crowds import count
from tests.bot.channels.telegram_stage import BABAK, CAROL, HandSetClock, Stage, staged
from tests.bot.sms_house import closing
from tests.cast import ALICE, NOON
from tests.fakes.telegram import TOKEN
from tests.storage.keepers import change

pytestmark = pytest.mark.anyio

LANE = "telegram"


def said(text: str, chat: int, priority: int = 2) -> Enqueue:
    """Queue an answer to a chat."""
    body = msgspec.json.encode(Message(text)).decode()
    return Enqueue(
        LANE, priority, f"telegram:{chat}", "Status", body, NOON, NOON,
        customer=ALICE.number, is_unasked=False,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Play:
    """Two nodes on one database, before the fake server."""

    store: Store
    stage: Stage
    nodes: tuple[Relay, Relay]

    async def calls_at(self, seconds: float) -> list[str]:
        """Let both nodes work at a moment; gives what the server got at it."""
        self.stage.clock.seconds = seconds
        before = len(self.stage.fake.sent)
        for node in self.nodes:
            await node.tick()
        return [sent.text for sent in self.stage.fake.sent[before:]]


@asynccontextmanager
async def played(folder: Path) -> AsyncIterator[Play]:
    """Start two nodes, each with a sender of its own."""
    store = await SqliteStore.open(folder / "bot.db")
    async with closing(store), staged() as one, staged(fake=one.fake) as two:
        nodes = (node(store, one, one.clock), node(store, two, one.clock))
        yield Play(store, one, nodes)


def node(store: Store, stage: Stage, clock: HandSetClock) -> Relay:
    """Start a node; nothing is taken ahead, since the clock is set by hand."""
    parcels = Parcels(stage.sender, lambda _: None, _never)
    lane = Lane(LANE, parcels, allowances=of_chat)
    around = Surroundings(clock, _at_once, lambda: 0.5, Metrics(), "node", horizon_s=0)
    return Relay(store, (lane,), around)


async def _at_once(moment: datetime) -> None:
    """Wait for nothing."""


async def _never(customer: str | None, to: Address, refusal: Refused) -> None:
    raise AssertionError("nobody is refused")


async def test_a_flood_wait_of_seven_seconds_holds_its_chat_on_every_node(tmp_path: Path) -> None:
    async with played(tmp_path) as play:
        await change(play.store, said("report", BABAK))
        play.stage.fake.flood(7, chat=BABAK)
        assert await play.calls_at(0) == []
        await change(play.store, said("answer", BABAK, priority=0), said("hello", CAROL))

        calls = [await play.calls_at(s) for s in (0.1, 3, 6.9, 7, 8)]

    assert calls == [["hello"], [], [], ["answer"], ["report"]]
    assert play.stage.fake.waits.early_calls == 0
    assert count(tmp_path / "bot.db", "select max(attempt) from outbox") == 1


async def test_a_chat_gets_three_at_once_and_then_one_a_second(tmp_path: Path) -> None:
    async with played(tmp_path) as play:
        await change(play.store, *(said(str(n), BABAK) for n in range(5)))

        calls = [await play.calls_at(s) for s in (0, 0.9, 1, 1.9, 2)]

    assert calls == [["0", "1", "2"], [], ["3"], [], ["4"]]


async def test_only_broadcasts_are_paid_for_and_only_if_somebody_wants_that(
    tmp_path: Path,
) -> None:
    async with played(tmp_path) as play:
        await change(play.store, said("report", BABAK), said("news", CAROL, BROADCAST_PRIORITY))
        free = await play.calls_at(0)
        sender = TelegramSender(TelegramConnection(TOKEN, play.stage.fake.url), is_paid=True)
        await change(play.store, said("answer", BABAK), said("more", CAROL, BROADCAST_PRIORITY))
        await node(play.store, replace(play.stage, sender=sender), play.stage.clock).tick()
        await sender.close()

    asked = [fields.get("allow_paid_broadcast") for _, fields in play.stage.fake.calls]
    assert free == ["report", "news"]
    assert [sent.text for sent in play.stage.fake.sent[2:]] == ["answer", "more"]
    assert asked == [None, None, None, True]


def test_a_bot_that_pays_sends_faster() -> None:
    paying = Settings(telegram_paid_per_s=500)

    assert rates_of(paying)[Channel.TELEGRAM] == 500
    assert rates_of(Settings())[Channel.TELEGRAM] == 28
