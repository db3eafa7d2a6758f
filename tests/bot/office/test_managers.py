"""The managers' chat: a walk through a broadcast, its card, and who may what."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.broadcasting.cards import EVERY, Cards
from bot.channels.channel import (
    Attachment,
    Inbound,
)
from bot.office.managers import ManagersFirst
from bot.setting_values import Role
from flows.broadcast import BroadcastState
from flows.credit import CreditState
from flows.customer import Address, Channel
from flows.events import HotlineCalled
from tests.bot.broadcast_house import (
    MONA,
    OTTO,
    TEXTS,
    VERA,
    BroadcastHouse,
    broadcast_house,
)
from tests.bot.office.chat import ROLES, Chat, button
from tests.cast import ALICE, NOON

pytestmark = pytest.mark.anyio


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
        chat.cabinet.contents.update(contents)
        file = Attachment(ref, "kunden.csv")
        inbound = Inbound("test", "file", Address("telegram:9001"), "", NOON, attachment=file)

        await chat.managers.heard(inbound)

        [answer] = (await chat.read())["9001"]
        assert said in answer.text


async def test_a_walk_ends_in_a_broadcast_that_two_people_wanted(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(4)
        chat = Chat(house)
        await chat.says("9001", "/broadcast")
        await chat.says("9001", "state:invited")
        await chat.says("9001", "Hallo {customer}")
        [preview] = await chat.says("9001", "Hi {customer}")
        approve = button(preview, "Approve")

        [refused] = await chat.says("9001", command=approve)
        [approved] = await chat.says("9002", command=approve)
        [card] = await chat.says("9001", command=button(approved, "Start"))
        await house.run_out()

        assert "4 recipients" in preview.text
        assert refused.text.startswith("⛔")
        assert refused.replaces is None
        assert card.replaces == "9001:7"
        assert len(house.sent) == 4
        state = (await house.broadcasts.show(VERA, "B1")).row.state
        assert state is BroadcastState.DONE


async def test_a_walk_may_say_when_and_how_many(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(2)
        chat = Chat(house)
        [past] = await chat.says("9001", "/broadcast state:invited at:2026-11-01T10:00")
        await chat.says("9001", "/broadcast state:invited at:2026-12-02T10:00 limit:2")
        await chat.says("9001", "Hallo")

        [preview] = await chat.says("9001", "Hi")

        row = (await house.broadcasts.show(VERA, "B1")).row
        assert "has passed" in past.text
        assert "first message: 02.12. 10:00 CET" in preview.text
        assert (row.draft.audience, row.draft.limit) == ("state:invited", 2)
        assert row.starts_at == NOON + timedelta(hours=22)


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

        [report] = await chat.says("9001", file=file)
        before = await store.customers()
        [done] = await chat.says("9001", command=button(report, "Invite"))

        assert (len(before), len(await store.customers())) == (0, 1)
        assert done.text.startswith("1 are invited")


async def test_a_long_file_shows_how_far_it_is_in_one_message(tmp_path: Path) -> None:
    lines = [f"{9000 + n},+4917139{20100 + n},,de,consent" for n in range(1000)]
    file = "\n".join(("customer,phone,email,language,basis", *lines))
    async with broadcast_house(tmp_path) as house:
        chat = Chat(house)
        chat.managers = replace(
            chat.managers, inviting=replace(chat.managers.inviting, every_s=0.0)
        )

        first, *edits, report = await chat.says("9001", file=file)
        *taking, done = await chat.says("9001", command=button(report, "Invite"))

        assert first.text.startswith("customers.csv is read, nobody is invited yet")
        assert first.replaces is None
        assert {edit.replaces for edit in edits} <= {"r1"}
        assert report.replaces is None
        assert {said.replaces for said in (*taking, done)} == {"9001:7"}
        assert any("%" in said.text for said in taking)
        assert all("send the file again" in said.text for said in taking)
        assert done.text.startswith("1000 are invited")


@pytest.mark.parametrize(
    "text", ["/customer 200000", "/invite", "/credits", "/questions", "/pause B1"]
)
async def test_a_viewer_sees_no_single_customer_and_changes_nothing(
    tmp_path: Path, text: str
) -> None:
    async with broadcast_house(tmp_path) as house:
        [answer] = await Chat(house).says("9003", text)

        assert answer.text.startswith("⛔")
        assert any(act.startswith("refused ") for act in await acts(house))


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


READS = {"/broadcast B1", "/broadcast list", "/stats"}
ACTS = {
    "/broadcast state:invited", "/pause B1", "/resume B1", "/cancel B1", "/start B1", "/retry B1",
    "/customer 200000", "/invite", "/credits", "/questions", "/pause invitations",
    "/pause campaign", "/resume campaign",
    "/resume invitations",
}  # fmt: skip
TAPS = {"test:B1", "report:B1", "accept:1", "sure:booked:x", "invite:", "credits:"}


async def acts(house: BroadcastHouse) -> list[str]:
    """Name what the managers' chain keeps."""
    async with house.programme.store.snapshot() as kept:
        return [row.act for row in await kept.acts(0, 1000)]


