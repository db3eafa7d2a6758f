"""What Telegram reports, read: one raw update becomes what was heard, or a reason to be silent.

Pure, and apart from python-telegram-bot: it decodes only the fields that say who, where and what,
about a hundred times faster than building its objects. Everything here is written by strangers.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from bot.channels.channel import Attachment, Inbound, Reachability
from flows.customer import Address
from flows.intent import Intent

SOURCE = "telegram"
# The set is sticky at Telegram's server, so it is named in every call; reactions are not in it.
ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")
CALLBACK_VERSION = "v1"
COMMAND_PREFIX = "m1:"  # a manager's button; who taps it is checked where it is obeyed

_UPDATE_ID = re.compile(rb'"update_id"\s*:\s*(-?\d{1,19})')
_START = re.compile(r"/start(?:@\w+)?(?:\s+(.*))?", re.DOTALL | re.IGNORECASE)
_START_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_COMMAND_FOR_BOT = re.compile(r"(/\w+)@\w+")
_E164_DIGITS = re.compile(r"[1-9]\d{6,14}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_NOT_DIGITS = re.compile(r"[^0-9]")


@dataclass(frozen=True, slots=True)
class Ignored:
    """An update that is answered by silence, and why."""

    provider_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What nobody can read, named so that it can be kept and passed over."""

    provider_id: str
    reason: str


Read = Inbound | Reachability | Ignored | Unreadable


# --- The fields we route by ---------------------------------------------------------------------


class _Chat(msgspec.Struct):
    id: int
    type: str = ""


class _User(msgspec.Struct):
    id: int
    is_bot: bool = False
    language_code: str | None = None
    first_name: str = ""


class _Replied(msgspec.Struct):
    sender: _User | None = msgspec.field(default=None, name="from")
    text: str = ""


class _Contact(msgspec.Struct):
    phone_number: str
    user_id: int | None = None


class _Document(msgspec.Struct):
    file_id: str
    file_name: str = ""
    file_size: int | None = None


class _Message(msgspec.Struct):
    message_id: int
    date: int
    chat: _Chat
    sender: _User | None = msgspec.field(default=None, name="from")
    text: str | None = None
    caption: str | None = None
    contact: _Contact | None = None
    forward_origin: msgspec.Raw = msgspec.Raw()
    via_bot: msgspec.Raw = msgspec.Raw()
    reply_to_message: msgspec.Raw = msgspec.Raw()
    sticker: msgspec.Raw = msgspec.Raw()
    voice: msgspec.Raw = msgspec.Raw()
    video_note: msgspec.Raw = msgspec.Raw()
    audio: msgspec.Raw = msgspec.Raw()
    photo: msgspec.Raw = msgspec.Raw()
    video: msgspec.Raw = msgspec.Raw()
    animation: msgspec.Raw = msgspec.Raw()
    document: msgspec.Raw = msgspec.Raw()
    location: msgspec.Raw = msgspec.Raw()
    dice: msgspec.Raw = msgspec.Raw()
    poll: msgspec.Raw = msgspec.Raw()

    @property
    def is_shown(self) -> bool:
        """Tell whether a person sent something to be seen, which deserves an answer."""
        shown = (self.sticker, self.voice, self.video_note, self.audio, self.photo, self.video)
        more = (self.animation, self.document, self.location, self.dice, self.poll)
        return self.contact is not None or any(map(bytes, shown)) or any(map(bytes, more))


class _Tap(msgspec.Struct):
    id: str
    sender: _User = msgspec.field(name="from")
    message: _Message | None = None
    data: str | None = None


class _Membership(msgspec.Struct):
    status: str


class _MemberChange(msgspec.Struct):
    chat: _Chat
    date: int
    new_chat_member: _Membership


class _Update(msgspec.Struct):
    update_id: int
    message: _Message | None = None
    callback_query: _Tap | None = None
    my_chat_member: _MemberChange | None = None


_decode = msgspec.json.Decoder(_Update).decode
_decode_replied = msgspec.json.Decoder(_Replied).decode
_decode_document = msgspec.json.Decoder(_Document).decode


# --- Reading ------------------------------------------------------------------------------------


def read_update(raw: bytes, received_at: datetime) -> Read:
    """Read one update; a tap carries no time of its own and gets `received_at`."""
    try:
        return _route(_decode(raw), received_at)
    except (ValueError, OverflowError, OSError, RecursionError) as error:
        return Unreadable(name_of(raw), type(error).__name__)


def name_of(raw: bytes) -> str:
    """Name an update by its id, or, where it shows none, by a digest of its bytes."""
    found = _UPDATE_ID.search(raw)
    return found[1].decode() if found else f"sha256-{sha256(raw).hexdigest()[:32]}"


def _route(update: _Update, received_at: datetime) -> Read:
    name = str(update.update_id)
    if update.message is not None:
        return _read_message(name, update.message, received_at)
    if update.callback_query is not None:
        return _read_tap(name, update.callback_query, received_at)
    if update.my_chat_member is not None:
        return _read_member_change(name, update.my_chat_member, received_at)
    return Ignored(name, "not a message, a tap or a change of membership")


