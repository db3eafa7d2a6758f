"""Pretend phones: they show what is sent to them by SMS and Telegram, and people use them.

Every phone has a number and a Telegram account whose chat id follows from the number. What the
screens show is kept in a small SQLite file of its own, so that it outlives a restart.
"""

import hashlib
import re
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from html import unescape
from pathlib import Path
from typing import TypedDict, Unpack

import msgspec

from bot.channels.channel import Choice, Inbound, Message, Parcel
from flows.customer import Address, Channel
from flows.intent import Intent

SOURCE = "simulator"
CONTACT_LABEL = "📱"

_START = re.compile(r"/start(?:\s+([A-Za-z0-9_-]{1,64}))?\s*")
_START_LINK = re.compile(r"https?://\S+[?&]start=([A-Za-z0-9_-]{1,64})\S*")
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_SCHEMA = """
create table if not exists shown (
    id        integer primary key autoincrement,
    address   text not null,
    direction text not null,
    text      text not null,
    at        text not null,
    choices   text not null,
    tag       text,
    tapped    integer,           -- of a tap: the message that holds the button
    anchor    integer not null,  -- where it stands: a tap stands above what it changed
    edited    integer not null default 0
) strict;
create table if not exists acted (
    id   integer primary key autoincrement,
    at   text not null,
    whom text,                   -- the customer; null: it concerns everybody
    line text not null
) strict;
create index if not exists shown_by_address on shown (address, anchor);
create index if not exists shown_by_tag on shown (tag);
"""
_LIST = """
select id, address, direction, text, at, choices, tapped, edited
from shown where address in (?, ?)
order by anchor, tapped is null, id
"""
_INSERT = """
insert into shown (address, direction, text, at, choices, tag, tapped, anchor)
values (?, ?, ?, ?, ?, ?, ?, (select coalesce(max(id), 0) + 1 from shown))
returning id
"""


class SimulatorError(Exception):
    """The phone cannot do this."""


class NoSuchButtonError(SimulatorError):
    """No button with this label can be seen in this chat."""


class Direction(StrEnum):
    """Seen from the bot."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing on a screen; `is_tap`: a button was tapped, its label is the text."""

    id: int
    channel: Channel
    direction: Direction
    text: str
    markup: str
    at: datetime
    choices: tuple[Choice, ...] = ()
    is_tap: bool = False
    is_edited: bool = False


