"""Queries: each has a name, a sentence and a use, and is right SQL for the schema we have."""

import re
import sqlite3
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from storage.migrate import migrate_sqlite
from storage.queries import load

FOLDER = files("storage").joinpath("sql", "sqlite")
SUBJECTS = sorted(
    file.name.removesuffix(".sql") for file in FOLDER.iterdir() if not file.name[0].isdigit()
)
STATEMENTS = {"select", "insert", "update", "delete", "create", "with"}
NOT_FOR_EXPLAIN = {"transactions", "connection"}
TAKEN_WHOLE = {"erasing", "held", "held_by_name"}  # every query of these files is asked


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:", isolation_level=None)
    migrate_sqlite(opened)
    yield opened
    opened.close()


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_query_fits_the_schema(subject: str, db: sqlite3.Connection) -> None:
    queries = load("sqlite", subject)

    for sql in filter(_is_whole, queries.values()) if subject not in NOT_FOR_EXPLAIN else ():
        db.execute(f"explain {sql}", nothing_for(sql))

    assert queries


def _is_whole(sql: str) -> bool:
    """Tell whether this is a statement by itself: audiences are put together of parts."""
    return "/*" not in sql and sql.split(maxsplit=1)[0] in STATEMENTS


def nothing_for(sql: str) -> tuple[None, ...] | dict[str, None]:
    """Give null for each parameter of a statement."""
    if named := re.findall(r":([a-z_]+)", sql):
        return dict.fromkeys(named)
    numbered = {int(n) for n in re.findall(r"\?(\d+)", sql)}
    return (None,) * max(numbered, default=sql.count("?"))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_query_has_a_sentence(subject: str) -> None:
    text = FOLDER.joinpath(f"{subject}.sql").read_text("utf-8")
    headings = re.findall(r"^-- \w+ --\n(.*)$", text, re.MULTILINE)

    assert len(headings) == len(load("sqlite", subject))
    assert all(line.startswith("-- ") for line in headings)


def test_every_query_is_used() -> None:
    code = "".join(path.read_text("utf-8") for path in Path("storage").rglob("*.py"))
    by_prefix = ("writer_", "reader_", "term_")  # taken by whom they are for

    unused = [
        name
        for subject in SUBJECTS
        if subject not in TAKEN_WHOLE
        for name in load("sqlite", subject)
        if f'"{name}"' not in code and not name.startswith(by_prefix)
    ]

    assert unused == []


def test_python_holds_no_sql() -> None:
    words = re.compile(r"\b(select|insert into|update \w+ set|delete from|create table)\b .*\b")
    holds = [
        path.name
        for path in Path("storage").rglob("*.py")
        if words.search(re.sub(r'""".*?"""', "", path.read_text("utf-8"), flags=re.DOTALL))
    ]

    assert holds == []


@pytest.mark.parametrize(
    ("subject", "name", "index"),
    [
        ("wakes", "due_wakes", "wakes_by_moment"),
        ("wakes", "next_wake", "wakes_by_moment"),
        ("wakes", "open_gates", "wakes_by_gate"),
        ("claiming", "waiting", "outbox_ready"),
        ("claiming", "next_due", "outbox_ready"),
        ("claiming", "next_priority", "outbox_ready"),
        ("outbox", "unresolved", "outbox_unknown"),
        ("outbox", "free_claimed", "outbox_in_flight"),
        ("outbox", "lose_posting", "outbox_in_flight"),
        ("outbox", "cancel_queued", "outbox_of"),
        ("receipts", "message_by_tag", "outbox_tags"),
        ("receipts", "message_by_ref", "outbox_refs"),
        ("ledger", "open_credits", "credits_open"),
        ("reading", "waiting_for_budget", "waiting_list"),
        ("reading", "calls_between", "calls"),
        ("inbox", "forget_strangers", "strangers_by_end"),
    ],
)
def test_the_cost_follows_what_is_due_not_what_exists(
    subject: str, name: str, index: str, db: sqlite3.Connection
) -> None:
    sql = load("sqlite", subject)[name]
    rows = db.execute(f"explain query plan {sql}", nothing_for(sql))
    plan = [str(row[3]) for row in rows]

    assert any(f"INDEX {index} " in step or step.endswith(index) for step in plan), plan
    assert not any(_reads_all(step) for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan


def _reads_all(step: str) -> bool:
    """Tell whether a step goes through a whole table; what a subquery found is no table."""
    return step.startswith("SCAN") and not ("INDEX" in step or "(subquery" in step)
