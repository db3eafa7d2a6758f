"""What stood in a file already: remembered outside of memory, so that a file may be of any size."""

import hashlib
import secrets
import sqlite3
from types import TracebackType
from typing import Self

_CACHE_KIB = 8192


class Repeats:
    """The lines at which keys were first seen.

    A nameless SQLite file holds them, which the system deletes with the last use; in it stand
    hashes under a key of the moment, no addresses.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(16)
        self._kept = sqlite3.connect("", isolation_level=None)
        self._kept.execute(f"pragma cache_size = -{_CACHE_KIB}")
        self._kept.execute("pragma journal_mode = off")
        self._kept.execute("create table seen (key integer primary key, line integer not null)")
        self._kept.execute("begin")

    def line_of(self, key: str) -> int | None:
        """Tell in which line a key was noted, None if it is new."""
        found = self._kept.execute("select line from seen where key = ?", (self._hash(key),))
        row: tuple[int] | None = found.fetchone()
        return row[0] if row else None

    def note(self, key: str, line: int) -> None:
        """Remember that a key stands in a line."""
        self._kept.execute("insert into seen (key, line) values (?, ?)", (self._hash(key), line))

    def _hash(self, key: str) -> int:
        digest = hashlib.blake2b(key.encode(), digest_size=8, key=self._secret).digest()
        return int.from_bytes(digest, "big", signed=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        self._kept.close()
