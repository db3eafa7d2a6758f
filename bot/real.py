"""The real channels: Twilio and Telegram as the settings name them, if there are credentials."""

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from starlette.routing import BaseRoute

from bot.channels.channel import Sender
from bot.channels.sms import SmsSender, TwilioAccount
from bot.channels.sms_outcomes import judge_receipt, soft_retries
from bot.channels.sms_pricing import PriceReader
from bot.channels.sms_reconciling import InboundReconciler
from bot.easel import Easel
from bot.managing import managers_of
from bot.metrics import Metrics
from bot.office.managers import ManagersFirst
from bot.parting import refuser
from bot.premises import Premises
from bot.sending.receipts import Receipts
from bot.setting_values import TelegramMode
from bot.settings import Settings
from bot.web.sms import SmsDesk
from bot.web.sms import routes as sms_routes
from bot.web.telegram import PATH as TELEGRAM_PATH
from bot.web.telegram import routes as telegram_routes
from bot.web.unsubscribe import routes as unsubscribe_routes
from bot.workers import Worker
from flows.customer import Address, Channel
from flows.intent import Intent
from flows.lines import Emergency
from messages.hearing import hear
from messages.menus import menu_of
from messages.wording import NO_LINKS
from storage.outbox import Receipt
from storage.store import Store

if TYPE_CHECKING:
    from bot.channels.telegram_request import TelegramConnection

TELEGRAM_SETUP_AGAIN_S = 30.0
POLL_LEASE = timedelta(seconds=90)
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Loop = Callable[[asyncio.Event], Coroutine[object, object, None]]


@dataclass(slots=True)
class RealChannels:
    """What the channels that are on bring: senders, routes, workers, and loops of their own."""

    senders: list[Sender] = field(default_factory=list)
    routes: list[BaseRoute] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)


def open_channels(settings: Settings, premises: Premises, metrics: Metrics) -> RealChannels:
    """Open every channel that has credentials."""
    channels = RealChannels()
    if settings.has_sms:
        _open_sms(settings, premises, metrics, channels)
    if settings.has_telegram:
        _open_telegram(settings, premises, channels)
    if settings.has_email:
        _open_email(settings, premises, channels)
    return channels


def _open_email(settings: Settings, premises: Premises, channels: RealChannels) -> None:
    from bot.channels.email import EmailSender, MailServer  # noqa: PLC0415 - only who uses it pays

    assert settings.smtp_url and settings.email_from  # noqa: S101, PT018 - checked by the settings
    server = MailServer(settings.smtp_url.get_secret_value(), settings.email_from)
    channels.senders.append(EmailSender(server, premises.clock))
    brand = premises.terms.current.operator.brand
    channels.routes.extend(unsubscribe_routes(premises.conversations.unsubscribed, brand))


# --- SMS ----------------------------------------------------------------------------------------


def _open_sms(
    settings: Settings, premises: Premises, metrics: Metrics, channels: RealChannels
) -> None:
    store, account = premises.store, account_of(settings)
    sender = SmsSender(account, store.known_refs)
    lane = premises.house.lanes.lane(Channel.SMS) or Channel.SMS.value
    receipts = Receipts(
        lane, store, store.deliveries, judge_receipt, soft_retries, refuser(premises), metrics
    )

    async def noted(receipt: Receipt, number: str) -> None:
        await receipts.note(receipt, Address(f"tel:{number}") if number.startswith("+") else None)

    desk = SmsDesk(account, premises.conversations, noted, emergency_of(premises), premises.clock)
    reconciler = InboundReconciler(
        sender, premises.conversations, premises.clock, store.get, store.put
    )
    channels.senders.append(sender)
    channels.routes.extend(sms_routes(desk))
    channels.workers.append(reconciler)
    channels.workers.append(PriceReader(sender, store.deliveries, premises.clock, lane))


def account_of(settings: Settings) -> TwilioAccount:
    """Read our account at Twilio from the settings."""
    sid, token, second = (
        settings.twilio_account_sid,
        settings.twilio_auth_token,
        settings.twilio_auth_token_secondary,
    )
    assert sid and token  # noqa: S101, PT018 - the settings are complete or refused
    return TwilioAccount(
        sid=sid,
        token=token.get_secret_value(),
        public_url=settings.reached_at,
        service=settings.twilio_messaging_service_sid,
        number=settings.twilio_from,
        secondary_token=second.get_secret_value() if second else None,
        origin=settings.twilio_api_base_url,
    )


