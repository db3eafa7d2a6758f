"""Probes ask the outside whether it is there and lets us in; they change nothing anywhere."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

import aiohttp
import aiosmtplib
import msgspec

from bot.setting_values import TelegramMode
from bot.settings import Settings
from bot.web.telegram import PATH as TELEGRAM_PATH

PATIENCE_S = 8.0
_DENIED = (401, 403)
_SMS_DOOR = "/sms/inbound"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and how it is mended."""

    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody answered; status 0: nobody did."""

    status: int
    body: bytes = b""


class Line:
    """Asks over HTTP; whatever goes wrong is an answer too."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def ask(self, url: str, *, method: str = "GET", **rest: object) -> Heard:
        """Ask once, following no redirect."""
        try:
            async with self._session.request(
                method,
                url,
                allow_redirects=False,
                **rest,  # type: ignore[arg-type]
            ) as answer:
                return Heard(answer.status, await answer.read())
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return Heard(0)


@asynccontextmanager
async def line() -> AsyncIterator[Line]:
    """Open a line that gives up soon."""
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Line(session)


# --- Twilio -------------------------------------------------------------------------------------


async def sms(settings: Settings, ask: Line) -> list[Fault]:
    """Try the credentials, and where the number sends what it receives."""
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token
    assert sid and token  # noqa: S101, PT018 - has_sms
    auth = {"Authorization": aiohttp.encode_basic_auth(sid, token.get_secret_value())}
    account = f"{settings.twilio_api_base_url}/2010-04-01/Accounts/{sid}"
    heard = await ask.ask(f"{account}.json", headers=auth)
    if heard.status in _DENIED:
        mend = "compare TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN with the console"
        return [Fault("Twilio refuses the credentials", mend)]
    if not heard.status:
        return [_unreachable("Twilio", "TWILIO_API_BASE_URL")]
    number = settings.twilio_from
    if number is None or not number.startswith("+"):
        return []
    found = await ask.ask(
        f"{account}/IncomingPhoneNumbers.json", headers=auth, params={"PhoneNumber": number}
    )
    return list(_of_number(found.body, f"{settings.reached_at}{_SMS_DOOR}"))


class _Number(msgspec.Struct):
    sms_url: str = ""


class _Numbers(msgspec.Struct):
    incoming_phone_numbers: list[_Number] = msgspec.field(default_factory=list)


def _of_number(body: bytes, door: str) -> Iterator[Fault]:
    with suppress(msgspec.MsgspecError):
        for number in msgspec.json.decode(body, type=_Numbers).incoming_phone_numbers:
            if number.sms_url.partition("#")[0] != door:
                yield Fault(
                    f"Twilio sends what TWILIO_FROM receives to {number.sms_url or 'nobody'}",
                    f"set the number's messaging webhook to {door}",
                )


# --- Telegram -----------------------------------------------------------------------------------


class _Webhook(msgspec.Struct):
    url: str = ""
    last_error_message: str | None = None


class _WebhookInfo(msgspec.Struct):
    result: _Webhook = msgspec.field(default_factory=_Webhook)


async def telegram(settings: Settings, ask: Line) -> list[Fault]:
    """Try the token, and see where Telegram delivers updates."""
    token = settings.telegram_bot_token
    assert token is not None  # noqa: S101 - has_telegram
    url = f"{settings.telegram_api_base_url}/bot{token.get_secret_value()}/getWebhookInfo"
    heard = await ask.ask(url)
    if not heard.status:
        return [_unreachable("Telegram", "TELEGRAM_API_BASE_URL")]
    try:
        hook = msgspec.json.decode(heard.body, type=_WebhookInfo).result
    except msgspec.MsgspecError:
        hook = None
    if heard.status != HTTPStatus.OK or hook is None:
        mend = "ask @BotFather for the token, and set TELEGRAM_BOT_TOKEN"
        return [Fault("Telegram refuses the token", mend)]
    return list(_of_webhook(hook, settings))


