"""What a call to Telegram came to: each answer and each failure has one meaning for the relay."""

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    TelegramError,
)

from bot.channels.channel import Accepted, Fault, NotSent, Outcome, Refused, Unknown
from bot.channels.telegram_request import FloodWait, NothingLeft, Unwritable

# What a call may raise for what a provider or network does. KeyError: status 200 with `ok: false`,
# where python-telegram-bot looks for a result that is not there.
CallError = (TelegramError, KeyError)

NOT_EDITABLE = "not_editable"
UNPARSABLE_TEXT = "unparsable_text"
WRONG_FILE = "wrong_file"
WRONG_EFFECT = "wrong_effect"

# Telegram has no codes for these, and its wording has changed before: fragments, in lower case.
_FORBIDDEN = (
    ("user is deactivated", Fault.ADDRESS, "deactivated"),
    ("blocked by the user", Fault.BLOCKED, "blocked"),
    ("bot was kicked", Fault.BLOCKED, "kicked"),
    ("can't initiate conversation", Fault.BLOCKED, "never_started"),
    ("can't send messages to bots", Fault.ADDRESS, "is_a_bot"),
)
_BAD_REQUEST = (
    ("chat not found", Fault.ADDRESS, "chat_not_found"),
    ("user not found", Fault.ADDRESS, "user_not_found"),
    ("peer_id_invalid", Fault.ADDRESS, "chat_not_found"),
    ("group chat was deactivated", Fault.ADDRESS, "chat_deactivated"),
    ("user_is_blocked", Fault.BLOCKED, "blocked"),
    ("not enough rights", Fault.BLOCKED, "no_rights"),
    ("have no rights", Fault.BLOCKED, "no_rights"),
    ("message to edit not found", Fault.OURS, NOT_EDITABLE),
    ("can't be edited", Fault.OURS, NOT_EDITABLE),
    ("there is no text in the message to edit", Fault.OURS, NOT_EDITABLE),  # a picture's caption
    ("message_id_invalid", Fault.OURS, NOT_EDITABLE),
    ("query is too old", Fault.OURS, "tap_too_old"),
    ("query id is invalid", Fault.OURS, "tap_too_old"),
    ("can't parse entities", Fault.OURS, UNPARSABLE_TEXT),
    ("message is too long", Fault.CONTENT, "too_long"),
    ("caption is too long", Fault.CONTENT, "too_long"),
    ("wrong file identifier", Fault.OURS, WRONG_FILE),
    ("wrong file_id", Fault.OURS, WRONG_FILE),
    ("wrong remote file identifier", Fault.OURS, WRONG_FILE),
    ("effect", Fault.OURS, WRONG_EFFECT),
    ("text is empty", Fault.CONTENT, "empty"),
    ("button_", Fault.OURS, "button"),
    ("inline keyboard", Fault.OURS, "button"),
)
# What needs no look into the exception. BadRequest and TimedOut are NetworkErrors: order matters.
_BY_KIND: tuple[tuple[type[Exception], Callable[[str], Outcome]], ...] = (
    (InvalidToken, partial(Refused, Fault.ACCOUNT, "token")),
    (EndPointNotFound, partial(Refused, Fault.ACCOUNT, "token")),
    (Conflict, partial(Refused, Fault.ACCOUNT, "conflict")),
    (Unwritable, partial(Refused, Fault.OURS, "unwritable")),
    (NothingLeft, NotSent),
    (TelegramError, Unknown),  # time-outs, 5xx, answers nobody can read
)
_NOT_MODIFIED = "message is not modified"

_LONGEST_WHY = 120  # an unreadable answer is quoted in full

_UNTOLD_WAIT = timedelta(seconds=1)

_SEVERAL_CHATS = 3
_AT_ONCE_S = 5.0


def classify(error: Exception, *, edited: str = "") -> Outcome:
    """Tell what an exception of a call means; facts/telegram.md, section 3, row by row.

    `edited` is the ref that an edit would have kept: "not modified" is a success. What is no
    fault of the provider or the network is raised again.
    """
    match error:
        case FloodWait():
            return NotSent("flood_wait", error.after or _UNTOLD_WAIT, "recipient")
        case ChatMigrated():
            return Refused(Fault.MOVED, "migrated", str(error.new_chat_id))
        case Forbidden():
            return _refused(error, _FORBIDDEN, (Fault.BLOCKED, "forbidden"))
        case BadRequest():
            return _bad_request(error, edited)
        case KeyError():
            return Unknown("ok was false")
        case _:
            return _by_kind(error)


def _by_kind(error: Exception) -> Outcome:
    for kind, outcome in _BY_KIND:
        if isinstance(error, kind):
            return outcome(str(error)[:_LONGEST_WHY])
    raise error


def _bad_request(error: BadRequest, edited: str) -> Outcome:
    if _NOT_MODIFIED in error.message.lower():
        return Accepted(edited)
    return _refused(error, _BAD_REQUEST, (Fault.CONTENT, "bad_request"))


def _refused(
    error: TelegramError,
    table: tuple[tuple[str, Fault, str], ...],
    otherwise: tuple[Fault, str],
) -> Refused:
    said = error.message.lower()
    found = ((fault, code) for fragment, fault, code in table if fragment in said)
    return Refused(*next(found, otherwise), error.message[:_LONGEST_WHY])


class Floods:
    """Who has to wait because Telegram said so: one chat, or all if several are told at once.

    The relay remembers it in the database; this spares the calls of those already under way.
    `monotonic` gives seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until: dict[str, float] = {}
        self._all_until = 0.0
        self._told: deque[tuple[float, str]] = deque(maxlen=64)

    def wait(self, chat: str) -> NotSent | None:
        """Say how long a chat still has to wait, None if it need not."""
        now = self._monotonic()
        if self._all_until > now:
            return NotSent("flood_wait", timedelta(seconds=self._all_until - now), "lane")
        until = self._until.get(chat, 0.0)
        if until > now:
            return NotSent("flood_wait", timedelta(seconds=until - now), "recipient")
        self._until.pop(chat, None)
        return None

    def note(self, chat: str, told: NotSent) -> NotSent:
        """Remember a flood wait; the lane is held as soon as several chats got one."""
        if told.retry_after is None:
            return told
        now = self._monotonic()
        until = now + told.retry_after.total_seconds()
        self._until = {c: u for c, u in self._until.items() if u > now} | {chat: until}
        self._told.append((now, chat))
        if len({c for at, c in self._told if now - at <= _AT_ONCE_S}) < _SEVERAL_CHATS:
            return told
        self._all_until = max(self._all_until, until)
        return NotSent(told.why, told.retry_after, "lane")
