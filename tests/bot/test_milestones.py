"""A milestone from the calendar to the chat: its picture is uploaded once and serves everybody."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import Accepted
from bot.channels.telegram import TelegramSender
from bot.channels.telegram_request import TelegramConnection
from bot.channels.telegram_uploads import Gallery
from bot.easel import Easel
from bot.sending.parcels import Parcels
from flows.customer import Address, Contact
from flows.events import Woke
from storage.outbox import Claim, OutboxRow
from tests.bot.small_house import SmallHouse, small_house
from tests.cast import ALICE, BABAK, DAY, on_streak
from tests.fakes.telegram import FakeTelegram

pytestmark = pytest.mark.anyio

THREE_MONTHS = timedelta(days=91)


async def reach_month_three(house: SmallHouse) -> list[OutboxRow]:
    """Let two people who chat in Telegram reach it together; gives what is to leave."""
    people = [replace(c, language="de", contacts=(_chat(c.number),)) for c in (ALICE, BABAK)]
    for customer in people:
        await house.put(customer, replace(on_streak(), language="de"))
    house.clock.at += THREE_MONTHS
    for customer in people:
        woke = Woke(at=house.now, slot="month")
        await house.premises.turns.decided(customer.number, woke, "clock")
    at = house.now + DAY  # whatever the night held back
    claimed = await house.store.claim(Claim("telegram", "node", at, at + DAY, 9))
    return [row for row in claimed.rows if row.line == "MonthDone"]


def _chat(number: str) -> Contact:
    return Contact(Address(f"telegram:{number}"))


async def test_everybody_at_a_milestone_gets_one_picture_with_the_words(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        fake = FakeTelegram(house.clock)
        connection = TelegramConnection(fake.token, await fake.start())
        sender = TelegramSender(connection, Gallery(house.store, Easel()))

        async def closed(*_: object) -> None:
            raise AssertionError

        parcels = Parcels(sender, lambda _: None, closed)
        rows = await reach_month_three(house)

        outcomes = [await parcels.send(row, f"t{row.id}") for row in rows]

        assert [isinstance(outcome, Accepted) for outcome in outcomes] == [True, True]
        first, second = fake.sent
        assert "3 von 9 Monaten" in first.text
        assert first.file == second.file
        [picture] = fake.files.uploads
        assert picture.startswith(b"\x89PNG")
        await sender.close()
        await fake.stop()
