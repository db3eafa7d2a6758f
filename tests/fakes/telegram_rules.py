"""What the fake Bot API refuses, and how its answers look."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import msgspec
from aiohttp import web

from bot.channels.telegram_text import plain, units

Fields: TypeAlias = dict[str, object]

_TAG = re.compile(r"<(/?)([a-z-]+)(?:\s[^<>]*)?>")
_STRAY = re.compile(r"<(?!/?[a-z-]+(?:\s[^<>]*)?>)")
_NAMES = {"b", "strong", "i", "em", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"}
_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its HTTP status and its body."""

    status: int
    body: bytes

    def as_response(self) -> web.Response:
        """Give what the server sends."""
        return web.Response(status=self.status, body=self.body, content_type="application/json")


@dataclass(frozen=True, slots=True)
class Button:
    """A button below a message."""

    text: str
    data: str | None = None
    url: str | None = None


Row: TypeAlias = tuple[Button, ...]


def succeed(result: object = True) -> Answer:  # noqa: FBT002 - the Bot API's word for "done"
    """Answer that it is done."""
    return Answer(200, _encode({"ok": True, "result": result}))


def refusal(status: int, description: str, parameters: dict[str, int] | None = None) -> Answer:
    """Answer that it is not."""
    body: Fields = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = {**parameters}
    return Answer(status, _encode(body))


async def parameters_of(request: web.Request) -> Fields:
    """Read a call's parameters: JSON, or a form whose values are JSON where they are nested."""
    if request.content_type == "application/json":
        return msgspec.json.decode(await request.read(), type=Fields)
    return {name: _from_form(value) for name, value in (await request.post()).items()}


def _from_form(value: str | bytes | bytearray | web.FileField) -> object:
    if isinstance(value, web.FileField):
        return {"name": value.filename, "content": value.file.read()}
    if isinstance(value, bytes | bytearray) or value[:1] not in {"{", "["}:
        return value
    return msgspec.json.decode(value, type=object)


def chat_of(asked: Fields) -> int:
    """Read which chat a call concerns, 0 if none."""
    return int(str(asked.get("chat_id") or 0))


def chat_of_scope(asked: Fields) -> int:
    """Read whose menu a call concerns, 0 if it is everybody's."""
    scope = asked.get("scope")
    return chat_of(scope) if isinstance(scope, dict) else 0


def audience_of(asked: Fields) -> str:
    """Name whose menu a call concerns, and in which language."""
    return _encode([asked.get("scope"), asked.get("language_code") or ""]).decode()


def rows_of(markup: object) -> tuple[Row, ...]:
    """Read the buttons below a message."""
    if markup is None:
        return ()
    rows = msgspec.convert(markup, _Markup).inline_keyboard
    return tuple(tuple(Button(b.text, b.callback_data, b.url) for b in row) for row in rows)


class _MarkupButton(msgspec.Struct):
    text: str
    callback_data: str | None = None
    url: str | None = None


class _Markup(msgspec.Struct):
    inline_keyboard: list[list[_MarkupButton]] = []


@dataclass(frozen=True, slots=True)
class Words:
    """Where a call carries its words: as the text, or as the caption of a file."""

    field: str
    longest: int
    too_long: str
    may_be_empty: bool = False


TEXT = Words("text", 4096, "message is too long")
CAPTION = Words("caption", 1024, "message caption is too long", may_be_empty=True)


def objection(asked: Fields, words: Words = TEXT) -> Answer | None:
    """Refuse a text or a button as Telegram does."""
    text, is_html = str(asked.get(words.field, "")), asked.get("parse_mode") == "HTML"
    if is_html and (fault := _broken_html(text)):
        return refusal(400, f"Bad Request: can't parse entities: {fault}")
    shown = plain(text) if is_html else text
    if not shown.strip() and not words.may_be_empty:
        return refusal(400, "Bad Request: message text is empty")
    if units(shown) > words.longest:
        return refusal(400, f"Bad Request: {words.too_long}")
    buttons = [button for row in rows_of(asked.get("reply_markup")) for button in row]
    if any(b.data is not None and not 1 <= len(b.data.encode()) <= 64 for b in buttons):
        return refusal(400, "Bad Request: BUTTON_DATA_INVALID")
    return None


def _broken_html(text: str) -> str:
    """Say what is wrong with the markup, nothing if nothing is."""
    if "<" not in text:
        return ""
    if _STRAY.search(text):
        return "unexpected character"
    opened: list[str] = []
    for slash, name in _TAG.findall(text):
        if name not in _NAMES:
            return f'unsupported start tag "{name}"'
        if not slash:
            opened.append(name)
        elif not opened or opened.pop() != name:
            return f'unmatched end tag "{name}"'
    return f'no end tag for "{opened[-1]}"' if opened else ""


@dataclass(slots=True)
class FloodWaits:
    """Who has to wait, by `clock`; None stands for everybody."""

    clock: Callable[[], datetime]
    early_calls: int = 0  # calls that came while a wait was on
    _planned: dict[int | None, float] = field(default_factory=dict)
    _until: dict[int | None, float] = field(default_factory=dict)

    def plan(self, seconds: float, chat: int | None) -> None:
        """Begin a wait with the next call."""
        self._planned[chat] = seconds

    def refuse(self, chat: int) -> Answer | None:
        """Answer 429 while a chat, or everybody, has to wait."""
        if not (self._planned or self._until):
            return None
        return self._refuse(chat) or self._refuse(None)

    def _refuse(self, chat: int | None) -> Answer | None:
        now = self.clock().timestamp()
        if chat in self._planned:
            self._until[chat] = now + self._planned.pop(chat)
        elif self._until.get(chat, now) > now:
            self.early_calls += 1
        else:
            return None
        left = max(1, round(self._until[chat] - now))
        return refusal(429, f"Too Many Requests: retry after {left}", {"retry_after": left})
