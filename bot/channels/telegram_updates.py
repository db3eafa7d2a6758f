"""What Telegram reports, read: one raw update becomes what was heard, or a reason to be silent.

Pure, and apart from python-telegram-bot: it decodes only the fields that say who, where and what,
about a hundred times faster than building its objects. Everything here is written by strangers.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from bot.channels.channel import Attachment, Inbound, Place, Reachability
from bot.channels.telegram_callbacks import commanded, meant_by
from bot.channels.telegram_fields import (
    Chat,
    MemberChange,
    Replied,
    SentDocument,
    SentMessage,
    Tap,
    Update,
    User,
)
from bot.foreign_json import without_nul
from flows.customer import Address
from flows.intent import Intent

SOURCE = "telegram"
# The set is sticky at Telegram's server, so it is named in every call; reactions are not in it.
ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")
GROUP = "supergroup"

_LONGEST_TEXT = 4096  # characters; Telegram lets nobody write more
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


_decode = msgspec.json.Decoder(Update).decode
_decode_replied = msgspec.json.Decoder(Replied).decode
_decode_document = msgspec.json.Decoder(SentDocument).decode


# --- Reading ------------------------------------------------------------------------------------


def read_update(raw: bytes, received_at: datetime) -> Read:
    """Read one update; a tap carries no time of its own and gets `received_at`."""
    try:
        return _route(_decode(without_nul(raw)), received_at)
    except (ValueError, OverflowError, OSError, RecursionError) as error:
        return Unreadable(name_of(raw), type(error).__name__)


def name_of(raw: bytes) -> str:
    """Name an update by its id, or, where it shows none, by a digest of its bytes."""
    found = _UPDATE_ID.search(raw)
    return found[1].decode() if found else f"sha256-{sha256(raw).hexdigest()[:32]}"


def _route(update: Update, received_at: datetime) -> Read:
    name = str(update.update_id)
    if update.message is not None:
        return _read_message(name, update.message, received_at)
    if update.callback_query is not None:
        return _read_tap(name, update.callback_query, received_at)
    if update.my_chat_member is not None:
        return _read_member_change(name, update.my_chat_member, received_at)
    return Ignored(name, "not a message, a tap or a change of membership")


def _read_message(name: str, message: SentMessage, received_at: datetime) -> Read:
    if message.chat.type == GROUP and (spoken := _spoken_in_group(name, message, received_at)):
        return spoken
    reason = _silence(message)
    if reason is not None:
        return Ignored(name, reason)

    text = (message.text or message.caption or "")[:_LONGEST_TEXT]
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


def _silence(message: SentMessage) -> str | None:
    """Say why a message gets no answer, if it gets none."""
    if message.chat.type != "private":
        return f"written in a {message.chat.type or 'place'}, not to the bot alone"
    if message.sender is None or message.sender.is_bot:
        return "not written by a person"
    if message.text is None and message.caption is None and not message.is_shown:
        return "a note of Telegram's own"
    return None


def _read_tap(name: str, tap: Tap, received_at: datetime) -> Read:
    message = tap.message
    if message is not None and message.chat.type == GROUP and not tap.sender.is_bot:
        return _tapped_in_group(name, tap, message, received_at)
    if message is None or message.chat.type != "private" or tap.sender.is_bot:
        return Ignored(name, "a tap outside of a private chat")

    intent, rest = meant_by(tap.data or "")
    is_topic = intent is Intent.QUESTION
    return Inbound(
        source=SOURCE,
        provider_id=name,
        address=_address(message.chat),
        text="",
        at=received_at,
        intent=intent,
        is_outdated=intent is None,
        command=commanded(tap.data or ""),
        scene=None if is_topic else rest,
        topic=rest if is_topic else None,
        callback=tap.id,
        message_ref=_ref(message),
        language=_language(tap.sender),
        sender=tap.sender.first_name,
    )


# --- The managers' group ------------------------------------------------------------------------


def _spoken_in_group(name: str, message: SentMessage, received_at: datetime) -> Inbound | None:
    """Read a command or a reply to us in a group; an anonymous admin is nobody."""
    sender, text = message.sender, message.text or ""
    replied_to = _replied_to(message)
    if sender is None or sender.is_bot or not (replied_to or text.startswith("/")):
        return None
    return Inbound(
        source=SOURCE,
        provider_id=name,
        address=Address(f"telegram:{sender.id}"),
        text=_COMMAND_FOR_BOT.sub(r"\1", text, count=1),
        at=_moment(message.date, received_at),
        sender=sender.first_name,
        replied_to=replied_to,
        place=_place(message),
    )


def _tapped_in_group(
    name: str, tap: Tap, message: SentMessage, received_at: datetime
) -> Inbound | Ignored:
    """Read a tap on a manager's button in a group; the buttons of customers are not for groups."""
    command = commanded(tap.data or "")
    if command is None:
        return Ignored(name, "a customer's button in a group")
    return Inbound(
        source=SOURCE,
        provider_id=name,
        address=Address(f"telegram:{tap.sender.id}"),
        text="",
        at=received_at,
        command=command,
        callback=tap.id,
        message_ref=_ref(message),
        sender=tap.sender.first_name,
        place=_place(message),
    )


def _place(message: SentMessage) -> Place:
    is_forum = message.chat.is_forum
    return Place(_address(message.chat), message.message_thread_id, is_forum=is_forum)


def _read_member_change(name: str, change: MemberChange, received_at: datetime) -> Read:
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


def _address(chat: Chat) -> Address:
    return Address(f"telegram:{chat.id}")


def _ref(message: SentMessage) -> str:
    """Name a message; Telegram counts them per chat, so its number alone would not be unique."""
    return f"{message.chat.id}:{message.message_id}"


def _moment(date: int, received_at: datetime) -> datetime:
    """Take Telegram's second, but never one that lies ahead of us."""
    return min(datetime.fromtimestamp(date, UTC), received_at)


def _code(payload: str) -> str | None:
    payload = payload.strip()
    return payload if _START_CODE.fullmatch(payload) else None


def _proven_phone(message: SentMessage) -> Address | None:
    """Take a shared number only from its owner: a forwarded or picked contact proves nothing."""
    contact, sender = message.contact, message.sender
    if contact is None or sender is None or contact.user_id != sender.id:
        return None
    if bytes(message.forward_origin) or bytes(message.via_bot):
        return None
    digits = _NOT_DIGITS.sub("", contact.phone_number)
    return Address(f"tel:+{digits}") if _E164_DIGITS.fullmatch(digits) else None


def _attachment(message: SentMessage) -> Attachment | None:
    """Read which file was sent; one that is described in an odd way is no reason to stop."""
    if not bytes(message.document):
        return None
    try:
        document = _decode_document(message.document)
    except ValueError:
        return None
    return Attachment(document.file_id, document.file_name, document.file_size)


def _replied_to(message: SentMessage) -> str:
    """Read which message of a bot is replied to: in a private chat that is one of ours."""
    if not bytes(message.reply_to_message):
        return ""
    try:
        replied = _decode_replied(message.reply_to_message)
    except ValueError:
        return ""
    return replied.text if replied.sender is not None and replied.sender.is_bot else ""


def _language(sender: User | None) -> str | None:
    """Guess a language from the app's: `de-AT` is `de`."""
    if sender is None or not sender.language_code:
        return None
    primary = sender.language_code.partition("-")[0].lower()
    return primary if _LANGUAGE.fullmatch(primary) else None