def _of_webhook(hook: _Webhook, settings: Settings) -> Iterator[Fault]:
    wanted = f"{settings.reached_at}{TELEGRAM_PATH}"
    is_by_webhook = settings.telegram_mode is TelegramMode.WEBHOOK
    if is_by_webhook and hook.url != wanted:
        told = "nowhere yet" if not hook.url else "elsewhere"
        yield Fault(f"Telegram delivers updates {told}", "start `serve`; it tells Telegram where")
    elif not is_by_webhook and hook.url:
        yield Fault(
            "Telegram has a webhook, so polling gets nothing",
            "start `serve`, which removes it, or set TELEGRAM_MODE=webhook",
        )
    if hook.last_error_message and hook.url == wanted:
        yield Fault(
            f"Telegram could not deliver lately: {hook.last_error_message}",
            "see that PUBLIC_URL is reached from outside by HTTPS",
        )


# --- E-mail, the operator, and ourselves from outside ---------------------------------------------


async def email(settings: Settings) -> list[Fault]:
    """Greet the mail server, and log in if it asks for that."""
    assert settings.smtp_url is not None  # noqa: S101 - has_email
    parts = urlsplit(settings.smtp_url.get_secret_value())
    server = aiosmtplib.SMTP(
        hostname=parts.hostname,
        port=parts.port or (465 if parts.scheme == "smtps" else 25),
        use_tls=parts.scheme == "smtps",
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        timeout=PATIENCE_S,
    )
    try:
        await server.connect()
    except aiosmtplib.SMTPAuthenticationError:
        fault = Fault("the mail server refuses the login", "correct user and password in SMTP_URL")
        return [fault]
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        return [_unreachable("the mail server", "SMTP_URL")]
    server.close()
    return []


async def operator(settings: Settings, ask: Line) -> list[Fault]:
    """See whether the charging system lets us in."""
    assert settings.carrier_url is not None  # noqa: S101 - asked only if it is set
    token = settings.carrier_token.get_secret_value() if settings.carrier_token else ""
    headers: Mapping[str, str] = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"{settings.carrier_url.rstrip('/')}/topupBalance"
    heard = await ask.ask(url, headers=headers, params={"limit": "1"})
    if heard.status in _DENIED:
        return [Fault("the charging system refuses us", "set CARRIER_TOKEN anew")]
    if not heard.status:
        return [_unreachable("the charging system", "CARRIER_URL")]
    if heard.status == HTTPStatus.NOT_FOUND:
        fault = Fault(
            "CARRIER_URL leads to no topupBalance",
            "give the whole base, such as https://…/prepayBalanceManagement/v4",
        )
        return [fault]
    return []


async def ourselves(settings: Settings, ask: Line) -> list[Fault]:
    """Knock at our own door from outside: unsigned, it must be refused and nothing else."""
    door, refusal = (_SMS_DOOR, 403) if settings.has_sms else ("/u/doctor", 200)
    method = "POST" if settings.has_sms else "GET"
    if not (settings.has_sms or settings.has_email):
        return []
    heard = await ask.ask(f"{settings.reached_at}{door}", method=method)
    if heard.status == refusal:
        return []
    told = f"answers {heard.status}" if heard.status else "does not answer"
    mend = "start `serve`, and lead PUBLIC_URL to it through your proxy, paths unchanged"
    return [Fault(f"PUBLIC_URL {told} where the bot should", mend)]


def _unreachable(who: str, setting: str) -> Fault:
    return Fault(f"{who} cannot be reached", f"check {setting}, and the way out of this machine")


async def all_of(settings: Settings) -> tuple[Fault, ...]:
    """Ask everybody who is set, side by side."""
    async with line() as ask:
        probes = [ourselves(settings, ask)]
        if settings.has_sms:
            probes.append(sms(settings, ask))
        if settings.has_telegram:
            probes.append(telegram(settings, ask))
        if settings.has_email:
            probes.append(email(settings))
        if settings.carrier_url is not None:
            probes.append(operator(settings, ask))
        found = await asyncio.gather(*probes)
    return tuple(fault for faults in found for fault in faults)
