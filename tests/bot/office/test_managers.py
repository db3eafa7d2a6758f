"""The managers' chat: a walk through a broadcast, its card, and who may what."""

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from bot.channels.channel import (
    Attachment,
    FileTooLargeError,
    FileUnavailableError,
    Inbound,
    Message,
)
from bot.inviting.estimate import ComposedEstimate
from bot.inviting.invitations import Invitations
from bot.office.managers import Managers, ManagersFirst
from bot.setting_values import Role
from flows.broadcast import BroadcastState
from flows.customer import Address, Channel
from storage.outbox import Claim, OutboxState, Posting, Settle
from tests.bot.broadcast_house import VERA, BroadcastHouse, broadcast_house
from tests.cast import DAY, NOON

pytestmark = pytest.mark.anyio

ROLES = {"9001": Role.MANAGER, "9002": Role.APPROVER, "9003": Role.VIEWER}


class Chat:
    """Managers at their phones; what the bot writes is read from the outbox."""

    def __init__(self, house: BroadcastHouse) -> None:
        programme = house.programme
        invitations = Invitations(
            directory=programme.store,
            turns=programme.turns,
            campaign=programme.house.terms.current,
            clock=programme.clock,
            keys=programme.house.keys,
            estimate=ComposedEstimate(programme.house),
        )
        self.managers = Managers(house.broadcasts, invitations, ROLES)
        self.house = house
        self.said = 0

    async def says(
        self, who: str, text: str = "", document: str | None = None, command: str | None = None
    ) -> list[Message]:
        """Write, tap (`command`) or send a file; gives what the bot answers that person."""
        self.said += 1
        address, at = Address(f"telegram:{who}"), self.house.programme.clock()
        inbound = Inbound("test", f"m{self.said}", address, text, at)
        if command is not None:
            ref = f"{who}:7"
            inbound = replace(inbound, command=command, callback="c", message_ref=ref)
        await self.managers.heard(inbound, document)
        return (await self.read()).get(who, [])

    async def read(self) -> dict[str, list[Message]]:
        """Let what waits in Telegram's lane arrive."""
        store, now = self.house.programme.store, self.house.programme.clock()
        arrived: dict[str, list[Message]] = {}
        while rows := await store.claim(Claim("telegram", "node", now, now + DAY, 50)):
            for row in rows:
                await store.post([Posting(row.id, f"t{row.id}", now)])
                await store.settle([Settle(row.id, OutboxState.ACCEPTED, now, ref=f"r{row.id}")])
                message = msgspec.json.decode(row.body, type=Message)
                arrived.setdefault(Address(row.recipient).value, []).append(message)
        return arrived


@dataclass(frozen=True)
class Cabinet:
    """Files by their refs; what is missing cannot be fetched."""

    contents: dict[str, bytes]

    async def read(self, attachment: Attachment) -> bytes:
        if attachment.ref == "huge":
            raise FileTooLargeError
        if attachment.ref not in self.contents:
            raise FileUnavailableError
        return self.contents[attachment.ref]


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("utf-8", "1 rows, nobody is invited yet"),
        ("cp1252", "1 rows, nobody is invited yet"),
        ("huge", "20 MB"),
        ("gone", "send it again"),
    ],
)
async def test_a_file_that_is_attached_is_fetched_and_read(
    tmp_path: Path, ref: str, said: str
) -> None:
    rows = "customer;phone;email;language;basis;ort\n77;+4917139200077;;de;consent;Köln\n"
    contents = {coding: rows.encode(coding) for coding in ("utf-8", "cp1252")}
    async with broadcast_house(tmp_path) as house:
        chat = Chat(house)
        chat.managers = replace(chat.managers, files=Cabinet(contents))
        file = Attachment(ref, "kunden.csv")
        inbound = Inbound("test", "file", Address("telegram:9001"), "", NOON, attachment=file)

        await chat.managers.heard(inbound)

        [answer] = (await chat.read())["9001"]
        assert said in answer.text


def _button(message: Message, label: str) -> str:
    return next(c.command or "" for c in message.choices if c.label == label)


async def test_a_walk_ends_in_a_broadcast_that_two_people_wanted(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(4)
        chat = Chat(house)
        await chat.says("9001", "/broadcast")
        await chat.says("9001", "state:invited")
        await chat.says("9001", "Hallo {customer}")
        [preview] = await chat.says("9001", "Hi {customer}")
        approve = _button(preview, "Approve")

        [refused] = await chat.says("9001", command=approve)
        [approved] = await chat.says("9002", command=approve)
        [card] = await chat.says("9001", command=_button(approved, "Start"))
        await house.run_out()

        assert "4 recipients" in preview.text
        assert refused.text.startswith("⛔")
        assert refused.replaces is None
        assert card.replaces == "9001:7"
        assert len(house.sent) == 4
        state = (await house.broadcasts.show(VERA, "B1")).row.state
        assert state is BroadcastState.DONE


async def test_a_stale_button_approves_nothing(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(1)
        chat = Chat(house)
        await chat.says("9001", "/broadcast state:invited")
        await chat.says("9001", "Hallo")
        await chat.says("9001", "Hi")

        [refused] = await chat.says("9002", command="approve:B1:0123456789abcdef")

        assert "changed" in refused.text


async def test_a_file_is_rehearsed_before_anybody_is_invited(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        chat, store = Chat(house), house.programme.store
        file = "customer,phone,email,language,basis\n999,+491713920055,,de,consent\n"

        [report] = await chat.says("9001", document=file)
        before = await store.customers()
        [done] = await chat.says("9001", command=_button(report, "Invite"))

        assert (len(before), len(await store.customers())) == (0, 1)
        assert done.text.startswith("1 are invited")


@pytest.mark.parametrize("text", ["/customer 200000", "/invite", "/credits", "/pause B1"])
async def test_a_viewer_sees_no_single_customer_and_changes_nothing(
    tmp_path: Path, text: str
) -> None:
    async with broadcast_house(tmp_path) as house:
        [answer] = await Chat(house).says("9003", text)

        assert answer.text.startswith("⛔")


async def test_what_a_manager_writes_is_no_customers_message(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        chat = Chat(house)
        first = ManagersFirst(chat.managers, house.programme.conversations)
        at = house.programme.clock()

        await first.heard(Inbound("test", "m", Address("telegram:9001"), "STOP", at))

        [help_] = (await chat.read())["9001"]
        assert "/broadcast" in help_.text
        assert not chat.managers.knows(Address("telegram:5"))
        assert Channel.TELEGRAM is Address("telegram:5").channel