@pytest.mark.parametrize(("who", "may"), [("9003", READS), ("9001", READS | ACTS | TAPS)])
async def test_each_command_of_the_chat_is_for_its_roles_and_leaves_a_trace(
    tmp_path: Path, who: str, may: set[str]
) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(1)
        await house.broadcasts.draft(MONA, "state:invited", TEXTS)
        chat, allowed = Chat(house), set()

        for said in sorted(READS | ACTS | TAPS):
            before = len(await acts(house))
            is_tap = said in TAPS
            answers = await chat.says(who, command=said) if is_tap else await chat.says(who, said)
            if not any("not for the role" in answer.text for answer in answers):
                allowed.add(said)
            else:
                assert len(await acts(house)) > before

        assert allowed == may


async def test_only_an_approver_approves(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(1)
        await house.broadcasts.draft(OTTO, "state:invited", TEXTS)
        chat = Chat(house)

        for who in ("9001", "9003"):
            [refused] = await chat.says(who, command="approve:B1:")
            assert "not for the role" in refused.text


async def test_an_objection_is_decided_by_two_taps_and_only_once(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        programme, chat = house.programme, Chat(house)
        await programme.join(ALICE)
        await programme.do_steps(ALICE)
        for step in ("registration", "video", "app"):
            await programme.book(step, ALICE)
        at = programme.clock()
        call = HotlineCalled(at=at, call_id="c1", duration_s=60, reason="bill")
        await programme.report(call, ALICE)
        await programme.say("OBJECT", ALICE)
        await chat.read()

        [listed] = await chat.says("9001", "/credits")
        [asked] = await chat.says("9001", command=button(listed, "Accept 1"))
        [decided] = await chat.says("9001", command=button(asked, "Yes"))
        [late] = await chat.says("9002", command="sure:reject:1")

        assert "objects" in listed.text
        assert "cannot be taken back" in asked.text
        assert "decided: accept" in decided.text
        assert late.text.startswith("⛔")
        assert "accept objection" in await acts(house)
        [empty] = await chat.says("9001", "/credits")
        assert empty.text == "Nothing waits for a decision."


async def test_an_unknown_booking_is_settled_by_two_taps(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        programme, chat = house.programme, Chat(house)
        await programme.join(ALICE)
        await programme.do_steps(ALICE)
        await programme.move("video", CreditState.REQUESTED, ALICE)
        await programme.move("video", CreditState.UNKNOWN, ALICE)
        credit = (await programme.credit("video", ALICE)).id

        [listed] = await chat.says("9001", "/credits")
        [asked] = await chat.says("9001", command=button(listed, f"Booked {str(credit)[:8]}"))
        await chat.says("9001", command=button(asked, "Yes"))

        assert (await programme.credit("video", ALICE)).state is CreditState.CONFIRMED


async def test_stats_are_a_picture_and_words(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(3)

        [shown] = await Chat(house).says("9003", "/stats")

        assert "invited: 3" in shown.text
        assert shown.document is not None
        assert shown.document.content.startswith(b"\x89PNG")


async def test_a_customer_is_one_line_of_time(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.programme.join(ALICE)

        [shown] = await Chat(house).says("9001", "/customer 100001")

        assert "Invited" in shown.text
        assert "Invitation (sms" in shown.text
        kept = await acts(house)
        assert "customer" in kept


async def test_a_typed_command_is_answered_by_the_card_that_goes_on(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(4)
        await house.broadcasts.draft(MONA, "state:invited", TEXTS)
        await house.broadcasts.approve(OTTO, "B1")
        chat, clock = Chat(house), house.programme.clock
        cards = Cards(house.broadcasts, clock, ROLES)

        [answer] = await chat.says("9001", "/start B1")
        await house.engine.tick()
        await house.relay(2)
        await cards.tick()
        [edit] = (await chat.read())["9001"]
        await cards.tick()
        early = await chat.read()
        await house.run_out()
        clock.at += EVERY
        await cards.tick()
        told = (await chat.read())["9001"]
        clock.at += EVERY
        assert await cards.tick() is None

        assert answer.replaces is None
        assert "2 of 4" in edit.text
        assert edit.replaces is not None
        assert early == {}
        assert [("done" in message.text, message.replaces is not None) for message in told] == [
            (True, False),  # a notice, which rings
            (True, True),
        ]
        assert await chat.read() == {}


async def test_a_button_that_somebody_else_has_overtaken_goes_from_every_phone(
    tmp_path: Path,
) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(4)
        chat, clock = Chat(house), house.programme.clock
        cards = Cards(house.broadcasts, clock, ROLES)
        await chat.says("9001", "/broadcast state:invited")
        await chat.says("9001", "Hallo")
        [draft] = await chat.says("9001", "Hi")
        copy = chat.last["9002"]
        await chat.says("9002", command=button(copy, "Approve"))
        rests = [await cards.tick() for _ in range(3)]
        [approved] = (await chat.read())["9001"]
        clock.at += EVERY
        await chat.says("9001", "/start B1")
        await cards.tick()
        later = await chat.read()

        assert rests == [None, None, None]  # a clock that is moved stops at each moment given
        assert button(draft, "Approve") == button(copy, "Approve")
        assert [choice.label for choice in approved.choices] == ["Start", "Cancel"]
        assert approved.replaces is not None
        assert [choice.label for choice in later["9002"][-1].choices] == ["Pause", "Cancel"]
        assert later["9002"][-1].replaces == "9002:7"


async def test_a_report_comes_as_a_file(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(3)
        await house.started()
        await house.run_out()

        chat = Chat(house)
        await chat.read()  # that it is done

        [report] = await chat.says("9001", command="report:B1")

        assert report.document is not None
        assert report.document.content.count(b"accepted") == 3


async def test_invitations_wait_while_they_are_paused(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        chat, clock = Chat(house), house.programme.clock
        await house.programme.invite(ALICE)
        file = "customer,phone,email,language,basis\n999,+491713920055,,de,consent\n"
        [report] = await chat.says("9001", file=file)

        [paused] = await chat.says("9001", "/pause invitations")
        [refused] = await chat.says("9001", command=button(report, "Invite"))
        clock.at += timedelta(hours=1)
        held = await house.relay()
        await chat.says("9001", "/resume invitations")
        clock.at += timedelta(hours=1)

        assert "wait: 1." in paused.text
        assert "paused" in refused.text
        assert held == 0
        assert await house.relay() == 1


async def test_a_manager_who_is_removed_in_the_middle_is_nobody(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(2)
        chat = Chat(house)
        await chat.says("9001", "/broadcast")
        chat.managers = replace(chat.managers, roles={"9002": Role.APPROVER})

        first = ManagersFirst(chat.managers, house.programme.conversations)
        inbound = Inbound("test", "x", Address("telegram:9001"), "state:invited", NOON)
        await first.heard(inbound)

        assert await house.broadcasts.list(OTTO) == ()
