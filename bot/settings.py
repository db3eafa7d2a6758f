"""Settings from the environment or `.env`, read once and never changed; one clear line if wrong."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.setting_values import (
    SHORTEST_KEY,
    SQLITE,
    AccountSid,
    BotToken,
    Database,
    EventsSecrets,
    Key,
    Level,
    LogLevel,
    Mailbox,
    MailServer,
    Managers,
    Origin,
    PlainMailbox,
    PostgresServer,
    ServiceSid,
    SmsSender,
    SqliteFile,
    TelegramMode,
    Token,
    Web,
    WebhookSecret,
)


class UnusableSettingsError(Exception):
    """A setting is missing or wrong; the message names it and never shows a secret."""


class Settings(BaseSettings):
    """Every setting of the bot; the variable's name is the field's in capitals."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: Database = SecretStr("sqlite:///data/bot.db")
    public_url: Web | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    campaign: Path | None = None

    twilio_account_sid: AccountSid | None = None
    twilio_auth_token: Token | None = None
    twilio_auth_token_secondary: Token | None = None
    twilio_messaging_service_sid: ServiceSid | None = None
    twilio_from: SmsSender | None = None
    twilio_api_base_url: Origin = "https://api.twilio.com"
    twilio_segments_per_s: Annotated[float, Field(gt=0, le=1000)] = 10.0

    telegram_bot_token: BotToken | None = None
    telegram_mode: TelegramMode = TelegramMode.POLLING
    telegram_webhook_secret: WebhookSecret | None = None
    telegram_api_base_url: Origin = "https://api.telegram.org"
    telegram_managers: Managers = ()
    telegram_paid_per_s: Annotated[int, Field(ge=30, le=1000)] | None = None

    events_secret: EventsSecrets = ()
    events_token: Token | None = None
    carrier_url: Web | None = None
    carrier_token: Token | None = None
    carrier_tmf654_version: Literal["4.0", "4.1"] = "4.0"
    carrier_usage_url: Web | None = None
    carrier_bill_url: Web | None = None

    smtp_url: MailServer | None = None
    email_from: Mailbox | None = None
    email_returns: PlainMailbox | None = None
    log_level: Level = LogLevel.INFO
    secret_key: Key | None = None

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        for name, is_wrong, reason in self._misfits():
            if is_wrong:
                raise ValueError(f"{name}: {reason}")
        return self

    def _misfits(self) -> tuple[tuple[str, bool, str], ...]:
        """List what settings ask of one another: the name, whether it is wrong, and why."""
        sid, token = self.twilio_account_sid, self.twilio_auth_token
        sender = self.twilio_messaging_service_sid or self.twilio_from
        needs_secret = self.has_telegram and self.telegram_mode is TelegramMode.WEBHOOK
        is_real = not self.is_sandbox
        return (
            ("TWILIO_ACCOUNT_SID", bool(token and not sid), "TWILIO_AUTH_TOKEN needs it"),
            ("TWILIO_AUTH_TOKEN", bool(sid and not token), "TWILIO_ACCOUNT_SID needs it"),
            (
                "TWILIO_MESSAGING_SERVICE_SID",
                bool(sid and not sender),
                "it or TWILIO_FROM is needed to send an SMS",
            ),
            (
                "TELEGRAM_WEBHOOK_SECRET",
                needs_secret and not self.telegram_webhook_secret,
                "TELEGRAM_MODE=webhook needs it",
            ),
            ("EMAIL_FROM", bool(self.smtp_url and not self.email_from), "SMTP_URL needs it"),
            (
                "PUBLIC_URL",
                is_real and not self.public_url,
                "real channels need the address at which the world reaches this bot",
            ),
        )

    @property
    def has_sms(self) -> bool:
        """Tell whether there are credentials for SMS."""
        return self.twilio_account_sid is not None or self.twilio_auth_token is not None

    @property
    def has_telegram(self) -> bool:
        """Tell whether there are credentials for Telegram."""
        return self.telegram_bot_token is not None

    @property
    def has_email(self) -> bool:
        """Tell whether there are credentials for e-mail."""
        return self.smtp_url is not None

    @property
    def is_sandbox(self) -> bool:
        """Tell whether nothing real can be reached: no Twilio, Telegram or SMTP credentials."""
        return not (self.has_sms or self.has_telegram or self.has_email)

    @property
    def database(self) -> SqliteFile | PostgresServer:
        """Give the database to work on."""
        url = self.database_url.get_secret_value()
        if url.startswith(SQLITE):
            return SqliteFile(Path(url.removeprefix(SQLITE)))
        return PostgresServer(self.database_url)

    @property
    def reached_at(self) -> str:
        """Give the address under which pages are reached: PUBLIC_URL, or this machine's own."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - compared
        return self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def load_settings() -> Settings:
    """Read the settings from the environment, then from `.env` where one lies.

    Raises UnusableSettingsError for the first setting that is missing or wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise UnusableSettingsError(_sentence(error.errors(include_input=False)[0])) from None
    except (OSError, UnicodeError) as error:
        raise UnusableSettingsError(f".env: cannot be read ({type(error).__name__})") from None


def _sentence(error: ErrorDetails) -> str:
    """Say in one line which setting is wrong; only our own checks choose their own words."""
    name = str(error["loc"][0]).upper() if error["loc"] else ""
    reason = error["msg"].removeprefix("Value error, ").replace("Input should", "must")
    return f"{name}: {reason}" if name else reason


def secret_key(settings: Settings, path: Path) -> bytes:
    """Give SECRET_KEY, or the key kept in the file, which is made once and readable only by us.

    Raises UnusableSettingsError if the file cannot be made or holds no key.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_bytes().strip()
    except OSError as error:
        raise UnusableSettingsError(f"SECRET_KEY: {path}: {error.strerror}") from None
    if len(key) < SHORTEST_KEY:
        raise UnusableSettingsError(f"SECRET_KEY: {path} holds no key; restore it from a backup")
    return key


def _make_key(path: Path) -> None:
    """Write a new key aside and link it into place: of two that start at once, one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
