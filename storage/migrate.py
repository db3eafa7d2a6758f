"""Migrations bring a database to this version: numbered files, in order, each in a transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from storage.errors import NewerDatabaseError
from storage.queries import load, migrations

_SQL = load("sqlite", "migrations")
_TRANSACTION = load("sqlite", "transactions")


@dataclass(frozen=True, slots=True)
class Step:
    """One migration."""

    number: int
    name: str
    script: str


STEPS = tuple(Step(*found) for found in migrations("sqlite"))


def migrate_sqlite(db: sqlite3.Connection, steps: tuple[Step, ...] = STEPS) -> int:
    """Apply what is missing, and tell how many steps that were.

    The connection leaves BEGIN and COMMIT to us (`isolation_level=None`). Raises
    NewerDatabaseError for a database of a later version, before anything is changed.
    """
    last = steps[-1].number
    version = _version(db)
    if version > last:
        raise NewerDatabaseError(
            f"the database has version {version}, this program knows {last}: use the newer one"
        )
    missing = [step for step in steps if step.number > version]
    return sum(_apply(db, step) for step in missing)


def _apply(db: sqlite3.Connection, step: Step) -> bool:
    """Apply one step, unless another process has been faster."""
    with _transaction(db):
        db.execute(_SQL["make_versions"])
        if _version(db) >= step.number:
            return False
        for statement in _statements(step.script):
            db.execute(statement)
        db.execute(_SQL["put_version"], (step.number, step.name))
        return True


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute(_TRANSACTION["begin"])
    try:
        yield
        db.execute(_TRANSACTION["commit"])
    except BaseException:
        db.execute(_TRANSACTION["rollback"])
        raise


def _version(db: sqlite3.Connection) -> int:
    """Tell how far a database has come; 0 for an empty one."""
    if not db.execute(_SQL["has_versions"]).fetchone():
        return 0
    row: tuple[int] = db.execute(_SQL["version"]).fetchone()
    return row[0]


def _statements(script: str) -> Iterator[str]:
    """Split a script; the semicolons inside a trigger do not end it."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
