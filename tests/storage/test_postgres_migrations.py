"""Migrations on PostgreSQL: as on SQLite, and both come to the same tables and columns."""

import asyncio
import sqlite3
from pathlib import Path

import asyncpg
import pytest

from storage.errors import NewerDatabaseError, StorageError
from storage.migrate import STEPS as SQLITE_STEPS
from storage.migrate import Step, migrate_sqlite
from storage.postgres.database import Database
from storage.postgres.migrations import STEPS, UnpreparedDatabaseError, migrate_postgres
from storage.postgres.store import PostgresStore
from tests.postgres import fast, run

pytestmark = pytest.mark.anyio

COLUMNS = """
select table_name || '.' || column_name
from information_schema.columns
where table_schema = 'public'
"""
SCHEMA = """
select 'column', table_name, column_name, data_type, is_nullable, coalesce(column_default, '')
from information_schema.columns
where table_schema = 'public'
union all
select 'index', tablename, indexname, indexdef, '', ''
from pg_indexes
where schemaname = 'public'
union all
select 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), '', ''
from pg_trigger
where not tgisinternal
union all
select 'function', proname, prosrc, '', '', ''
from pg_proc
where pronamespace = 'public'::regnamespace
order by 1, 2, 3, 4
"""
BROKEN = Step(STEPS[-1].number + 1, "broken.sql", "create table t (n int);\nselect 1 / 0;\n")


async def read(url: str, sql: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def migrate(url: str, steps: tuple[Step, ...] = STEPS) -> int:
    database = await Database.open(url)
    try:
        return await migrate_postgres(database, steps)
    finally:
        await database.close()


@pytest.fixture
async def empty() -> str:
    return await (await fast()).empty("migrated")


async def test_step_by_step_gives_the_same_as_all_at_once(empty: str, tmp_path: Path) -> None:
    fresh = await (await fast()).database(tmp_path)

    for last in range(1, len(STEPS) + 1):
        assert await migrate(empty, STEPS[:last]) == 1

    assert await migrate(empty) == 0
    assert await read(empty, SCHEMA) == await read(fresh, SCHEMA)


async def test_both_keepers_have_the_same_tables_and_columns(tmp_path: Path) -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate_sqlite(db)
    tables = db.execute("select name from sqlite_master where type in ('table', 'view')").fetchall()
    on_file = {
        f"{table}.{column}"
        for (table,) in tables
        for (column,) in db.execute("select name from pragma_table_info(?)", (table,))
    }
    db.close()

    on_server = {name for (name,) in await read(await (await fast()).database(tmp_path), COLUMNS)}

    theirs_alone = {
        "sqlite_sequence",
        "standings",
        "shapes",
    }  # views that PostgreSQL has as functions
    assert {name for name in on_file if name.partition(".")[0] not in theirs_alone} == on_server


def test_both_keepers_take_the_same_steps() -> None:
    assert [(s.number, s.name) for s in STEPS] == [(s.number, s.name) for s in SQLITE_STEPS]


async def test_a_step_that_fails_leaves_nothing_of_itself(empty: str) -> None:
    await migrate(empty)
    before = await read(empty, SCHEMA)

    with pytest.raises(StorageError, match=r"broken\.sql: division by zero"):
        await migrate(empty, (*STEPS, BROKEN))

    assert await read(empty, SCHEMA) == before
    assert await migrate(empty) == 0


async def test_several_may_migrate_at_the_same_time(empty: str) -> None:
    done = await asyncio.gather(*(migrate(empty) for _ in range(3)))

    assert sorted(done) == [0, 0, len(STEPS)]


async def test_a_database_of_another_version_is_not_opened(empty: str) -> None:
    with pytest.raises(UnpreparedDatabaseError, match="statthotline migrate"):
        await PostgresStore.open(empty)
    await migrate(empty, (*STEPS, Step(900, "900_future.sql", "create table future (n int)")))

    with pytest.raises(NewerDatabaseError, match="has version 900"):
        await PostgresStore.open(empty)
    with pytest.raises(NewerDatabaseError, match="use the newer one"):
        await PostgresStore.prepare(empty)


async def test_an_old_database_keeps_its_rows(empty: str) -> None:
    await migrate(empty, STEPS[:1])
    await run(
        empty,
        "insert into customers values ('1', 'de', 'consent', null, null, null, 0)",
        "insert into contacts values ('tel:+491713920011', '1', 0, null, null, 5)",
        "insert into journeys values ('1', 'steps', 'video', 0, 0,"
        """ '{"customer":"1","language":"en","enrolled_at":"2027-01-01T00:00:00Z"}')""",
    )

    await migrate(empty)

    [reached] = await read(empty, "select language, state, has_basis, seen_at, route from reach")
    assert reached == ("en", "steps", True, 1798761600, "0s")
