"""What Telegram is told once: where updates go, and which commands its menus show."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Protocol

import msgspec
import structlog
from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)
from telegram.error import BadRequest, TelegramError

from bot.channels.telegram_request import TelegramConnection
from bot.channels.telegram_updates import ALLOWED_UPDATES

Unreachable = TelegramError  # what these calls raise, for those who do not know the SDK

LONGEST_TOPIC = 128  # letters of its name
_KEPT_WEBHOOK = "telegram.webhook"
_KEPT_OFFICES = "telegram.offices"
_KEPT_USERNAME = "telegram.username."  # and the bot's id

_log = structlog.get_logger(__name__)


class _Topic(msgspec.Struct):
    message_thread_id: int


class Kept(Protocol):
    """Small values kept between starts; the store is one."""

    async def get(self, name: str) -> str | None:
        """Read one kept value."""

    async def put(self, name: str, value: str) -> None:
        """Keep one value."""


@dataclass(frozen=True, slots=True)
class Menu:
    """The commands one audience sees, in its language (two letters; empty: everybody else).

    Without a `chat` it is for all private chats. A menu is decoration, never authorisation.
    """

    commands: tuple[tuple[str, str], ...]
    language: str = ""
    chat: int | None = None


class TelegramSetup:
    """Says to Telegram only what it does not know yet; one node calls it (setWebhook: 1/s).

    Raises Unreachable where Telegram cannot be reached or refuses.
    """

    def __init__(self, connection: TelegramConnection, kept: Kept) -> None:
        self._bot = connection.bot
        self._bot_id = connection.bot_id
        self._kept = kept

    async def ensure_webhook(self, url: str, secret: str) -> bool:
        """Have updates delivered to `url`; True if that was not so before.

        Telegram does not tell the secret it holds, so we keep a fingerprint of what we said.
        """
        fingerprint = _fingerprint(url, secret)
        known = await self._bot.get_webhook_info()
        is_as_wanted = known.url == url and set(known.allowed_updates or ()) == set(ALLOWED_UPDATES)
        if is_as_wanted and await self._kept.get(_KEPT_WEBHOOK) == fingerprint:
            return False
        await self._bot.set_webhook(
            url, secret_token=secret, allowed_updates=ALLOWED_UPDATES, drop_pending_updates=False
        )
        await self._kept.put(_KEPT_WEBHOOK, fingerprint)
        return True

    async def remove_webhook(self) -> bool:
        """Let updates be polled; True if a webhook was in the way. What waits is kept."""
        if not (await self._bot.get_webhook_info()).url:
            return False
        await self._bot.delete_webhook(drop_pending_updates=False)
        return True

    async def ensure_menus(self, menus: Sequence[Menu]) -> int:
        """Set the menus that differ; gives how many did."""
        return sum([await self._ensure_menu(menu) for menu in menus])

    async def ensure_offices(self, managers: Sequence[int], menus: Sequence[Menu]) -> bool:
        """Show managers their own commands, and take them from whoever is none any more.

        False if somebody has not written to the bot yet: Telegram knows no such chat so far.
        """
        kept = await self._kept.get(_KEPT_OFFICES)
        before: list[int] = msgspec.json.decode(kept, type=list[int]) if kept else []
        for chat in set(before) - set(managers):
            await self._close_office(chat, menus)
        opened = [chat for chat in managers if await self._open_office(chat, menus)]
        if opened != before:
            await self._kept.put(_KEPT_OFFICES, msgspec.json.encode(opened).decode())
        return len(opened) == len(managers)

    async def _open_office(self, chat: int, menus: Sequence[Menu]) -> bool:
        try:
            await self.ensure_menus([replace(menu, chat=chat) for menu in menus])
        except BadRequest as error:
            _log.info("office_not_open_yet", why=error.message)
            return False
        return True

    async def _close_office(self, chat: int, menus: Sequence[Menu]) -> None:
        with contextlib.suppress(BadRequest):
            for menu in menus:
                await self._bot.delete_my_commands(BotCommandScopeChat(chat), menu.language or None)

    async def open_topic(self, chat: str, name: str) -> int | None:
        """Open a topic in a group that has topics; None if Telegram does not let us."""
        asked = {"chat_id": chat, "name": name[:LONGEST_TOPIC]}
        try:
            topic = await self._bot.do_api_request("createforumtopic", api_kwargs=asked)
            return msgspec.convert(topic, _Topic).message_thread_id
        except (TelegramError, msgspec.ValidationError) as error:
            _log.warning("topic_not_opened", error=type(error).__name__)
            return None

    async def username(self) -> str:
        """Give the bot's name for links `https://t.me/NAME?start=CODE`; asked once, then kept."""
        place = _KEPT_USERNAME + self._bot_id
        known = await self._kept.get(place)
        if known:
            return known
        name = (await self._bot.get_me()).username or ""
        await self._kept.put(place, name)
        return name

    async def _ensure_menu(self, menu: Menu) -> bool:
        scope, language = _scope(menu), menu.language or None
        wanted = tuple(BotCommand(command, words) for command, words in menu.commands)
        if await self._bot.get_my_commands(scope, language) == wanted:
            return False
        await self._bot.set_my_commands(wanted, scope, language)
        return True


def _scope(menu: Menu) -> BotCommandScope:
    if menu.chat is None:
        return BotCommandScopeAllPrivateChats()
    return BotCommandScopeChat(menu.chat)


def _fingerprint(url: str, secret: str) -> str:
    return blake2b(f"{url}\0{secret}".encode(), digest_size=16).hexdigest()
