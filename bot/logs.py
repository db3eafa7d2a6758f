"""Logs: events with fields, one turn's id through all of them, and nothing that names or opens.

Whatever is logged, by us or by a library, passes `_redact`: of a number its last three digits
stay, of a mailbox its domain, of a token nothing.
"""

import logging
import math
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.setting_values import LogLevel

# They write addresses with tokens and numbers, line by line, at INFO.
_TALKATIVE = ("httpx", "httpcore", "twilio", "telegram", "aiohttp.access", "uvicorn.access")
_HIDDEN = "[hidden]"
_SECRET_FIELDS = re.compile(r"token|secret|password|authorization|signature|cookie", re.IGNORECASE)

# In this order: what opens something first, or its digits would be taken for a number.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\d{5,}:[\w-]{20,}", re.ASCII), _HIDDEN),  # of a Telegram bot
    (re.compile(r"whsec_[\w+/=-]+", re.ASCII), _HIDDEN),
    (re.compile(r"\b(bearer|basic) +[\w.~+/=-]+", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    (re.compile(r"(?<=://)[^/@\s]+@"), f"{_HIDDEN}@"),
    (
        re.compile(r"([?&](?:start|code|token|key|sig\w*)=)[^&\s\"']+", re.IGNORECASE),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"(/start(?:@\w+)? +)\S+", re.IGNORECASE), rf"\1{_HIDDEN}"),
    (re.compile(r"(/[pu]/)[\w-]{16,}", re.ASCII), rf"\1{_HIDDEN}"),
    # 128 bits in base64url: how our personal links look.
    (
        re.compile(
            r"(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{22}(?![\w-])", re.ASCII
        ),
        _HIDDEN,
    ),
    (re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+(@[\w-]+(\.[\w-]+)+)"), r"…\1"),
)
# As people write them, and as a run of digits: phone numbers and Telegram ids.
_NUMBER = re.compile(
    r"(?<![\w.])(?:\+|%2B|0|49(?= ?1))[\d ()/-]{6,}\d|(?<!\w)\d{9,}(?!\w)", re.IGNORECASE
)


def configure(level: LogLevel, *, secrets: Iterable[str] = (), stream: TextIO = sys.stderr) -> None:
    """Write everything from `level` on to the stream: as text for a terminal, else as JSON lines.

    `secrets` are the values of the settings that must not appear, however they look.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        Redaction(secrets),
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(is_terminal=stream.isatty()),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.value, force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.value)))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            Outages(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _renderer(*, is_terminal: bool) -> Processor:
    if is_terminal:
        # A plain traceback: prettier ones show local variables, and with them numbers.
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer(ensure_ascii=False)


@contextmanager
def turn_of(name: str) -> Iterator[None]:
    """Give everything logged within the id of one turn, from the webhook to the receipt."""
    with bound_contextvars(turn=name):
        yield


def _last_three(number: re.Match[str]) -> str:
    return "…" + re.sub(r"\D", "", number[0])[-3:]


class Outages:
    """The processor that says once what an outage makes everybody say; the rest is counted.

    A database that is gone for a minute is refused to thousands of webhooks, and none of them knows
    of the others.
    """

    EVENTS = frozenset(
        {
            "sms_not_stored",
            "sms_receipt_not_stored",
            "update_not_kept",
            "settle_failed",
            "relay_failed",
            "poll_failed",
        }
    )
    QUIET_S = 60.0

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._said: dict[str, tuple[float, int]] = {}

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """Let the first of its kind pass, and after a quiet time the next, which says how many."""
        del logger, method
        name, now = str(event.get("event")), self._elapsed()
        if name not in self.EVENTS:
            return event
        at, unsaid = self._said.get(name, (-math.inf, 0))
        if now - at < self.QUIET_S:
            self._said[name] = (at, unsaid + 1)
            raise structlog.DropEvent
        self._said[name] = (now, 0)
        if unsaid:
            event["unsaid"] = unsaid
        return event


class Redaction:
    """The processor that lets nothing through that names or opens."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """Redact every field of a log event."""
        del logger, method
        return {name: self._field(name, value) for name, value in event.items()}

    def text(self, text: str) -> str:
        """Redact a text."""
        if self._known:
            text = self._known.sub(_HIDDEN, text)
        for pattern, shown in _PATTERNS:
            text = pattern.sub(shown, text)
        return _NUMBER.sub(_last_three, text)

    def _field(self, name: str, value: object) -> object:
        if name in ("timestamp", "_record", "_from_structlog", "level"):
            return value
        if _SECRET_FIELDS.search(name) and not isinstance(value, bool | None):
            return _HIDDEN
        return self._value(value)

    def _value(self, value: object) -> object:
        match value:
            case bool() | None | float():
                return value
            case int():
                shown = self.text(str(value))
                return value if shown == str(value) else shown
            case dict():
                return {str(name): self._field(str(name), part) for name, part in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._value(part) for part in value]
            case _:
                return self.text(str(value))
