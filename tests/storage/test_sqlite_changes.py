"""What is written for good stays as it was written, and every balance is the sum of its entries."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.credit import CreditState
from storage.changes import Append, Audit, Book, PutCredit
from storage.errors import UnbalancedError
from storage.migrate import migrate_sqlite
from storage.records import act_hash
from storage.sqlite.changes import apply
from tests.cast import ALICE, DAY, NOON
from tests.storage.test_store_ledger import VIDEO

ACCOUNTS = st.sampled_from(["budget", "released", "liability:1", "liability:2", "delivered:1"])


def open_database(where: str = ":memory:") -> sqlite3.Connection:
    db = sqlite3.connect(where, isolation_level=None)
    migrate_sqlite(db)
    return db


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_database(str(tmp_path / "bot.db"))
    yield opened
    opened.close()


def test_every_act_of_a_person_is_linked_to_the_one_before(db: sqlite3.Connection) -> None:
    acts = [Audit(NOON + n * DAY, "9001", "invite", f"file {n}") for n in range(3)]

    for act in acts:
        apply(db, act)

    tail = b""
    for n, kept in db.execute("select n, hash from audit order by n").fetchall():
        act = acts[n - 1]
        tail = act_hash(tail, n, act.at, act.actor, act.act, act.about)
        assert kept == tail


@pytest.mark.parametrize(
    ("rewrite", "remove"),
    [
        ("update audit set act = 'nothing'", "delete from audit"),
        ("update credit_moves set state = 'confirmed'", "delete from credit_moves"),
        ("update ledger set what = 'gift'", "delete from ledger"),
        ("update entries set megabytes = 7", "delete from entries"),
    ],
)
def test_history_is_neither_rewritten_nor_removed(
    db: sqlite3.Connection, rewrite: str, remove: str
) -> None:
    apply(db, Audit(NOON, "9001", "invite", "file"))
    apply(db, PutCredit(VIDEO))
    apply(db, Book(NOON, "reserve", ALICE.number, (("budget", -1), ("liability:1", 1))))

    for sql in (rewrite, remove):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(sql)


def test_a_journal_row_is_not_rewritten(db: sqlite3.Connection) -> None:
    apply(db, Append(ALICE.number, 1, NOON, NOON, "Invited", "{}", "manager", "", b"hash"))

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute("update journal set body = 'forged'")


def test_a_credit_has_a_row_for_every_state_it_came_into(db: sqlite3.Connection) -> None:
    requested = replace(VIDEO, state=CreditState.REQUESTED, moved_at=NOON + DAY)
    for credit in (VIDEO, replace(VIDEO, note="later"), requested, requested):
        apply(db, PutCredit(credit))

    moves = db.execute("select n, state from credit_moves order by n").fetchall()

    assert moves == [(1, "earned"), (2, "requested")]


@given(st.lists(st.lists(st.tuples(ACCOUNTS, st.integers(-5, 5)), max_size=4), max_size=12))
def test_balances_are_the_sums_of_their_entries(bookings: list[list[tuple[str, int]]]) -> None:
    db = open_database()

    for entries in bookings:
        book = Book(NOON, "test", ALICE.number, tuple(entries))
        if sum(megabytes for _, megabytes in entries) == 0:
            apply(db, book)
        else:
            with pytest.raises(UnbalancedError):
                apply(db, book)

    summed = db.execute("select account, sum(megabytes) from entries group by 1 order by 1")
    kept = db.execute("select name, megabytes from accounts order by 1").fetchall()
    assert kept == summed.fetchall()
    total, kinds = db.execute(
        "select (select total(megabytes) from entries), (select total(megabytes) from kinds)"
    ).fetchone()
    assert (total, kinds) == (0, 0)
    db.close()
