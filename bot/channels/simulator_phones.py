"""Pretend phones: they show what is sent to them by SMS and Telegram, and people use them.

Every phone has a number, and a Telegram account whose chat id follows from the number.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from html import unescape
from typing import TypedDict, Unpack

from bot.channels.channel import Choice, Inbound, Message, Parcel
from bot.channels.simulator_screens import Direction, Entry, Screens, Shown
from flows.customer import Address
from flows.intent import Intent

SOURCE = "simulator"
CONTACT_LABEL = "📱"

_START = re.compile(r"/start(?:\s+([A-Za-z0-9_-]{1,64}))?")
_START_LINK = re.compile(r"https?://\S+[?&]start=([A-Za-z0-9_-]{1,64})\S*")
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)


class SimulatorError(Exception):
    """The phone cannot do this."""


class NoSuchButtonError(SimulatorError):
    """No button with this label can be seen in this chat."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A button that opens a link was tapped: nothing is told to the bot."""

    url: str


class _Said(TypedDict, total=False):
    intent: Intent
    scene: str | None
    topic: str | None
    command: str
    code: str | None
    is_start: bool
    proven_phone: Address | None
    callback: str
    message_ref: str


def chat_of(phone: Address) -> Address:
    """Give the Telegram chat of the person who holds this phone."""
    digest = hashlib.blake2b(phone.value.encode(), digest_size=6).digest()
    return Address(f"telegram:{1_000_000_000 + int.from_bytes(digest, 'big') % 9_000_000_000}")


def plain(markup: str) -> str:
    """Take the tags and entities out of a Telegram text."""
    return unescape(_TAG.sub("", markup))


class Phones:
    """Everybody's phone; each has one list for both of its channels."""

    def __init__(self, screens: Screens) -> None:
        self.screens = screens

    def screen(self, phone: Address) -> tuple[Shown, ...]:
        """List what a phone shows, oldest first, SMS and Telegram together."""
        return self.screens.of(phone, chat_of(phone))

    def chat(self, chat: Address) -> tuple[Shown, ...]:
        """List what one Telegram chat shows, such as a manager's."""
        return self.screens.of(chat, chat)

    # --- what the bot sends

    def receive(self, parcel: Parcel, at: datetime) -> str:
        """Show a message, or put it in the place of the one that was tapped; gives its ref.

        A parcel that comes again under its tag is shown once.
        """
        if (found := self.find(parcel.tag)) is not None:
            return found
        message = parcel.message
        entry = Entry(
            address=parcel.to,
            direction=Direction.OUT,
            text=message.text,
            at=at,
            choices=_offered(message),
            tag=parcel.tag,
        )
        number = None if message.asks_contact else _number(message.replaces, parcel.to)
        if number is None or not self.screens.edit(number, entry):
            number = self.screens.add(replace(entry, card=message.card))
        return _ref(parcel.to, number, parcel.tag)

    def find(self, tag: str) -> str | None:
        """Find the ref of the message that arrived under this tag."""
        found = self.screens.find(tag)
        return _ref(*found, tag) if found else None

    # --- what people do

    def type_sms(self, phone: Address, text: str, at: datetime) -> Inbound:
        """Write an SMS to the bot."""
        self.screens.add(Entry(phone, Direction.IN, text, at))
        return _inbound(phone, at, text=text)

    def type_telegram(self, chat: Address, text: str, at: datetime) -> Inbound:
        """Write in Telegram; a link from an SMS is played as `/start CODE`."""
        link = _START_LINK.fullmatch(text.strip())
        said = f"/start {link[1]}" if link else text
        start = _START.fullmatch(said.strip())
        code = start[1] if start else None
        number = self.screens.add(Entry(chat, Direction.IN, said, at))
        return _inbound(
            chat,
            at,
            text=said,
            code=code,
            is_start=start is not None and code is None,
            message_ref=_ref(chat, number),
        )

    def tap(
        self, chat: Address, label: str, at: datetime, phone: Address | None = None
    ) -> Inbound | Opened:
        """Tap the newest button with this label. Raises NoSuchButtonError where there is none.

        A button that asks for the contact card shares the phone's own number.
        """
        number, choice = self._button(chat, label)
        self.screens.add(Entry(chat, Direction.IN, choice.label, at, tapped=number))
        ref = _ref(chat, number)
        if choice.url is not None:
            return Opened(choice.url)
        if choice.command is not None:
            callback = secrets.token_hex(8)
            return _inbound(chat, at, command=choice.command, callback=callback, message_ref=ref)
        if choice.intent is None:
            # The card is a message of its own, which no answer takes the place of.
            return _inbound(chat, at, proven_phone=phone)
        callback = secrets.token_hex(8)
        return _inbound(
            chat,
            at,
            intent=choice.intent,
            scene=choice.scene,
            topic=choice.topic,
            callback=callback,
            message_ref=ref,
        )

    def _button(self, chat: Address, label: str) -> tuple[int, Choice]:
        wanted = label.strip().casefold()
        for shown in reversed(self.chat(chat)):
            for choice in shown.entry.choices:
                if choice.label.strip().casefold() == wanted:
                    return shown.id, choice
        raise NoSuchButtonError(f"No button {label!r} can be seen in this chat.")


# --- The parts ----------------------------------------------------------------------------------


def _inbound(address: Address, at: datetime, text: str = "", **rest: Unpack[_Said]) -> Inbound:
    return Inbound(SOURCE, secrets.token_hex(12), address, text, at, **rest)


def _offered(message: Message) -> tuple[Choice, ...]:
    """List the buttons that are shown; the one that asks for the contact stands alone."""
    if not message.asks_contact:
        return message.choices
    bare = [choice for choice in message.choices if choice.intent is None and choice.url is None]
    return (bare[0] if bare else Choice(CONTACT_LABEL),)


def _ref(address: Address, number: int, tag: str | None = None) -> str:
    return ":".join((address.value, str(number), *((tag,) if tag else ())))


def _number(ref: str | None, address: Address) -> int | None:
    """Read which message of this chat is meant."""
    chat, _, rest = (ref or "").partition(":")
    number = rest.partition(":")[0]
    return int(number) if chat == address.value and number.isdecimal() else None
