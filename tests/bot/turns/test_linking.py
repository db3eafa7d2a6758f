"""Linking a Telegram account: what proves a number, and how little anybody else learns."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from bot.channels.channel import Message
from bot.turns.personal_links import PAGE_LINK, TELEGRAM_LINK
from flows.customer import Address
from storage.changes import MintLink
from storage.memory import Link
from tests.bot.small_house import SmallHouse, small_house
from tests.cast import ALICE, DAY, HEDY, NOON

pytestmark = pytest.mark.anyio

PHONE = ALICE.contacts[0].address
CHAT = Address("telegram:700001")
NOBODYS = Address("tel:+491713920999")
LATER = timedelta(days=9)
CODE = "c" * 22
# What a code may be that links nobody.
USELESS: Mapping[str, Link | None] = {
    "guessed": None,
    "expired": Link(ALICE.number, TELEGRAM_LINK, NOON - DAY, None),
    "used": Link(ALICE.number, TELEGRAM_LINK, NOON + LATER, NOON - DAY),
    "of another purpose": Link(ALICE.number, PAGE_LINK, NOON + LATER, None),
    "of somebody held out": Link(HEDY.number, TELEGRAM_LINK, NOON + LATER, None),
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[SmallHouse]:
    async with small_house(tmp_path) as opened:
        await opened.invite()
        await opened.invite(HEDY, is_held_out=True)
        yield opened


async def open_link(house: SmallHouse, code: str = CODE, chat: Address = CHAT) -> None:
    """Open a link in Telegram."""
    said = structs.replace(house.said(f"/start {code}", chat), code=code)
    await house.premises.conversations.heard(said)


async def share(house: SmallHouse, phone: Address | None, chat: Address = CHAT) -> None:
    """Share a contact card; None: it is not the sender's own."""
    shared = structs.replace(house.said("", chat), proven_phone=phone)
    await house.premises.conversations.heard(shared)


def told(house: SmallHouse, chat: Address = CHAT) -> list[tuple[str, Message]]:
    """Give the lines that were said in a chat, with their messages."""
    rows = house.rows("select recipient, line, body from outbox order by id")
    said = [(str(line), str(body)) for to, line, body in rows if to == chat.uri]
    return [(line, msgspec.json.decode(body, type=Message)) for line, body in said]


# --- Codes that link nobody ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", USELESS)
async def test_a_useless_code_gets_the_one_neutral_answer(house: SmallHouse, kind: str) -> None:
    await open_link(house, "g" * 22, Address("telegram:700099"))
    link = USELESS[kind]
    if link is not None:
        await house.change(MintLink(house.premises.keys.of_link(CODE), link))
    before = house.counts()

    await open_link(house)

    assert await house.store.customer_at(CHAT) is None
    assert told(house) == told(house, Address("telegram:700099"))
    # Nothing but the answer and its traces was written, whatever the code was.
    changed = {t: n - before.get(t, 0) for t, n in house.counts().items() if n != before.get(t, 0)}
    assert changed == {"inbox": 1, "outbox": 1, "strangers": 1}


# --- Sharing the number -------------------------------------------------------------------------


async def test_a_stranger_in_telegram_may_share_their_number(house: SmallHouse) -> None:
    await house.hear("/start", CHAT)
    await house.hear("JA", NOBODYS)

    [(line, message)] = told(house)
    assert (line, message.asks_contact) == ("NotInvited", True)
    assert [choice.label for choice in message.choices] == ["📱 Meine Nummer teilen"]
    [(_, by_sms)] = told(house, NOBODYS)
    assert (by_sms.asks_contact, by_sms.choices) == (False, ())


async def test_the_invited_number_links_and_the_keyboard_goes(house: SmallHouse) -> None:
    await house.hear("/start", CHAT)

    await share(house, PHONE)

    assert await house.store.customer_at(CHAT) == ALICE.number
    _, (line, greeting), (next_line, status) = told(house)
    assert (line, greeting.takes_keyboard, greeting.choices) == ("Linked", True, ())
    assert (next_line, status.takes_keyboard) == ("StatusInvited", False)
    assert status.choices


async def test_a_link_opened_after_the_question_takes_the_keyboard_too(house: SmallHouse) -> None:
    live = Link(ALICE.number, TELEGRAM_LINK, NOON + LATER, None)
    await house.change(MintLink(house.premises.keys.of_link(CODE), live))
    await house.hear("/start", CHAT)

    await open_link(house)

    assert [message.takes_keyboard for _, message in told(house)] == [False, True, False]


@pytest.mark.parametrize("phone", [NOBODYS, HEDY.contacts[0].address])
async def test_any_other_number_is_answered_neutrally_once(
    house: SmallHouse, phone: Address
) -> None:
    await house.hear("/start", CHAT)

    await share(house, phone)
    await share(house, phone)

    assert await house.store.customer_at(CHAT) is None
    _, (line, answer) = told(house)
    assert (line, answer.takes_keyboard, answer.choices) == ("NotInvited", True, ())


async def test_somebody_elses_card_proves_nothing(house: SmallHouse) -> None:
    await house.hear("/start", CHAT)

    await share(house, None)

    assert await house.store.customer_at(CHAT) is None
    assert len(told(house)) == 1
