"""Telegram put together over open premises: its sender, how updates come in, what it is told.

Only who uses Telegram imports this: its library takes 30 MiB and 0.2 s.
"""

import bot.channels.telegram_sdk  # noqa: F401  # isort: skip - before all that loads the SDK

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta

import structlog
from starlette.routing import BaseRoute

from bot.channels.telegram import TelegramSender
from bot.channels.telegram_files import TelegramFiles
from bot.channels.telegram_poller import TelegramPoller, Updates
from bot.channels.telegram_request import TelegramConnection
from bot.channels.telegram_setup import Menu, TelegramSetup, Unreachable
from bot.channels.telegram_uploads import Gallery
from bot.easel import Easel
from bot.managing import managers_of
from bot.office.managers import ManagersFirst
from bot.office.question_places import OpenTopic
from bot.premises import Premises
from bot.setting_values import TelegramMode
from bot.settings import Settings
from bot.web.telegram import PATH, routes
from messages.menus import menu_of, office_menu_of
from storage.errors import StorageError
from storage.store import Store

SETUP_AGAIN_S = 30.0
SETUP_LEASE = timedelta(seconds=20)  # shorter, so that whoever comes after a death finds it free
OFFICE_AGAIN_S = 600.0
POLL_LEASE = timedelta(seconds=20)  # after a death nobody polls for so long
RENEW_S = 5.0
ASK_NAME_S = 1.0  # a start does not wait for a provider that is slow
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Loop = Callable[[asyncio.Event], Coroutine[object, object, None]]


@dataclass(frozen=True, slots=True)
class Messenger:
    """What Telegram brings: its sender, its route if updates are delivered, loops of its own."""

    sender: TelegramSender
    routes: tuple[BaseRoute, ...]
    loops: tuple[Loop, ...]
    open_topic: OpenTopic


def open_messenger(settings: Settings, premises: Premises) -> Messenger:
    """Put Telegram together."""
    connection = _connection(settings)
    sender = TelegramSender(connection, Gallery(premises.store, Easel()))
    roles = {str(manager.id): manager.role for manager in settings.telegram_managers}
    managers = managers_of(premises, roles, TelegramFiles(connection))
    listener = ManagersFirst(managers, premises.conversations)
    start = _Start(settings, premises, connection)
    topics = TelegramSetup(connection, premises.store)
    if settings.telegram_mode is TelegramMode.WEBHOOK:
        door = routes(listener, secret=start.secret, clock=premises.clock)
        return Messenger(sender, tuple(door), (start.run,), topics.open_topic)
    lease = _lease(premises, "telegram.poll", POLL_LEASE)
    updates, clock = Updates(connection), premises.clock
    poller = TelegramPoller(updates, listener, lease=lease, clock=clock, chance=random.random)
    sole = SolePoller(poller.run, lease, _lease(premises, "telegram.poll", timedelta()))
    return Messenger(sender, (), (start.run, sole.run), topics.open_topic)


async def ask_bot_name(
    settings: Settings, store: Store, within_s: float = ASK_NAME_S
) -> str | None:
    """Give the bot's user name for links, asked once; None if Telegram does not answer soon."""
    connection = _connection(settings)
    try:
        async with asyncio.timeout(within_s):
            return await TelegramSetup(connection, store).username()
    except (Unreachable, TimeoutError) as error:
        log.warning("telegram_name_unknown", error=type(error).__name__)
        return None
    finally:
        await connection.close()


def _connection(settings: Settings) -> TelegramConnection:
    token = settings.telegram_bot_token
    assert token is not None  # noqa: S101 - has_telegram
    return TelegramConnection(token.get_secret_value(), settings.telegram_api_base_url)


def _lease(premises: Premises, name: str, lasts: timedelta) -> Callable[[], Awaitable[bool]]:
    """Make sure that one process at a time does this."""
    node = f"{socket.gethostname()}:{os.getpid()}"

    async def lease() -> bool:
        now = premises.clock()
        return await premises.store.lease(name, node, now, now + lasts)

    return lease


@dataclass(frozen=True, slots=True)
class SolePoller:
    """Polls in one process at a time.

    A long poll may last longer than the lease, which is therefore renewed beside it, so that after
    a death another process soon takes over. Two at once would only be wasteful: the inbox knows
    what was handled.
    """

    poll: Loop
    renew: Callable[[], Awaitable[bool]]
    leave: Callable[[], Awaitable[bool]]
    renew_s: float = RENEW_S

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until told to stop, and leave the place to whoever comes next."""
        renewing = asyncio.create_task(self._keep_renewing())
        try:
            await self.poll(stop)
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            with contextlib.suppress(StorageError):
                await self.leave()

    async def _keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(self.renew_s)
            with contextlib.suppress(StorageError):
                await self.renew()


@dataclass(frozen=True, slots=True)
class _Start:
    """Tells Telegram where updates go and what the menus show, until it has worked once."""

    settings: Settings
    premises: Premises
    connection: TelegramConnection

    @property
    def secret(self) -> str:
        """Give the webhook's secret."""
        secret = self.settings.telegram_webhook_secret
        return secret.get_secret_value() if secret else ""

    async def run(self, stop: asyncio.Event) -> None:
        """Set things up; Telegram may be out of reach, or a manager not have written yet."""
        is_leader = _lease(self.premises, "telegram.setup", SETUP_LEASE)
        leave = _lease(self.premises, "telegram.setup", timedelta())  # for whoever starts next
        while not stop.is_set():
            again_s: float | None = SETUP_AGAIN_S
            try:
                if await is_leader():
                    again_s = None if await self._set_up() else OFFICE_AGAIN_S
                    await leave()
            except Unreachable as error:
                log.warning("telegram_not_set_up", error=type(error).__name__)
            if again_s is None:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), again_s)

    async def _set_up(self) -> bool:
        """Tell Telegram what it does not know yet; False if something has to wait."""
        setup = TelegramSetup(self.connection, self.premises.store)
        if self.settings.telegram_mode is TelegramMode.WEBHOOK:
            await setup.ensure_webhook(self.settings.reached_at + PATH, self.secret)
        else:
            await setup.remove_webhook()
        self.premises.house.telegram_bot.value = await setup.username()
        languages = self.premises.house.wordbook.languages
        menus = [Menu(menu_of(language), language) for language in languages]
        await setup.ensure_menus([Menu(menu_of(languages[0])), *menus])
        office = [Menu(office_menu_of(language), language) for language in languages]
        managers = [manager.id for manager in self.settings.telegram_managers]
        return await setup.ensure_offices(managers, [Menu(office_menu_of(languages[0])), *office])
