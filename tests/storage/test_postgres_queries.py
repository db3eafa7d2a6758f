"""PostgreSQL's queries: as SQLite's, each has a sentence and a use, and fits the schema."""

import re
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from storage.queries import load
from tests.postgres import fast

pytestmark = pytest.mark.anyio

FOLDER = files("storage").joinpath("sql", "postgres")
SUBJECTS = sorted(
    file.name.removesuffix(".sql") for file in FOLDER.iterdir() if not file.name[0].isdigit()
)
STATEMENTS = {"select", "insert", "update", "delete", "create", "with"}
TAKEN_WHOLE = {"erasing", "held", "held_by_name"}  # every query of these files is asked


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(await (await fast()).database(tmp_path))
    yield connection
    await connection.close()


async def test_every_query_fits_the_schema(db: "asyncpg.Connection[Any]") -> None:
    for subject in SUBJECTS:
        for sql in filter(_is_whole, load("postgres", subject).values()):
            await db.prepare(sql)


def _is_whole(sql: str) -> bool:
    """Tell whether this is a statement by itself: audiences are put together of parts."""
    is_part = "/*" in sql or re.search(r"(?<!:):[a-z]", sql)
    return not is_part and sql.split(maxsplit=1)[0] in STATEMENTS


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_query_has_a_sentence(subject: str) -> None:
    text = FOLDER.joinpath(f"{subject}.sql").read_text("utf-8")
    headings = re.findall(r"^-- \w+ --\n(.*)$", text, re.MULTILINE)

    assert len(headings) == len(load("postgres", subject))
    assert all(line.startswith("-- ") for line in headings)


def test_every_query_is_used() -> None:
    code = "".join(path.read_text("utf-8") for path in Path("storage/postgres").rglob("*.py"))

    unused = [
        name
        for subject in SUBJECTS
        if subject not in TAKEN_WHOLE
        for name in load("postgres", subject)
        if f'"{name}"' not in code and not name.startswith("term_")
    ]

    assert unused == []


async def test_the_cost_follows_what_is_due_not_what_exists(db: "asyncpg.Connection[Any]") -> None:
    await db.execute("set enable_seqscan = off")  # an empty table is read faster without an index
    await db.execute("set plan_cache_mode = force_generic_plan")
    expected = {
        ("reading", "due_wakes"): "wakes_by_moment",
        ("reading", "next_wake"): "wakes_by_moment",
        ("claiming", "waiting"): "outbox_ready",
        ("claiming", "next_due"): "outbox_ready",
        ("claiming", "priorities"): "outbox_ready",
        ("outbox", "unresolved"): "outbox_unknown",
        ("reading", "open_credits"): "credits_open",
        ("reading", "waiting_for_budget"): "waiting_list",
        ("reading", "calls_between"): "calls",
        ("receipts", "hold_message"): "outbox_tags",
    }

    for (subject, name), index in expected.items():
        sql = load("postgres", subject)[name]
        many = len(set(re.findall(r"\$(\d+)", sql)))
        await db.execute(f"prepare asked as {sql}")
        asked = f"({', '.join(['null'] * many)})" if many else ""
        plan = await db.fetch(f"explain execute asked {asked}")
        await db.execute("deallocate asked")
        assert any(index in row[0] for row in plan), (name, [row[0] for row in plan])
