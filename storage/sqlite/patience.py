"""Patience: for how long a connection waits while somebody else holds the database."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from storage.queries import load

_SQL = load("sqlite", "connection")


@contextmanager
def patient(db: sqlite3.Connection, milliseconds: int) -> Iterator[None]:
    """Wait no longer than this, and afterwards as long as before."""
    (usual,) = db.execute(_SQL["patience"]).fetchone()
    wait_up_to(db, milliseconds)
    try:
        yield
    finally:
        wait_up_to(db, usual)


def wait_up_to(db: sqlite3.Connection, milliseconds: int) -> None:
    """Wait no longer than this from now on."""
    db.execute(_SQL["set_patience"].replace("?", str(milliseconds)))