def _read_message(name: str, message: _Message, received_at: datetime) -> Read:
    reason = _silence(message)
    if reason is not None:
        return Ignored(name, reason)

    text = message.text or message.caption or ""
    start = _START.fullmatch(text.strip())
    code = _code(start[1] or "") if start else None
    return Inbound(
        source=SOURCE,
        provider_id=name,
        address=_address(message.chat),
        text=_COMMAND_FOR_BOT.sub(r"\1", text, count=1) if text.startswith("/") else text,
        at=_moment(message.date, received_at),
        code=code,
        is_start=start is not None and code is None,
        proven_phone=_proven_phone(message),
        language=_language(message.sender),
        sender=message.sender.first_name if message.sender else "",
        replied_to=_replied_to(message),
        attachment=_attachment(message),
    )


def _silence(message: _Message) -> str | None:
    """Say why a message gets no answer, if it gets none."""
    if message.chat.type != "private":
        return f"written in a {message.chat.type or 'place'}, not to the bot alone"
    if message.sender is None or message.sender.is_bot:
        return "not written by a person"
    if message.text is None and message.caption is None and not message.is_shown:
        return "a note of Telegram's own"
    return None


def _read_tap(name: str, tap: _Tap, received_at: datetime) -> Read:
    message = tap.message
    if message is None or message.chat.type != "private" or tap.sender.is_bot:
        return Ignored(name, "a tap outside of a private chat")

    intent, rest = _meant_by(tap.data or "")
    is_topic = intent is Intent.QUESTION
    return Inbound(
        source=SOURCE,
        provider_id=name,
        address=_address(message.chat),
        text="",
        at=received_at,
        intent=intent,
        is_outdated=intent is None or (is_topic and rest is None),
        command=_commanded(tap.data or ""),
        scene=None if is_topic else rest,
        topic=rest if is_topic else None,
        callback=tap.id,
        message_ref=_ref(message),
        language=_language(tap.sender),
        sender=tap.sender.first_name,
    )


def _read_member_change(name: str, change: _MemberChange, received_at: datetime) -> Read:
    if change.chat.type != "private":
        return Ignored(name, "a change of membership in a group")
    match change.new_chat_member.status:
        case "kicked":
            is_blocked = True
        case "member":
            is_blocked = False
        case other:
            return Ignored(name, f"membership {other[:20]!r}")
    at = _moment(change.date, received_at)
    return Reachability(SOURCE, name, _address(change.chat), at, is_blocked)


# --- The parts ----------------------------------------------------------------------------------


def _address(chat: _Chat) -> Address:
    return Address(f"telegram:{chat.id}")


def _ref(message: _Message) -> str:
    """Name a message; Telegram counts them per chat, so its number alone would not be unique."""
    return f"{message.chat.id}:{message.message_id}"


def _moment(date: int, received_at: datetime) -> datetime:
    """Take Telegram's second, but never one that lies ahead of us."""
    return min(datetime.fromtimestamp(date, UTC), received_at)


def _code(payload: str) -> str | None:
    payload = payload.strip()
    return payload if _START_CODE.fullmatch(payload) else None


def _meant_by(callback_data: str) -> tuple[Intent | None, str | None]:
    """Read a button and its scene or topic; a forged, foreign or older one means nothing."""
    version, _, meant = callback_data.partition(":")
    name, _, scene = meant.partition(":")
    if version != CALLBACK_VERSION:
        return None, None
    try:
        return Intent(name), scene or None
    except ValueError:
        return None, None


def _commanded(callback_data: str) -> str | None:
    """Read a manager's button."""
    is_command = callback_data.startswith(COMMAND_PREFIX)
    return callback_data.removeprefix(COMMAND_PREFIX) if is_command else None


def _proven_phone(message: _Message) -> Address | None:
    """Take a shared number only from its owner: a forwarded or picked contact proves nothing."""
    contact, sender = message.contact, message.sender
    if contact is None or sender is None or contact.user_id != sender.id:
        return None
    if bytes(message.forward_origin) or bytes(message.via_bot):
        return None
    digits = _NOT_DIGITS.sub("", contact.phone_number)
    return Address(f"tel:+{digits}") if _E164_DIGITS.fullmatch(digits) else None


def _attachment(message: _Message) -> Attachment | None:
    """Read which file was sent; one that is described in an odd way is no reason to stop."""
    if not bytes(message.document):
        return None
    try:
        document = _decode_document(message.document)
    except ValueError:
        return None
    return Attachment(document.file_id, document.file_name, document.file_size)


def _replied_to(message: _Message) -> str:
    """Read which message of a bot is replied to: in a private chat that is one of ours."""
    if not bytes(message.reply_to_message):
        return ""
    try:
        replied = _decode_replied(message.reply_to_message)
    except ValueError:
        return ""
    return replied.text if replied.sender is not None and replied.sender.is_bot else ""


def _language(sender: _User | None) -> str | None:
    """Guess a language from the app's: `de-AT` is `de`."""
    if sender is None or not sender.language_code:
        return None
    primary = sender.language_code.partition("-")[0].lower()
    return primary if _LANGUAGE.fullmatch(primary) else None
