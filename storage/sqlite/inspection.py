"""Looks a database over without touching it: whether it is whole, and of which version."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from storage.errors import StorageError
from storage.migrate import STEPS
from storage.queries import load

_SQL = load("sqlite", "connection")
_MIGRATIONS = load("sqlite", "migrations")
_READING = load("sqlite", "reading")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was seen; `latest` is the version that this program brings a database to."""

    fault: str | None
    version: int
    latest: int
    stamp: str | None


def inspect(path: Path) -> Inspection:
    """Look a file over. Raises StorageError if it is no database or cannot be read."""
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as db:
            return _inspect(db)
    except sqlite3.Error as error:
        raise StorageError(f"{path}: {error}") from error


def _inspect(db: sqlite3.Connection) -> Inspection:
    (checked,) = db.execute(_SQL["quick_check"]).fetchone()
    fault, latest = None if checked == "ok" else str(checked), STEPS[-1].number
    if not db.execute(_MIGRATIONS["has_versions"]).fetchone():
        return Inspection(fault, 0, latest, None)
    (version,) = db.execute(_MIGRATIONS["version"]).fetchone()
    stamp = db.execute(_READING["get"], ("fence",)).fetchone() if version else None
    return Inspection(fault, version, latest, stamp[0] if stamp and stamp[0] else None)
