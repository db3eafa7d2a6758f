"""Backs a database up while it is at work: one consistent file that says of itself it is a copy."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from storage.errors import StorageError
from storage.queries import load

STAMP = "fence"  # the kept value that says why a database may not send

_SQL = load("sqlite", "connection")
_READING = load("sqlite", "reading")


def back_up(source: Path, target: Path, stamp: str) -> None:
    """Copy a database as it stands at one moment, and stamp the copy.

    Writers are not held up. Of what was deleted nothing is carried along. The target appears whole
    or not at all; whatever was there before is replaced. Raises StorageError.
    """
    draft = target.with_name(f".{target.name}.part")
    try:
        draft.unlink(missing_ok=True)
        _copy(source, draft)
        _stamp(draft, stamp)
        draft.chmod(0o600)
        _flush(draft)
        draft.replace(target)
        _flush(target.parent)
    except (sqlite3.Error, OSError) as error:
        draft.unlink(missing_ok=True)
        raise StorageError(f"{target}: {error}") from error


def _copy(source: Path, draft: Path) -> None:
    opened = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
    with closing(opened) as db:
        db.execute(_SQL["copy_into"], (str(draft.absolute()),))


def _stamp(draft: Path, stamp: str) -> None:
    with closing(sqlite3.connect(draft)) as db, db:
        db.execute(_READING["put"], (STAMP, stamp))


def _flush(path: Path) -> None:
    """Have the disk know of a file or of a folder's names, so that a loss of power spares it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
