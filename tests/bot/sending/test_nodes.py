"""Two nodes on one database, of which one sleeps longer than its lease: nothing leaves twice."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import Accepted, Fault, NotSent, Outcome, Refused, Unknown
from bot.sending.lanes import Lane
from bot.sending.relay import Relay
from storage.outbox import Claim, Claimed, OutboxRow, OutboxState
from storage.sqlite.store import SqliteStore
from tests.bot.relay_bench import HOUR, MINUTE
from tests.bot.sms_house import SmsHouse, closing, sms_house
from tests.fakes.twilio import Mode

pytestmark = pytest.mark.anyio

TEXT = "600 MB credited."


class SleepyStore(SqliteStore):
    """What a worker sees that falls asleep just after it has marked a row as posting."""

    awake: asyncio.Event

    async def claim(self, claim: Claim) -> Claimed:
        claimed = await super().claim(claim)
        await self.awake.wait()
        return claimed


class SleepyHandler:
    """Sends, and falls asleep before it hears the answer, which is then another one."""

    def __init__(self, house: SmsHouse, answer: Outcome) -> None:
        self.awake = asyncio.Event()
        self._handler = house.lanes[0].handler
        self._answer = answer

    async def send(self, row: OutboxRow, tag: str) -> Outcome:
        await self._handler.send(row, tag)
        await self.awake.wait()
        return self._answer

    async def look_up(self, row: OutboxRow, tag: str, posted_at: object) -> Accepted | None:
        raise AssertionError("the other node looks it up")

    async def refused(self, row: OutboxRow, refusal: Refused) -> None:
        """Nobody else has to know."""


def node(house: SmsHouse, store: SqliteStore, lane: Lane) -> Relay:
    """Start a second node."""
    return Relay(store, (lane,), replace(house.around, node="node-2"))


async def test_who_oversleeps_between_marking_and_sending_sends_nothing(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        store = await SleepyStore.open(tmp_path / "bot.db")
        store.awake = asyncio.Event()
        async with closing(store):
            row = await house.say(TEXT, may_resend=True)
            sleeping = asyncio.create_task(node(house, store, house.lanes[0]).tick())
            await until_state(house, row, OutboxState.POSTING)

            await house.pass_time(HOUR)
            store.awake.set()
            await sleeping
            await house.pass_time(HOUR)

        assert [sms.body for sms in house.twilio.sent] == [TEXT]
        assert (await house.message(row)).state is OutboxState.DELIVERED


async def test_who_dozes_off_for_a_while_lets_somebody_send_it(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        store = await SleepyStore.open(tmp_path / "bot.db")
        store.awake = asyncio.Event()
        async with closing(store):
            row = await house.say(TEXT)  # never resent while it is unknown
            sleeping = asyncio.create_task(node(house, store, house.lanes[0]).tick())
            await until_state(house, row, OutboxState.POSTING)

            await house.pass_time(2 * MINUTE)
            store.awake.set()
            await sleeping
            await house.pass_time(HOUR)

        assert [sms.body for sms in house.twilio.sent] == [TEXT]
        assert (await house.message(row)).state is OutboxState.DELIVERED


@pytest.mark.parametrize(
    "answer",
    [Unknown("Timeout"), NotSent("down"), Refused(Fault.CONTENT, "30007"), Accepted("SM-old")],
    ids=lambda answer: type(answer).__name__,
)
async def test_a_late_word_about_an_older_attempt_changes_nothing(
    answer: Outcome, tmp_path: Path
) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.plan.extend([Mode.LOST, Mode.DROP_SILENT])
        house.twilio.is_listing_sent = False
        handler = SleepyHandler(house, answer)
        row = await house.say(TEXT, may_resend=True)
        other = node(house, house.store, replace(house.lanes[0], handler=handler))
        sleeping = asyncio.create_task(other.tick())
        await until_state(house, row, OutboxState.POSTING)

        await house.pass_time(HOUR)  # not found, sent once more by the first node, not found
        before = await house.message(row)
        handler.awake.set()
        await sleeping
        await house.pass_time(24 * HOUR)

        assert [sms.body for sms in house.twilio.sent] == [TEXT]
        assert before.state is OutboxState.UNKNOWN
        assert await house.message(row) == before


async def test_two_nodes_that_look_up_the_same_row_send_it_once_more(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.plan.extend([Mode.LOST] * 2)
        row = await house.say(TEXT, may_resend=True)
        other = node(house, house.store, house.lanes[0])

        for _ in range(60):
            await asyncio.gather(house.relay.tick(), other.tick())
            house.clock.at += timedelta(seconds=30)

        assert house.twilio.requests == 2
        assert (await house.message(row)).state is OutboxState.UNKNOWN


async def until_state(house: SmsHouse, row: int, state: OutboxState) -> None:
    """Wait until a row has come there."""
    while (await house.message(row)).state is not state:  # noqa: ASYNC110 (the store has no event)
        await asyncio.sleep(0.005)
