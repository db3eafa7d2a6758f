"""Connections to a SQLite file, told how to behave."""

import sqlite3
from pathlib import Path

from storage.queries import load

BUSY_TIMEOUT_S = 30.0  # how long another process may write

_SQL = load("sqlite", "connection")


def connect_writer(path: Path) -> sqlite3.Connection:
    """Connect to a file, made if there is none, as the one who writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = _connect(path.absolute().as_uri())
    return _set(db, "writer")


def connect_reader(path: Path) -> sqlite3.Connection:
    """Connect to a file as one who only reads."""
    db = _connect(f"{path.absolute().as_uri()}?mode=ro")
    return _set(db, "reader")


def _connect(uri: str) -> sqlite3.Connection:
    """Connect; the writer sees to it that two threads are never in one connection at once."""
    return sqlite3.connect(
        uri,
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )


def _set(db: sqlite3.Connection, role: str) -> sqlite3.Connection:
    """Tell a connection how to behave; one that refuses is closed."""
    try:
        for name, sql in _SQL.items():
            if name.startswith(role):
                db.execute(sql)
    except BaseException:
        db.close()
        raise
    return db


def checkpoint(db: sqlite3.Connection) -> None:
    """Put what was written ahead into the file."""
    db.execute(_SQL["checkpoint"])
