"""What the pretend phones show, kept in a small SQLite file that outlives a restart."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from bot.channels.channel import Choice
from flows.customer import Address
from messages.cards import Card

_SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = normal;
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
    edited    integer not null default 0,
    card      text               -- of a picture
) strict;
create table if not exists acted (
    id   integer primary key autoincrement,
    at   text not null,
    whom text,                   -- the customer; null: it concerns everybody
    line text not null
) strict;
create table if not exists reported (
    id    text primary key,
    asked text not null,         -- as it was posted
    at    text not null,
    said  text not null          -- complete with what nobody said
) strict;
create index if not exists shown_by_address on shown (address, anchor);
create index if not exists shown_by_tag on shown (tag);
"""
_LIST = """
select id, address, direction, text, at, choices, tapped, edited, card
from shown where address in (?, ?)
order by anchor, tapped is null, id
"""
_INSERT = """
insert into shown (address, direction, text, at, choices, tag, tapped, card, anchor)
values (?, ?, ?, ?, ?, ?, ?, ?, (select coalesce(max(id), 0) + 1 from shown))
returning id
"""
_EDIT = """
update shown set text = ?, at = ?, choices = ?, tag = ?, edited = 1
where id = ? and address = ? and direction = 'out' and card is null
returning anchor
"""


class Direction(StrEnum):
    """Seen from the bot."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to be shown; `tapped` names the message whose button was tapped.

    What has a `card` is a picture with a caption, which no text takes the place of.
    """

    address: Address
    direction: Direction
    text: str
    at: datetime
    choices: tuple[Choice, ...] = ()
    tag: str | None = None
    tapped: int | None = None
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing as it is shown, under its number."""

    id: int
    entry: Entry
    is_edited: bool


@dataclass(frozen=True, slots=True)
class Acted:
    """Something done in the sandbox beside the phones, as a line of a story."""

    at: datetime
    line: str


_Row = tuple[int, str, str, str, str, str, int | None, int, str | None]
_decode_card = msgspec.json.Decoder(Card).decode
_decode_choices = msgspec.json.Decoder(tuple[Choice, ...]).decode


class Screens:
    """The file."""

    def __init__(self, path: Path | str) -> None:
        """Open or create the file; `:memory:` keeps nothing."""
        self._kept = sqlite3.connect(path, isolation_level=None)
        self._kept.executescript(_SCHEMA)
        columns = {row[1] for row in self._kept.execute("pragma table_info(shown)")}
        if "card" not in columns:  # a file of an earlier version
            self._kept.execute("alter table shown add column card text")

    def close(self) -> None:
        """Close the file."""
        self._kept.close()

    def of(self, first: Address, second: Address) -> tuple[Shown, ...]:
        """List what was said at two addresses, in the order of the screen."""
        rows = self._kept.execute(_LIST, (first.uri, second.uri))
        return tuple(_shown(row) for row in rows)

    def card(self, number: int) -> Card | None:
        """Find the card of a picture."""
        row = self._kept.execute("select card from shown where id = ?", (number,)).fetchone()
        return _decode_card(row[0]) if row and row[0] else None

    def find(self, tag: str) -> tuple[Address, int] | None:
        """Find the message that arrived under this tag: its address and its number."""
        found = self._kept.execute("select address, id from shown where tag = ?", (tag,)).fetchone()
        return (Address(found[0]), found[1]) if found else None

    def add(self, entry: Entry) -> int:
        """Show something new; gives its number."""
        told = (entry.address.uri, entry.direction, entry.text, _iso(entry.at))
        card = msgspec.json.encode(entry.card).decode() if entry.card else None
        values = (*told, _choices(entry), entry.tag, entry.tapped, card)
        row: tuple[int] = self._kept.execute(_INSERT, values).fetchone()
        return row[0]

    def edit(self, number: int, entry: Entry) -> bool:
        """Put something in the place of a message, taps above it; False where it is not there."""
        values = (entry.text, _iso(entry.at), _choices(entry), entry.tag, number, entry.address.uri)
        changed = self._kept.execute(_EDIT, values).fetchone()
        if changed is None:
            return False
        move = "update shown set anchor = ? where tapped = ?"
        self._kept.execute(move, (changed[0], number))
        return True

    def keep_report(self, id_: str, asked: str, at: datetime, said: str) -> None:
        """Remember how a report was completed, so that its repeat is the same again."""
        values = (id_, asked, at.isoformat(), said)
        self._kept.execute("insert or ignore into reported values (?, ?, ?, ?)", values)

    def kept_report(self, id_: str, asked: str) -> tuple[datetime, str] | None:
        """Find how a report of this id was completed, if it was asked for in the same way."""
        found = self._kept.execute(
            "select at, said from reported where id = ? and asked = ?", (id_, asked)
        ).fetchone()
        return (datetime.fromisoformat(found[0]), found[1]) if found else None

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


def _shown(row: _Row) -> Shown:
    number, uri, direction, text, at, choices, tapped, is_edited, card = row
    entry = Entry(
        address=Address(uri),
        direction=Direction(direction),
        text=text,
        at=datetime.fromisoformat(at),
        choices=_decode_choices(choices),
        tapped=tapped,
        card=_decode_card(card) if card else None,
    )
    return Shown(number, entry, bool(is_edited))


def _choices(entry: Entry) -> str:
    return msgspec.json.encode(entry.choices).decode()


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