def emergency_of(premises: Premises) -> Callable[[str], str | None]:
    """Give the words for an emergency, found without the database."""
    wordbook = premises.house.wordbook

    def words(text: str) -> str | None:
        language = wordbook.languages[0]
        hearing = hear(text, language, Channel.SMS)
        if hearing.intent is not Intent.EMERGENCY:
            return None
        return wordbook.word(Emergency(), hearing.language or language, Channel.SMS, NO_LINKS).text

    return words


# --- Telegram -----------------------------------------------------------------------------------


def _open_telegram(settings: Settings, premises: Premises, channels: RealChannels) -> None:
    # Telegram's library takes 30 MiB and 0.2 s, so only those who use it pay.
    from bot.channels.telegram import TelegramSender  # noqa: PLC0415
    from bot.channels.telegram_files import TelegramFiles  # noqa: PLC0415
    from bot.channels.telegram_poller import TelegramPoller, Updates  # noqa: PLC0415
    from bot.channels.telegram_request import TelegramConnection  # noqa: PLC0415
    from bot.channels.telegram_uploads import Gallery  # noqa: PLC0415

    token = settings.telegram_bot_token
    assert token is not None  # noqa: S101 - has_telegram
    connection = TelegramConnection(token.get_secret_value(), settings.telegram_api_base_url)
    channels.senders.append(TelegramSender(connection, Gallery(premises.store, Easel())))
    roles = {str(manager.id): manager.role for manager in settings.telegram_managers}
    listener = ManagersFirst(
        managers_of(premises, roles, TelegramFiles(connection)), premises.conversations
    )
    setup = _TelegramStart(settings, premises, connection)
    channels.loops.append(setup.run)
    if settings.telegram_mode is TelegramMode.WEBHOOK:
        secret = setup.secret
        channels.routes.extend(telegram_routes(listener, secret=secret, clock=premises.clock))
        return
    poller = TelegramPoller(
        Updates(connection),
        listener,
        lease=polling_lease(premises),
        clock=premises.clock,
        chance=random.random,
    )
    channels.loops.append(poller.run)


def polling_lease(premises: Premises) -> Callable[[], Awaitable[bool]]:
    """Make sure that one process at a time polls."""
    node = f"{socket.gethostname()}:{os.getpid()}"

    async def lease() -> bool:
        now = premises.clock()
        return await premises.store.lease("telegram.poll", node, now, now + POLL_LEASE)

    return lease


@dataclass(frozen=True, slots=True)
class _TelegramStart:
    """Tells Telegram where updates go and what the menus show, until it has worked once."""

    settings: Settings
    premises: Premises
    connection: "TelegramConnection"

    @property
    def secret(self) -> str:
        """Give the webhook's secret."""
        secret = self.settings.telegram_webhook_secret
        return secret.get_secret_value() if secret else ""

    async def run(self, stop: asyncio.Event) -> None:
        """Set things up; Telegram may be out of reach for a while."""
        from bot.channels.telegram_setup import Unreachable  # noqa: PLC0415

        while not stop.is_set():
            try:
                await self._set_up()
            except Unreachable as error:
                log.warning("telegram_not_set_up", error=type(error).__name__)
            else:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TELEGRAM_SETUP_AGAIN_S)

    async def _set_up(self) -> None:
        from bot.channels.telegram_setup import Menu, TelegramSetup  # noqa: PLC0415

        setup = TelegramSetup(self.connection, self.premises.store)
        if self.settings.telegram_mode is TelegramMode.WEBHOOK:
            await setup.ensure_webhook(self.settings.reached_at + TELEGRAM_PATH, self.secret)
        else:
            await setup.remove_webhook()
        languages = self.premises.house.wordbook.languages
        menus = [Menu(menu_of(language), language) for language in languages]
        await setup.ensure_menus([Menu(menu_of(languages[0])), *menus])


async def ask_bot_name(settings: Settings, store: Store) -> str | None:
    """Give the bot's user name for links, asked once; None if Telegram is off or out of reach."""
    if not settings.has_telegram or settings.telegram_bot_token is None:
        return None
    from bot.channels.telegram_request import TelegramConnection  # noqa: PLC0415
    from bot.channels.telegram_setup import TelegramSetup, Unreachable  # noqa: PLC0415

    token = settings.telegram_bot_token.get_secret_value()
    connection = TelegramConnection(token, settings.telegram_api_base_url)
    try:
        return await TelegramSetup(connection, store).username()
    except Unreachable as error:
        log.warning("telegram_name_unknown", error=type(error).__name__)
        return None
    finally:
        await connection.close()
