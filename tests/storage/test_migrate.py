"""Migrations: in order, each whole or not at all, and never on a database of a later version."""

import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from storage.errors import NewerDatabaseError, StorageError
from storage.migrate import STEPS, Step, migrate_sqlite
from storage.sqlite.store import SqliteStore
from tests.cast import ALICE
from tests.storage.keepers import add

pytestmark = pytest.mark.anyio


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=30)


def schema(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """List all that the database is made of."""
    return db.execute("select name, sql from sqlite_master order by name").fetchall()


def test_a_new_database_gets_all_steps_and_then_none(tmp_path: Path) -> None:
    db = connect(tmp_path / "bot.db")

    assert (migrate_sqlite(db), migrate_sqlite(db)) == (len(STEPS), 0)
    numbers = [step.number for step in STEPS]
    assert numbers == sorted(set(numbers))
    db.close()


def test_step_by_step_gives_the_same_as_all_at_once(tmp_path: Path) -> None:
    fresh, grown = connect(tmp_path / "fresh.db"), connect(tmp_path / "grown.db")
    migrate_sqlite(fresh)

    for last in range(1, len(STEPS) + 1):
        migrate_sqlite(grown, STEPS[:last])

    assert schema(grown) == schema(fresh)
    fresh.close()
    grown.close()


def test_an_old_database_keeps_its_rows(tmp_path: Path) -> None:
    db = connect(tmp_path / "bot.db")
    migrate_sqlite(db, STEPS[:1])
    db.execute("insert into kept (name, value) values ('a', 'b')")

    migrate_sqlite(db)

    assert db.execute("select value from kept").fetchall() == [("b",)]
    db.close()


def test_a_step_that_fails_leaves_nothing_of_itself(tmp_path: Path) -> None:
    db = connect(tmp_path / "bot.db")
    migrate_sqlite(db)
    before = schema(db)
    broken = Step(STEPS[-1].number + 1, "broken.sql", "create table t (n);\ninsert into nowhere;\n")

    with pytest.raises(sqlite3.OperationalError):
        migrate_sqlite(db, (*STEPS, broken))

    assert schema(db) == before
    assert migrate_sqlite(db) == 0
    db.close()


def _migrate(path: Path) -> None:
    db = connect(path)
    migrate_sqlite(db)
    db.close()


def test_two_processes_may_migrate_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    spawn = multiprocessing.get_context("spawn")
    both = [spawn.Process(target=_migrate, args=(path,)) for _ in range(2)]

    for process in both:
        process.start()
    for process in both:
        process.join()

    assert [process.exitcode for process in both] == [0, 0]


async def test_a_database_of_a_later_version_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    db = connect(path)
    migrate_sqlite(db, (*STEPS, Step(900, "900_future.sql", "create table future (n);\n")))
    db.close()

    with pytest.raises(NewerDatabaseError) as refused:
        await SqliteStore.open(path)

    assert str(refused.value).startswith("the database has version 900, this program knows ")
    assert "\n" not in str(refused.value)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    path.write_text("this is a letter, not a database, and it is long enough to tell")

    with pytest.raises(StorageError, match="file is not a database"):
        await SqliteStore.open(path)


async def test_a_store_that_is_opened_again_remembers(tmp_path: Path) -> None:
    first = await SqliteStore.open(tmp_path / "bot.db")
    await add(first, ALICE)
    await first.close()

    second = await SqliteStore.open(tmp_path / "bot.db")

    assert await second.customer_at(ALICE.contacts[0].address) == ALICE.number
    await second.close()
