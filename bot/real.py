"""The real channels: Twilio and Telegram as the settings name them, if there are credentials."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

from starlette.routing import BaseRoute

from bot.channels.channel import Sender
from bot.channels.sms import SmsSender, TwilioAccount
from bot.channels.sms_outcomes import judge_receipt, soft_retries
from bot.channels.sms_pricing import PriceReader
from bot.channels.sms_reconciling import InboundReconciler
from bot.metrics import Metrics
from bot.office.question_places import OpenTopic, no_topic
from bot.parting import refuser
from bot.premises import Premises
from bot.sending.receipts import Receipts
from bot.settings import Settings
from bot.web.sms import SmsDesk
from bot.web.sms import routes as sms_routes
from bot.web.unsubscribe import routes as unsubscribe_routes
from bot.workers import Worker
from flows.customer import Address, Channel
from flows.intent import Intent
from flows.lines import Emergency
from messages.hearing import hear
from messages.wording import NO_LINKS
from storage.outbox import Receipt

Loop = Callable[[asyncio.Event], Coroutine[object, object, None]]


@dataclass(slots=True)
class RealChannels:
    """What the channels that are on bring: senders, routes, workers, and loops of their own."""

    senders: list[Sender] = field(default_factory=list)
    routes: list[BaseRoute] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    open_topic: OpenTopic = no_topic


def open_channels(settings: Settings, premises: Premises, metrics: Metrics) -> RealChannels:
    """Open every channel that has credentials."""
    channels = RealChannels()
    if settings.has_sms:
        _open_sms(settings, premises, metrics, channels)
    if settings.has_telegram:
        from bot.messenger import open_messenger  # noqa: PLC0415 - only who uses it pays

        messenger = open_messenger(settings, premises)
        channels.senders.append(messenger.sender)
        channels.routes.extend(messenger.routes)
        channels.loops.extend(messenger.loops)
        channels.open_topic = messenger.open_topic
    if settings.has_email:
        _open_email(settings, premises, channels)
    return channels


def _open_email(settings: Settings, premises: Premises, channels: RealChannels) -> None:
    from bot.channels.email import EmailSender, MailServer  # noqa: PLC0415 - only who uses it pays

    assert settings.smtp_url and settings.email_from  # noqa: S101, PT018 - checked by the settings
    returns = settings.email_returns or ""
    server = MailServer(settings.smtp_url.get_secret_value(), settings.email_from, returns)
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
