"""The fake Bot API is real enough: python-telegram-bot itself, which is strict, gets on with it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken
from telegram.request import HTTPXRequest

from bot.channels.telegram_request import AiohttpRequest, TelegramConnection
from tests.cast import NOON
from tests.fakes.telegram import FakeTelegram

BABAK = 700002


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    server = FakeTelegram(Clock())
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(params=["ours", "stock"])
async def bot(fake: FakeTelegram, request: pytest.FixtureRequest) -> AsyncIterator[Bot]:
    """A bot over our request class, and one over the stock one, which sends forms."""
    make = AiohttpRequest if request.param == "ours" else HTTPXRequest
    requests = make(), make()
    bot = Bot(
        fake.token,
        base_url=f"{fake.url}/bot",
        request=requests[0],
        get_updates_request=requests[1],
    )
    for each in requests:
        await each.initialize()
    yield bot
    for each in requests:
        await each.shutdown()


async def test_a_message_goes_out_is_edited_and_tapped(bot: Bot, fake: FakeTelegram) -> None:
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("Mein Stand", callback_data="v1:status")]])

    sent = await bot.send_message(BABAK, "<b>Hallo</b>", parse_mode="HTML", reply_markup=markup)
    fake.tap(BABAK, "Mein Stand")
    (update,) = await bot.get_updates(timeout=1)
    assert update.callback_query is not None
    await update.callback_query.answer()
    edited = await bot.edit_message_text("3 von 9", BABAK, sent.message_id)

    assert not isinstance(edited, bool)
    assert (edited.message_id, edited.text) == (sent.message_id, "3 von 9")
    assert update.callback_query.data == "v1:status"
    assert fake.answered_taps == ["tap1"]


async def test_every_kind_of_update_can_be_read(bot: Bot, fake: FakeTelegram) -> None:
    fake.say(BABAK, "/start abc", language="en")
    fake.share_contact(BABAK, "491713920012", is_forwarded=False)
    fake.block(BABAK)

    said, shared, blocked = await bot.get_updates(timeout=1)

    assert said.message is not None
    assert said.message.text == "/start abc"
    assert shared.message is not None
    assert shared.message.contact is not None
    assert blocked.my_chat_member is not None
    assert blocked.my_chat_member.new_chat_member.status == "kicked"


async def test_updates_come_again_until_they_are_confirmed(bot: Bot, fake: FakeTelegram) -> None:
    first, second = fake.say(BABAK, "one"), fake.say(BABAK, "two")

    batches = [
        await bot.get_updates(offset=n, timeout=0) for n in (None, first, second, second + 1)
    ]

    ids = [[update.update_id for update in batch] for batch in batches]
    assert ids == [[first, second], [first, second], [second], []]


async def test_a_document_is_uploaded_with_its_name(bot: Bot, fake: FakeTelegram) -> None:
    sent = await bot.send_document(BABAK, b"id;reason\n", filename="report.csv", caption="Report")

    assert sent.document is not None
    assert fake.sent[0].text == "Report"
    assert {"name": "report.csv", "content": b"id;reason\n"} in fake.calls[-1][1].values()


async def test_refusals_have_their_classes(bot: Bot, fake: FakeTelegram) -> None:
    fake.block(1)
    fake.unknown.add(2)
    fake.migrated[3] = -100333

    with pytest.raises(Forbidden):
        await bot.send_message(1, "hi")
    with pytest.raises(BadRequest, match="not found"):
        await bot.send_message(2, "hi")
    with pytest.raises(ChatMigrated):
        await bot.send_message(3, "hi")


async def test_a_tap_expires(bot: Bot, fake: FakeTelegram) -> None:
    fake.forge_tap(BABAK, "v1:status")
    assert isinstance(fake.clock, Clock)
    fake.clock.now += timedelta(seconds=151)

    with pytest.raises(BadRequest, match="too old"):
        await bot.answer_callback_query("tap1")


TEXTS = (
    ("<b>open", "can't parse entities"),
    ("a < b", "can't parse entities"),
    ("<h1>big</h1>", "can't parse entities"),
    ("  ", "text is empty"),
    ("x" * 4097, "too long"),
)


@pytest.mark.parametrize(("text", "said"), TEXTS)
async def test_a_text_that_telegram_refuses_is_refused(bot: Bot, text: str, said: str) -> None:
    with pytest.raises(BadRequest, match=f"(?i){said}"):
        await bot.send_message(BABAK, text, parse_mode="HTML")


async def test_an_edit_without_a_change_or_a_message_is_refused(bot: Bot) -> None:
    sent = await bot.send_message(BABAK, "same")

    with pytest.raises(BadRequest, match="not modified"):
        await bot.edit_message_text("same", BABAK, sent.message_id)
    with pytest.raises(BadRequest, match="not found"):
        await bot.edit_message_text("same", BABAK, 99)


async def test_polling_is_refused_while_a_webhook_is_set(bot: Bot, fake: FakeTelegram) -> None:
    await bot.set_webhook("https://bot.example/telegram/webhook")

    with pytest.raises(Conflict):
        await bot.get_updates(timeout=0)


async def test_another_token_is_refused(fake: FakeTelegram) -> None:
    connection = TelegramConnection("1:other", fake.url)

    with pytest.raises(InvalidToken):
        await connection.bot.get_me()
    await connection.close()
