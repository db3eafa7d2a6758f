"""What the pretend operator remembers, in one small file: lines it was asked about, and top-ups."""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_SCHEMA = """
create table if not exists line (msisdn text primary key) without rowid;
create table if not exists topup (
    id integer primary key,
    idempotency_key text unique,
    digest blob not null,
    msisdn text not null,
    megabytes integer not null,
    body text not null,
    requested_at text not null,
    completes_at text not null
);
"""
_COLUMNS = "id, digest, msisdn, megabytes, body, requested_at, completes_at"

_USUALLY = timedelta(seconds=40)
_SOMETIMES = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One top-up as the pretend operator holds it, or what was taken off, which is below zero.

    `body` is what was asked, as JSON.
    """

    number: int
    digest: bytes
    msisdn: str
    megabytes: int
    body: str
    requested_at: datetime
    completes_at: datetime

    @property
    def id(self) -> str:
        """Give the operator's id of it."""
        return f"{'T' if self.megabytes > 0 else 'A'}{self.number:06}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A top-up that is asked for, or one that is to be taken off."""

    key: str | None
    msisdn: str
    megabytes: int
    body: str

    @property
    def digest(self) -> bytes:
        """Tell two different requests under one key apart."""
        return hashlib.sha256(self.body.encode()).digest()


def booking_time(body: str) -> timedelta:
    """Tell how long this order takes, always the same for the same: 40 s, or 2 to 5 minutes."""
    chance = hashlib.sha256(body.encode()).digest()[0]
    return _USUALLY if chance % 8 else _SOMETIMES * (2 + chance // 8 % 4)


class PretendLedger:
    """The pretend operator's books, in an SQLite file or `:memory:`."""

    def __init__(self, path: Path | str) -> None:
        """Open the books, or make new ones."""
        self._rows = sqlite3.connect(path, isolation_level=None)
        self._rows.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._rows.close()

    def know(self, msisdn: str) -> None:
        """Remember that a line exists."""
        self._rows.execute("insert or ignore into line values (?)", (msisdn,))

    def lines(self) -> Sequence[str]:
        """List the lines that were ever asked about."""
        return [row[0] for row in self._rows.execute("select msisdn from line order by msisdn")]

    def take(self, asked: Asked, now: datetime) -> Entry:
        """Enter a top-up, or give the one that the same key brought."""
        self.know(asked.msisdn)
        self._rows.execute(
            "insert or ignore into topup"
            " (idempotency_key, digest, msisdn, megabytes, body, requested_at, completes_at)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (
                asked.key,
                asked.digest,
                asked.msisdn,
                asked.megabytes,
                asked.body,
                _text(now),
                _text(now + booking_time(asked.key or asked.body)),
            ),
        )
        where = "id = last_insert_rowid()" if asked.key is None else "idempotency_key = ?"
        return self._read(where, () if asked.key is None else (asked.key,))[0]

    def find(self, provider_id: str) -> Entry | None:
        """Find a top-up by its id."""
        number = provider_id[1:]
        if not (number.isascii() and number.isdigit() and len(number) < len(str(2**63))):
            return None
        found = next(iter(self._read("id = ?", (int(number),))), None)
        return found if found is not None and found.id == provider_id else None

    def entries(self) -> Sequence[Entry]:
        """List everything, oldest first."""
        return self._read("true order by id", ())

    def booked(self, msisdn: str, now: datetime) -> int:
        """Add up what is in the line's bucket by now, in MB."""
        query = "select total(megabytes) from topup where msisdn = ? and completes_at <= ?"
        return int(self._rows.execute(query, (msisdn, _text(now))).fetchone()[0])

    def next_booking(self, now: datetime) -> datetime | None:
        """Tell when the next top-up will be booked."""
        query = "select min(completes_at) from topup where completes_at > ?"
        at: str | None = self._rows.execute(query, (_text(now),)).fetchone()[0]
        return datetime.fromisoformat(at) if at is not None else None

    def _read(self, where: str, values: tuple[str | int, ...]) -> list[Entry]:
        query = f"select {_COLUMNS} from topup where {where}"  # noqa: S608  our own words only
        return [_entry(row) for row in self._rows.execute(query, values)]


def _entry(row: tuple[int, bytes, str, int, str, str, str]) -> Entry:
    number, digest, msisdn, megabytes, body, requested_at, completes_at = row
    return Entry(
        number=number,
        digest=digest,
        msisdn=msisdn,
        megabytes=megabytes,
        body=body,
        requested_at=datetime.fromisoformat(requested_at),
        completes_at=datetime.fromisoformat(completes_at),
    )


def _text(at: datetime) -> str:
    """Write a moment so that texts sort as times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
