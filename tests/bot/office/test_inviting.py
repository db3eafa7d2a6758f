"""Files in the managers' chat: a button takes the file that it stands below, once."""

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.channels.channel import Attachment
from tests.bot.broadcast_house import broadcast_house
from tests.bot.office.chat import Cabinet, Chat, button

pytestmark = pytest.mark.anyio

HEADER = "customer,phone,email,language,basis\n"
ONE = HEADER + "999,+491713920055,,de,consent\n"
TWO = HEADER + "998,+491713920056,,de,consent\n997,+491713920057,,de,consent\n"


@dataclass(frozen=True)
class SlowCabinet(Cabinet):
    """Files that take as long as the test likes."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, attachment: Attachment) -> bytes:
        self.asked.set()
        await self.may_go.wait()
        return await super().read(attachment)


def with_files(chat: Chat, cabinet: Cabinet) -> None:
    chat.managers = replace(chat.managers, inviting=replace(chat.managers.inviting, files=cabinet))


async def test_a_button_takes_no_file_but_the_one_above_it(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        chat, store = Chat(house), house.programme.store
        [first] = await chat.says("9001", file=ONE)
        [second] = await chat.says("9001", file=TWO)

        [refused] = await chat.says("9001", command=button(first, "Invite"))
        after = await store.customers()
        [done] = await chat.says("9001", command=button(second, "Invite"))

        assert "out of date" in refused.text
        assert len(after) == 0
        assert done.text.startswith("2 are invited")


async def test_a_second_tap_while_the_file_is_fetched_takes_nothing(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        chat = Chat(house)
        [report] = await chat.says("9001", file=ONE)
        cabinet = SlowCabinet(chat.cabinet.contents)
        with_files(chat, cabinet)

        tapped = asyncio.create_task(chat.says("9001", command=button(report, "Invite")))
        await cabinet.asked.wait()
        [refused] = await chat.says("9001", command=button(report, "Invite"))
        cabinet.may_go.set()
        [done] = await tapped

        assert "out of date" in refused.text
        assert done.text.startswith("1 are invited")


async def test_a_button_waits_for_a_file_that_cannot_be_fetched_now(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        chat = Chat(house)
        [report] = await chat.says("9001", file=ONE)
        with_files(chat, Cabinet({}))

        [refused] = await chat.says("9001", command=button(report, "Invite"))
        with_files(chat, chat.cabinet)
        [done] = await chat.says("9001", command=button(report, "Invite"))

        assert "could not be fetched" in refused.text
        assert done.text.startswith("1 are invited")
