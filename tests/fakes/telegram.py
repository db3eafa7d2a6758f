"""A Bot API server on loopback that remembers: chats, messages, taps, updates and their offset.

A test plays the people (`say`, `tap`, `share_contact`, `block`), reads what they see (`sent`), and
makes the server misbehave (`misbehave`, `flood`, `push`). It refuses what Telegram refuses.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from aiohttp import web

from tests.fakes.telegram_files import FakeFiles
from tests.fakes.telegram_payloads import (
    BOT,
    FORWARDED,
    NO_WEBHOOK,
    contact,
    membership,
    message,
    shown,
    tapped,
)
from tests.fakes.telegram_queue import UpdateQueue
from tests.fakes.telegram_rules import (
    CAPTION,
    Answer,
    Fields,
    FloodWaits,
    Row,
    audience_of,
    chat_of,
    chat_of_scope,
    objection,
    parameters_of,
    refusal,
    rows_of,
    succeed,
)
from tests.fakes.telegram_troubles import Misbehaviour, spoil, take

TOKEN = "4711:fake"  # noqa: S105 - of the fake
TAP_LIVES_S = 150.0


@dataclass(slots=True)
class Sent:
    """A message as its reader sees it now; `versions` counts its edits in."""

    chat: int
    message_id: int
    text: str
    rows: tuple[Row, ...]
    at: datetime
    versions: int = 1
    asks_contact: bool = False
    file: str | None = None  # the id of its photo or document; the text is its caption

    @property
    def labels(self) -> tuple[str, ...]:
        """The buttons, as they read."""
        return tuple(button.text for row in self.rows for button in row)


@dataclass(slots=True)
class FakeTelegram:
    """The server; `clock` gives aware moments and drives flood waits and the life of taps."""

    clock: Callable[[], datetime]
    token: str = TOKEN
    url: str = ""
    queue: UpdateQueue = field(default_factory=UpdateQueue)
    files: FakeFiles = field(default_factory=FakeFiles)
    sent: list[Sent] = field(default_factory=list)
    calls: list[tuple[str, Fields]] = field(default_factory=list)
    answered_taps: list[str] = field(default_factory=list)
    waits: FloodWaits = field(init=False)
    commands: Fields = field(default_factory=dict)
    topics: list[str] = field(default_factory=list)
    blocked: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    migrated: dict[int, int] = field(default_factory=dict)
    _last_message: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    _seen: dict[tuple[int, int], Sent] = field(default_factory=dict)
    _taps: dict[str, datetime] = field(default_factory=dict)
    _planned: list[Misbehaviour] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    def __post_init__(self) -> None:
        self.waits = FloodWaits(self.clock)

    # --- The server -----------------------------------------------------------------------------

    async def start(self, port: int = 0) -> str:
        """Serve on loopback; gives the origin. A given port brings a stopped server back."""
        app = web.Application(client_max_size=2**21)
        app.router.add_post("/bot{token}/{method}", self._receive)
        app.router.add_get(f"/file/bot{self.token}/documents/{{file}}", self.files.hand_out)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        """Close; connections are refused from now on, what is remembered stays."""
        await self.queue.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        asked = await parameters_of(request)
        self.calls.append((method, asked))
        if request.match_info["token"] != self.token:
            return refusal(401, "Unauthorized").as_response()
        planned = take(self._planned, method, chat_of(asked))
        if planned is None:
            return (await self._answer(method, asked)).as_response()
        return await spoil(planned, request, self._answer(method, asked))

    async def _answer(self, method: str, asked: Fields) -> Answer:
        match method:
            case "sendmessage" | "editmessagetext":
                refused = self._closed(chat_of(asked)) or objection(asked)
                put = self._send if method == "sendmessage" else self._edit
                return refused or put(asked)
            case "senddocument" | "sendphoto":
                kind = method.removeprefix("send")
                refused = self._closed(chat_of(asked)) or objection(asked, CAPTION)
                return refused or self._send_file(asked, kind)
            case "getfile":
                return self.files.describe(str(asked["file_id"]))
            case "answercallbackquery":
                return self._answer_tap(str(asked["callback_query_id"]))
            case "getupdates":
                return await self.queue.poll(asked)
            case _:
                return self._administer(method, asked)

    # --- What the bot does ----------------------------------------------------------------------

    def _send(self, asked: Fields) -> Answer:
        chat, markup = chat_of(asked), asked.get("reply_markup")
        self._last_message[chat] += 1
        number, text, rows = self._last_message[chat], str(asked["text"]), rows_of(markup)
        asks_contact = isinstance(markup, dict) and "keyboard" in markup
        sent = Sent(chat, number, text, rows, self.clock(), asks_contact=asks_contact)
        self.sent.append(sent)
        self._seen[chat, number] = sent
        return succeed(_as_fields(sent))

    def _send_file(self, asked: Fields, kind: str) -> Answer:
        file = self.files.taken_in(asked[kind])
        if file is None:
            return refusal(400, "Bad Request: wrong file identifier/HTTP URL specified")
        self._send(asked | {"text": asked.get("caption", "")})
        self.sent[-1].file = file
        told = {"file_id": file, "file_unique_id": f"U{file}"}
        shown_as = [told | {"width": 1, "height": 1}] if kind == "photo" else told
        return succeed(_as_fields(self.sent[-1]) | {kind: shown_as})

    def _edit(self, asked: Fields) -> Answer:
        sent = self._seen.get((chat_of(asked), int(str(asked["message_id"]))))
        if sent is None:
            return refusal(400, "Bad Request: message to edit not found")
        if sent.file is not None:
            return refusal(400, "Bad Request: there is no text in the message to edit")
        text, rows = str(asked["text"]), rows_of(asked.get("reply_markup"))
        if (sent.text, sent.rows) == (text, rows):
            return refusal(400, "Bad Request: message is not modified: it is the same as before")
        sent.text, sent.rows = text, rows
        sent.versions += 1
        return succeed(_as_fields(sent))

    def _answer_tap(self, tap: str) -> Answer:
        tapped_at = self._taps.get(tap)
        if tapped_at is None or (self.clock() - tapped_at).total_seconds() > TAP_LIVES_S:
            return refusal(400, "Bad Request: query is too old and response timeout expired")
        self.answered_taps.append(tap)
        return succeed()

    def _open_topic(self, asked: Fields) -> Answer:
        self.topics.append(str(asked["name"]))
        return succeed({"message_thread_id": len(self.topics), "name": asked["name"]})

    def _administer(self, method: str, asked: Fields) -> Answer:
        match method:
            case "getme":
                return succeed({**BOT, "username": "statt_hotline_bot"})
            case "getwebhookinfo":
                told = {k: v for k, v in self.queue.webhook.items() if k != "secret_token"}
                return succeed(NO_WEBHOOK | told)
            case "setwebhook" | "deletewebhook":
                self.queue.webhook = dict(asked) if asked.get("url") else {}
                return succeed()
            case "getmycommands":
                return succeed(self.commands.get(audience_of(asked)) or [])
            case "setmycommands" | "deletemycommands":
                return self._set_commands(asked)
            case _:
                is_topic = method == "createforumtopic"
                return self._open_topic(asked) if is_topic else refusal(404, "Not Found")

    def _set_commands(self, asked: Fields) -> Answer:
        if chat_of_scope(asked) in self.unknown:
            return refusal(400, "Bad Request: chat not found")
        self.commands[audience_of(asked)] = asked.get("commands")
        return succeed()

    # --- Trouble --------------------------------------------------------------------------------

    def misbehave(self, *planned: Misbehaviour) -> None:
        """Spoil the next calls that fit, one after the other."""
        self._planned.extend(planned)

    def flood(self, seconds: float, chat: int | None = None) -> None:
        """Answer 429 from the next call on, for so many seconds, to one chat or to all."""
        self.waits.plan(seconds, chat)

    def _closed(self, chat: int) -> Answer | None:
        if chat in self.blocked:
            return refusal(403, "Forbidden: bot was blocked by the user")
        if chat in self.unknown:
            return refusal(400, "Bad Request: chat not found")
        if chat in self.migrated:
            said = "Bad Request: group chat was upgraded to a supergroup chat"
            return refusal(400, said, {"migrate_to_chat_id": self.migrated[chat]})
        return self.waits.refuse(chat)

    # --- The people -----------------------------------------------------------------------------

    def say(self, chat: int, text: str, *, language: str = "de") -> int:
        """Let somebody write; gives the update's id."""
        return self._write(chat, {"text": text}, language=language)

    def show(self, chat: int, kind: str) -> int:
        """Let somebody send a `sticker`, a `voice` message, a `photo` …"""
        return self._write(chat, {kind: {"file_id": "F", "file_unique_id": "U"}})

    def attach(self, chat: int, name: str, content: bytes, size: int | None = None) -> int:
        """Let somebody send a file; gives the update's id."""
        file = self.files.keep(content, size)
        told = {"file_id": file, "file_name": name, "file_size": self.files.claimed[file]}
        return self._write(chat, {"document": told | {"file_unique_id": f"U{file}"}})

    def share_contact(
        self, chat: int, phone: str, *, owner: int | None = None, is_forwarded: bool = False
    ) -> int:
        """Let somebody share a contact: their own, or that of `owner`."""
        content = contact(phone, owner or chat)
        return self._write(chat, content | (FORWARDED if is_forwarded else {}))

    def tap(self, chat: int, label: str) -> int:
        """Let somebody tap the newest button that reads so, or carries that as its data."""
        for sent in reversed(self.sent):
            for button in (b for row in sent.rows for b in row):
                if sent.chat == chat and label in {button.text, button.data}:
                    return self.forge_tap(chat, button.data or "", sent.message_id)
        raise LookupError(f"no button {label!r} in chat {chat}")

    def forge_tap(self, chat: int, data: str, message_id: int = 1) -> int:
        """Let a tap carry any data."""
        tap = f"tap{len(self._taps) + 1}"
        self._taps[tap] = self.clock()
        query = tapped(tap, chat, data, shown(chat, message_id, self.clock(), "…"))
        return self.push(query, line=f"tap{chat}")

    def block(self, chat: int) -> int:
        """Let somebody block the bot."""
        self.blocked.add(chat)
        return self._change_membership(chat, "kicked")

    def unblock(self, chat: int) -> int:
        """Let somebody take the bot back."""
        self.blocked.discard(chat)
        return self._change_membership(chat, "member")

    def push(self, update: Fields, line: str = "") -> int:
        """Queue any update; gives its id."""
        update_id = self.queue.take_id()
        body = msgspec.json.encode({"update_id": update_id, **update})
        self.queue.put(update_id, body, line)
        return update_id

    def push_raw(self, body: bytes) -> int:
        """Queue bytes as an update; `%d` in them becomes its id."""
        update_id = self.queue.take_id()
        self.queue.put(update_id, body.replace(b"%d", str(update_id).encode()), f"raw{update_id}")
        return update_id

    def _write(self, chat: int, content: Fields, language: str = "de") -> int:
        self._last_message[chat] += 1
        written = message(chat, self._last_message[chat], self.clock(), language)
        return self.push({"message": written | content}, line=f"chat{chat}")

    def _change_membership(self, chat: int, status: str) -> int:
        return self.push(membership(chat, status, self.clock()), line=f"member{chat}")


def _as_fields(sent: Sent) -> Fields:
    return shown(sent.chat, sent.message_id, sent.at, sent.text)
