"""No table is forgotten when somebody asks for their data, or asks to be forgotten.

Whoever adds a table says here what it means for people: it is handed out and erased, or it knows
nobody, and why.
"""

import re
import sqlite3

import pytest

from storage.migrate import migrate_sqlite
from storage.queries import load

# Not handed out: what it holds is nobody's own, or is handed out with something else.
NOT_HANDED_OUT = {
    "versions": "how far the schema has come",
    "watermarks": "up to when each feed is complete",
    "kept": "small values of the bot itself; managers' drafts that name somebody are erased",
    "leases": "which process does what",
    "lanes": "the pace of each channel",
    "inbox": "providers' ids of messages, so that none is handled twice; they name nobody",
    "quarantine": "reports from the operator that wait; those that name somebody are erased",
    "texts": "the words of consents, the same for many; the export adds the customer's own",
    "kinds": "sums over everybody",
    "audit": "what managers did, about customers by their alias",
    "broadcasts": "what managers said to many",
    "broadcast_counts": "sums over everybody",
    "reach": "a copy of customers, contacts and journeys for audiences",
    "unfound": "words that found no topic, without who said them",
}
# Not touched by an erasure, and why.
NOT_ERASED = NOT_HANDED_OUT | {
    "suppressions": "keyed hashes: nobody is written to again",
    "strangers": "keyed hashes that expire by themselves",
    "receipts": "they go with their message",
    "credit_moves": "the history of a credit that passes to the pseudonym; it names nobody",
}
ERASED_ELSEWHERE = {"quarantine", "kept"}  # by what they may be known by, see retention.sql


@pytest.fixture(scope="module")
def tables() -> set[str]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate_sqlite(db)
    found = db.execute("select name from sqlite_schema where type = 'table'").fetchall()
    db.close()
    return {name for (name,) in found if not name.startswith("sqlite_")}


def named_in(*subjects: str) -> set[str]:
    """Name the tables that these files read, change or empty."""
    text = " ".join(sql for s in subjects for sql in load("sqlite", s).values())
    return set(re.findall(r"\b(?:from|join|update|into) (\w+)", text))


def test_every_table_is_handed_out_or_says_why_not(tables: set[str]) -> None:
    handed_out = named_in("held", "held_by_name") - {"json_each", "broadcasts"}

    assert tables - handed_out == set(NOT_HANDED_OUT)


def test_every_table_is_erased_or_says_why_not(tables: set[str]) -> None:
    erased = named_in("erasing") - {"json_each", "broadcasts"}  # which is only looked at

    assert tables - erased == set(NOT_ERASED)
    assert named_in("retention") >= ERASED_ELSEWHERE


def test_no_table_that_knows_nobody_has_a_column_for_somebody(tables: set[str]) -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate_sqlite(db)
    of_people = {"customer", "address", "recipient", "phone", "email"}

    columns = {t: {row[1] for row in db.execute(f"pragma table_info({t})")} for t in tables}
    db.close()

    assert {t for t in NOT_HANDED_OUT if columns[t] & of_people} == {"reach"}


def test_an_erasure_looks_at_one_person_and_not_at_all() -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate_sqlite(db)
    few = {"incidents", "json_each"}  # of a campaign, and of one incident

    for sql in load("sqlite", "erasing").values():
        values = ("a", "erased-b")[: 2 if "?2" in sql else 1]
        plan = db.execute(f"explain query plan {sql}", values).fetchall()
        scanned = {step[3].split()[1] for step in plan if step[3].startswith("SCAN")}
        assert scanned <= few | {"broadcasts"}, sql
    db.close()
