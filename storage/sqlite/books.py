"""The books in SQLite: credits, the ledger, the managers' chain."""

import sqlite3

from storage.changes import Audit, Book, PutCredit
from storage.errors import UnbalancedError
from storage.queries import load
from storage.records import act_hash, to_int, to_int_or_none

_SQL = load("sqlite", "ledger")


def put_credit(db: sqlite3.Connection, change: PutCredit) -> None:
    """Write a credit and, if its state changed, the row of its history."""
    credit, key = change.credit, change.credit.id.bytes
    known: tuple[str, int] | None = db.execute(_SQL["credit_state"], (key,)).fetchone()
    state, moves = known or (None, 0)
    moved_at = to_int(credit.moved_at)
    db.execute(
        _SQL["put_credit"],
        (
            key, credit.customer, credit.step, credit.cycle, credit.megabytes, credit.state,
            to_int(credit.earned_at), moved_at, credit.provider_id, credit.attempts,
            to_int_or_none(credit.poll_at), to_int_or_none(credit.usable_until), credit.note,
        ),
    )  # fmt: skip
    if credit.state != state:
        move = (key, moves + 1, credit.state, moved_at, credit.provider_id, credit.note)
        db.execute(_SQL["add_move"], move)


def book(db: sqlite3.Connection, change: Book) -> None:
    """Append one ledger transaction. Raises UnbalancedError."""
    if sum(megabytes for _, megabytes in change.entries) != 0:
        raise UnbalancedError
    credit = change.credit.bytes if change.credit else None
    row = (to_int(change.at), change.what, change.customer, credit)
    booking = db.execute(_SQL["book"], row).lastrowid
    for n, (account, megabytes) in enumerate(change.entries, start=1):
        db.execute(_SQL["add_entry"], (booking, n, account, megabytes))
        db.execute(_SQL["add_to_account"], (account, megabytes))
        db.execute(_SQL["add_to_kind"], (account.partition(":")[0], megabytes))


def audit(db: sqlite3.Connection, change: Audit) -> None:
    """Link what somebody did to the end of the managers' chain."""
    last: tuple[int, bytes] | None = db.execute(_SQL["last_audit"]).fetchone()
    n, tail = last or (0, b"")
    row = (n + 1, to_int(change.at), change.actor, change.act, change.about)
    linked = act_hash(tail, n + 1, change.at, change.actor, change.act, change.about)
    db.execute(_SQL["add_audit"], (*row, linked))
