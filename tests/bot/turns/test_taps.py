"""Taps: every one stops its spinner, and an old button does nothing but show where one stands."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from bot.channels.channel import Inbound, Message
from flows.customer import Address, Contact, Customer
from flows.intent import Intent
from flows.journey import Journey, Stage
from flows.standing import scene_of
from tests.bot.small_house import IDS, SmallHouse, small_house
from tests.cast import ALICE, TERMS, invited, member, on_streak

pytestmark = pytest.mark.anyio

STATES: dict[str, Journey] = {
    "invited": invited(),
    "declined": replace(invited(), stage=Stage.DECLINED),
    "expired": replace(invited(), stage=Stage.EXPIRED),
    "steps": member(),
    "streak": on_streak(),
    "silent": replace(on_streak(), is_silent=True),
    "left": replace(on_streak(), stage=Stage.LEFT),
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[SmallHouse]:
    async with small_house(tmp_path) as opened:
        yield opened


def somebody(number: int) -> Customer:
    """Make a customer with a Telegram account."""
    return replace(ALICE, number=f"2{number:05}", contacts=(Contact(chat_of(number)),))


def chat_of(number: int) -> Address:
    return Address(f"telegram:{800000 + number}")


async def tap(house: SmallHouse, chat: Address, intent: Intent | None, scene: str | None) -> str:
    """Tap a button below the fifth message of a chat; gives the tap's name."""
    name = f"T{next(IDS)}"
    tapped = Inbound(
        "telegram",
        name,
        chat,
        "",
        house.now,
        intent=intent,
        is_outdated=intent is None,
        scene=scene,
        callback=name,
        message_ref=f"{chat.value}:5",
    )
    await house.premises.conversations.heard(tapped)
    return name


def told(house: SmallHouse, chat: Address) -> list[tuple[str, Message]]:
    """Give the lines that were said in a chat, with their messages."""
    rows = house.rows("select recipient, line, body from outbox order by id")
    said = [(str(line), str(body)) for to, line, body in rows if to == chat.uri]
    return [(line, msgspec.json.decode(body, type=Message)) for line, body in said]


@pytest.mark.parametrize("state", STATES)
async def test_a_tap_stops_its_spinner_in_every_state(house: SmallHouse, state: str) -> None:
    for n, intent in enumerate(Intent):
        await house.put(somebody(n), STATES[state])

        name = await tap(house, chat_of(n), intent, scene_of(STATES[state], TERMS))

        [(_, answer), *_] = told(house, chat_of(n))
        assert (answer.callback, answer.replaces is None) == (name, intent is Intent.PERSON), intent


@pytest.mark.parametrize("state", STATES)
async def test_an_old_or_forged_button_does_nothing_but_show_the_standing(
    house: SmallHouse, state: str
) -> None:
    customer, chat = somebody(1), chat_of(1)
    await house.put(customer, STATES[state])
    before = await house.journey(customer.number)
    await tap(house, chat, Intent.STATUS, None)

    await tap(house, chat, Intent.LEAVE, "steps7")
    await tap(house, chat, None, None)

    (standing, _), *outdated = told(house, chat)
    assert [line for line, _ in outdated] == [standing] * 2
    assert all(message.toast and "outdated" in message.toast for _, message in outdated)
    after = await house.journey(customer.number)
    assert (after.stage, after.is_silent) == (before.stage, before.is_silent)


async def test_a_button_left_in_a_strangers_chat_turns_into_the_neutral_answer(
    house: SmallHouse,
) -> None:
    chat = chat_of(9)
    await house.hear("/start", chat)

    names = [await tap(house, chat, Intent.STATUS, None) for _ in range(2)]

    answers = told(house, chat)[1:]
    assert [(line, m.callback, m.replaces, m.asks_contact) for line, m in answers] == [
        ("NotInvited", name, f"{chat.value}:5", False) for name in names
    ]


async def test_a_strangers_tapped_stop_holds_and_is_answered_each_time(house: SmallHouse) -> None:
    for _ in range(2):
        await tap(house, chat_of(9), Intent.OPT_OUT, None)

    assert [line for line, _ in told(house, chat_of(9))] == ["OptedOut"] * 2
    await house.hear("/start", chat_of(9))
    assert len(told(house, chat_of(9))) == 2


async def test_a_stranger_who_taps_start_after_stop_is_open_again(house: SmallHouse) -> None:
    await house.hear("STOP", chat_of(9))

    await tap(house, chat_of(9), Intent.OPT_IN, None)

    assert house.rows("select * from suppressions") == []
    assert [line for line, _ in told(house, chat_of(9))] == ["OptedOut", "NotInvited"]