@dataclass(frozen=True, slots=True)
class Acted:
    """Something done in the sandbox beside the phones, as a line of a story."""

    at: datetime
    line: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A button that opens a link was tapped: nothing is told to the bot."""

    url: str


_Row = tuple[int, str, str, str, str, str, int | None, int]
_decode_choices = msgspec.json.Decoder(tuple[Choice, ...]).decode


class _Said(TypedDict, total=False):
    intent: Intent
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
    """What the screens show; every phone has one list for both of its channels."""

    def __init__(self, path: Path | str) -> None:
        """Open or create the file; `:memory:` keeps nothing."""
        self._kept = sqlite3.connect(path, isolation_level=None)
        self._kept.executescript("pragma journal_mode = wal; pragma synchronous = normal;")
        self._kept.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._kept.close()

    # --- what is seen

    def screen(self, phone: Address) -> tuple[Shown, ...]:
        """List what a phone shows, oldest first, SMS and Telegram together."""
        return self._list(phone, chat_of(phone))

    def chat(self, chat: Address) -> tuple[Shown, ...]:
        """List what one Telegram chat shows, such as a manager's."""
        return self._list(chat, chat)

    def _list(self, *addresses: Address) -> tuple[Shown, ...]:
        rows = self._kept.execute(_LIST, [address.uri for address in addresses])
        return tuple(_shown(row) for row in rows)

    # --- what the bot sends

    def receive(self, parcel: Parcel, at: datetime) -> str:
        """Show a message, or put it in the place of the one that was tapped; gives its ref."""
        if (found := self.find(parcel.tag)) is not None:
            return found
        message = parcel.message
        entry = _Entry(
            address=parcel.to,
            direction=Direction.OUT,
            text=message.text,
            at=at,
            tag=parcel.tag,
            choices=_offered(message),
        )
        replaced = None if message.asks_contact else _number(message.replaces, parcel.to)
        number = replaced if replaced and self._edit(replaced, entry) else self._add(entry)
        return _ref(parcel.to, number, parcel.tag)

    def find(self, tag: str) -> str | None:
        """Find the ref of the message that arrived under this tag."""
        found = self._kept.execute("select id, address from shown where tag = ?", (tag,)).fetchone()
        return _ref(Address(found[1]), found[0], tag) if found else None

    # --- what people do

    def type_sms(self, phone: Address, text: str, at: datetime) -> Inbound:
        """Write an SMS to the bot."""
        self._add(_Entry(phone, Direction.IN, text, at))
        return _inbound(phone, at, text=text)

    def type_telegram(self, chat: Address, text: str, at: datetime) -> Inbound:
        """Write in Telegram; a link from an SMS is played as `/start CODE`."""
        link = _START_LINK.fullmatch(text.strip())
        said = f"/start {link[1]}" if link else text
        start = _START.fullmatch(said.strip())
        number = self._add(_Entry(chat, Direction.IN, said, at))
        code = start[1] if start else None
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
        shown, choice = self._button(chat, label)
        self._add(_Entry(chat, Direction.IN, choice.label, at, tapped=shown.id))
        ref = _ref(chat, shown.id)
        if choice.url is not None:
            return Opened(choice.url)
        if choice.intent is None:
            return _inbound(chat, at, proven_phone=phone, message_ref=ref)
        callback = secrets.token_hex(8)
        return _inbound(chat, at, intent=choice.intent, callback=callback, message_ref=ref)

    def _button(self, chat: Address, label: str) -> tuple[Shown, Choice]:
        wanted = label.strip().casefold()
        for shown in reversed(self.chat(chat)):
            for choice in shown.choices:
                if choice.label.casefold() == wanted:
                    return shown, choice
        raise NoSuchButtonError(f"No button {label!r} can be seen in this chat.")

    # --- what else was done in the sandbox

    def note_act(self, at: datetime, customer: str | None, line: str) -> None:
        """Remember an event or a move of the clock, as a line of a story."""
        values = (_iso(at), customer, line)
        self._kept.execute("insert into acted (at, whom, line) values (?, ?, ?)", values)

    def acts(self, customer: str) -> tuple[Acted, ...]:
        """List what was done for one customer and for everybody, oldest first."""
        rows = self._kept.execute(
            "select at, line from acted where whom is null or whom = ? order by id", (customer,)
        )
        return tuple(Acted(datetime.fromisoformat(at), line) for at, line in rows)

    # --- the file

    def _add(self, entry: "_Entry") -> int:
        row: tuple[int] = self._kept.execute(_INSERT, entry.values()).fetchone()
        return row[0]

    def _edit(self, number: int, entry: "_Entry") -> bool:
        """Change a message in place; False where it is not there."""
        changed = self._kept.execute(
            "update shown set text = ?, at = ?, choices = ?, tag = ?, edited = 1"
            " where id = ? and address = ? and direction = 'out' returning anchor",
            (entry.text, _iso(entry.at), entry.choices, entry.tag, number, entry.address.uri),
        ).fetchone()
        if changed is None:
            return False
        move = "update shown set anchor = ? where tapped = ?"
        self._kept.execute(move, (changed[0], number))
        return True


# --- The parts ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entry:
    address: Address
    direction: Direction
    text: str
    at: datetime
    tag: str | None = None
    choices: str = "[]"
    tapped: int | None = None

    def values(self) -> tuple[str | int | None, ...]:
        uri, at = self.address.uri, _iso(self.at)
        return (uri, self.direction, self.text, at, self.choices, self.tag, self.tapped)


def _inbound(address: Address, at: datetime, text: str = "", **rest: Unpack[_Said]) -> Inbound:
    return Inbound(SOURCE, secrets.token_hex(12), address, text, at, **rest)


def _shown(row: _Row) -> Shown:
    number, uri, direction, text, at, choices, tapped, is_edited = row
    address = Address(uri)
    is_markup = address.channel is Channel.TELEGRAM and direction == Direction.OUT
    return Shown(
        id=number,
        channel=address.channel,
        direction=Direction(direction),
        text=plain(text) if is_markup else text,
        markup=text if is_markup else "",
        at=datetime.fromisoformat(at),
        choices=_decode_choices(choices),
        is_tap=tapped is not None,
        is_edited=bool(is_edited),
    )


def _offered(message: Message) -> str:
    """Write the buttons that a screen shows; one that asks for the contact needs a label."""
    choices = message.choices
    if message.asks_contact:
        bare = [c for c in choices if c.intent is None and c.url is None]
        choices = (bare[0] if bare else Choice(CONTACT_LABEL),)
    return msgspec.json.encode(choices).decode()


def _ref(address: Address, number: int, tag: str | None = None) -> str:
    return ":".join((address.value, str(number), *((tag,) if tag else ())))


def _number(ref: str | None, address: Address) -> int | None:
    """Read which message of this chat is meant."""
    chat, _, rest = (ref or "").partition(":")
    number = rest.partition(":")[0]
    return int(number) if chat == address.value and number.isdecimal() else None


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
