"""What a single setting may hold; a check's words stand behind the name of the setting."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

SQLITE = "sqlite:///"
SHORTEST_KEY = 16  # characters; keyed hashes of phone numbers can be guessed with a shorter one


class Role(StrEnum):
    """What a manager may do; each role may also do what stands above it."""

    VIEWER = "viewer"
    MANAGER = "manager"
    APPROVER = "approver"


class TelegramMode(StrEnum):
    """How messages from Telegram arrive."""

    POLLING = "polling"
    WEBHOOK = "webhook"


class LogLevel(StrEnum):
    """From which gravity on something is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Manager:
    """Who may steer the bot in Telegram, known by the Telegram id."""

    id: int
    role: Role


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """The embedded database: one file."""

    path: Path


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A PostgreSQL database; its URL may hold a password."""

    url: SecretStr

    @property
    def name(self) -> str:
        """Name host and database, without user and password."""
        parts = urlsplit(self.url.get_secret_value())
        return f"{parts.hostname or 'local'}{parts.path}"


def _split(url: str, *schemes: str) -> SplitResult:
    wanted = ValueError(
        f"must begin with {' or '.join(f'{name}://' for name in schemes)} and a host"
    )
    try:
        parts = urlsplit(url)
        is_usable = bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", url)
    except ValueError:  # its words would repeat the address, and with it a password
        raise wanted from None
    if parts.scheme not in schemes or not is_usable:
        raise wanted
    return parts


def _web(url: str) -> str:
    parts = _split(url, "https", "http")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must not carry a user, a password, a question mark or a hash")
    return url.rstrip("/")


def _origin(url: str) -> str:
    if urlsplit(base := _web(url)).path:
        raise ValueError("must be an origin, such as https://api.example, without a path")
    return base


def _smtp(url: SecretStr) -> SecretStr:
    _split(url.get_secret_value(), "smtp", "smtps")
    return url


def _database(url: SecretStr) -> SecretStr:
    begins, _, rest = url.get_secret_value().partition("://")
    # A server may also be reached by a socket, so its URL need not name a host.
    if not (begins == "postgresql" or (begins == "sqlite" and len(rest) > 1 and rest[0] == "/")):
        raise ValueError("must be sqlite:///FILE or postgresql://…")
    return url


def _events_secrets(text: object) -> object:
    if not isinstance(text, str):
        return text
    if not all(_is_events_secret(secret) for secret in text.split()):
        raise ValueError("must be whsec_ and base64, several separated by spaces")
    return tuple(SecretStr(secret) for secret in text.split())


def _is_events_secret(secret: str) -> bool:
    begins, _, rest = secret.partition("_")
    try:
        return begins == "whsec" and bool(base64.b64decode(rest, validate=True))
    except ValueError:
        return False


def _managers(text: object) -> object:
    if not isinstance(text, str):
        return text
    managers = tuple(_manager(entry.strip()) for entry in text.split(",") if entry.strip())
    if len({manager.id for manager in managers}) < len(managers):
        raise ValueError("names somebody twice")
    return managers


def _manager(entry: str) -> Manager:
    number, _, role = entry.partition(":")
    if not (number.isascii() and number.isdigit()) or role not in list(Role):
        raise ValueError(f"must be id:role,… with the roles {', '.join(Role)}")
    return Manager(int(number), Role(role))


def _shape(pattern: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError("does not look like one")
        return text

    return check


def _secret_shape(pattern: str) -> Callable[[SecretStr], SecretStr]:
    check = _shape(pattern)
    return lambda secret: SecretStr(check(secret.get_secret_value()))


def _key(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value()) < SHORTEST_KEY:
        raise ValueError(f"must have at least {SHORTEST_KEY} characters")
    return key


Web = Annotated[str, AfterValidator(_web)]
Origin = Annotated[str, AfterValidator(_origin)]
Token = Annotated[SecretStr, AfterValidator(_secret_shape(r"[!-~]+"))]  # it goes into a header
AccountSid = Annotated[str, AfterValidator(_shape(r"AC[A-Za-z0-9]+"))]
ServiceSid = Annotated[str, AfterValidator(_shape(r"MG[A-Za-z0-9]+"))]
SmsSender = Annotated[
    str, AfterValidator(_shape(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|[A-Za-z0-9 ]{1,11}"))
]
BotToken = Annotated[SecretStr, AfterValidator(_secret_shape(r"[0-9]+:[A-Za-z0-9_-]+"))]
WebhookSecret = Annotated[SecretStr, AfterValidator(_secret_shape(r"[A-Za-z0-9_-]{1,256}"))]
Mailbox = Annotated[str, AfterValidator(_shape(r"[^@\r\n]*[^@\s]@[^@\s]+"))]
PlainMailbox = Annotated[str, AfterValidator(_shape(r"[A-Za-z0-9._-]{1,30}@[^@\s<>]+"))]
Database = Annotated[SecretStr, AfterValidator(_database)]
MailServer = Annotated[SecretStr, AfterValidator(_smtp)]
Key = Annotated[SecretStr, AfterValidator(_key)]
Managers = Annotated[tuple[Manager, ...], NoDecode, BeforeValidator(_managers)]
EventsSecrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_events_secrets)]
Level = Annotated[LogLevel, BeforeValidator(lambda text: str(text).upper())]
