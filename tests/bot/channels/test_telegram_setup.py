"""What Telegram is told once, and not again."""

from collections.abc import AsyncIterator

import pytest

from bot.channels.telegram_request import TelegramConnection
from bot.channels.telegram_setup import Menu, TelegramSetup, Unreachable
from tests.cast import MONA, NOON
from tests.fakes.telegram import FakeTelegram

URL = "https://bot.example/telegram/webhook"
MENUS = (
    Menu((("status", "Where I stand"), ("stop", "No more messages"))),
    Menu((("status", "Mein Stand"), ("stop", "Keine Nachrichten mehr")), language="de"),
    Menu((("broadcast", "Write to many"),), chat=MONA),
)


class Drawer:
    """Keeps small values."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def get(self, name: str) -> str | None:
        return self.values.get(name)

    async def put(self, name: str, value: str) -> None:
        self.values[name] = value


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    server = FakeTelegram(lambda: NOON)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def setup(fake: FakeTelegram) -> AsyncIterator[TelegramSetup]:
    connection = TelegramConnection(fake.token, fake.url)
    yield TelegramSetup(connection, Drawer())
    await connection.close()


async def test_the_webhook_is_set_only_where_it_differs(
    setup: TelegramSetup, fake: FakeTelegram
) -> None:
    done = [await setup.ensure_webhook(URL, secret) for secret in ("one", "one", "two")]

    assert done == [True, False, True]
    assert fake.queue.webhook == {
        "url": URL,
        "secret_token": "two",
        "allowed_updates": ["message", "callback_query", "my_chat_member"],
        "drop_pending_updates": False,
    }


async def test_a_webhook_that_somebody_else_changed_is_set_again(
    setup: TelegramSetup, fake: FakeTelegram
) -> None:
    await setup.ensure_webhook(URL, "one")
    fake.queue.webhook["allowed_updates"] = ["message"]

    assert await setup.ensure_webhook(URL, "one")
    assert not await setup.ensure_webhook(URL, "one")


async def test_the_secret_is_not_kept(fake: FakeTelegram) -> None:
    drawer, connection = Drawer(), TelegramConnection(fake.token, fake.url)

    await TelegramSetup(connection, drawer).ensure_webhook(URL, "s3cr3t")

    assert "s3cr3t" not in "".join(drawer.values.values())
    await connection.close()


async def test_a_webhook_in_the_way_of_polling_is_removed(
    setup: TelegramSetup, fake: FakeTelegram
) -> None:
    await setup.ensure_webhook(URL, "one")

    assert [await setup.remove_webhook(), await setup.remove_webhook()] == [True, False]
    assert fake.queue.webhook == {}


async def test_menus_are_set_only_where_they_differ(
    setup: TelegramSetup, fake: FakeTelegram
) -> None:
    changed = [await setup.ensure_menus(MENUS), await setup.ensure_menus(MENUS)]

    assert changed == [3, 0]
    assert fake.commands['[{"type":"all_private_chats"},"de"]'] == [
        {"command": "status", "description": "Mein Stand"},
        {"command": "stop", "description": "Keine Nachrichten mehr"},
    ]
    assert '[{"chat_id":9001,"type":"chat"},""]' in fake.commands


async def test_managers_see_their_own_commands_as_long_as_they_are_managers(
    setup: TelegramSetup, fake: FakeTelegram
) -> None:
    office = (Menu((("broadcast", "Write to many"),)), Menu((("broadcast", "An viele"),), "de"))
    mona = '[{"chat_id":9001,"type":"chat"},"de"]'

    assert await setup.ensure_offices([9001, 9002], office)
    asked = len(fake.calls)
    assert await setup.ensure_offices([9001, 9002], office)
    assert {method for method, _ in fake.calls[asked:]} == {"getmycommands"}
    assert fake.commands[mona] == [{"command": "broadcast", "description": "An viele"}]

    assert await setup.ensure_offices([9002], office)
    assert fake.commands[mona] is None
    assert fake.commands[mona.replace("9001", "9002")]


async def test_a_manager_who_never_wrote_to_the_bot_gets_their_menu_later(
    setup: TelegramSetup, fake: FakeTelegram
) -> None:
    office = (Menu((("broadcast", "Write to many"),)),)
    fake.unknown.add(9001)

    assert not await setup.ensure_offices([9001, 9002], office)
    fake.unknown.clear()
    assert await setup.ensure_offices([9001, 9002], office)
    assert fake.commands['[{"chat_id":9001,"type":"chat"},""]']


async def test_the_bots_name_is_asked_for_once(setup: TelegramSetup, fake: FakeTelegram) -> None:
    names = {await setup.username(), await setup.username()}

    assert names == {"statt_hotline_bot"}
    assert [method for method, _ in fake.calls] == ["getme"]


async def test_a_telegram_that_is_out_of_reach_has_a_name(
    setup: TelegramSetup, fake: FakeTelegram
) -> None:
    await fake.stop()

    with pytest.raises(Unreachable):
        await setup.username()


async def test_a_topic_is_opened_by_its_name(setup: TelegramSetup, fake: FakeTelegram) -> None:
    opened = [await setup.open_topic("-1005", name) for name in ("Q7", "x" * 200)]

    assert opened == [1, 2]
    assert fake.topics == ["Q7", "x" * 128]


async def test_where_no_topic_can_be_opened_there_is_none(
    setup: TelegramSetup, fake: FakeTelegram
) -> None:
    await fake.stop()

    assert await setup.open_topic("-1005", "Q7") is None
