"""Bad weather: a full disk, a locked database, another version of the program, a wrong clock.

What comes in meanwhile is refused with 503, the provider repeats it, and everything goes on by
itself afterwards: nothing that was acknowledged is lost, and nothing is answered twice.
"""

import io
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import structlog

from bot.cli import main
from bot.logs import configure
from bot.setting_values import LogLevel
from storage.memory import Key
from storage.migrate import STEPS, Step, migrate_sqlite
from storage.sqlite.store import SqliteStore
from tests.bot.sms_premises import SmsPremises, sms_premises
from tests.cast import ALICE, BABAK
from tests.fakes.twilio_payloads import Sms
from tests.storage.keepers import add, recall

pytestmark = pytest.mark.anyio

PHONE = ALICE.contacts[0].address.value
REFUSED, TAKEN = 503, 200
SOON = timedelta(seconds=20)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Log as the bot does, into a text."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure(LogLevel.INFO, stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


async def ask(house: SmsPremises) -> tuple[Sms, int]:
    """Let Alice ask for help; gives what was said, and our answer's status."""
    said = house.twilio.write(PHONE, "SUPPORT")
    return said, await deliver(house, said)


async def deliver(house: SmsPremises, said: Sms) -> int:
    status, _ = await house.twilio.deliver(said)
    return status


async def on_writer(house: SmsPremises, *statements: str) -> None:
    """Tell the connection that writes something that only the disk would."""
    store = house.store
    assert isinstance(store, SqliteStore)
    for statement in statements:
        await store.rights.between(partial(_execute, statement))


def _execute(statement: str, db: sqlite3.Connection) -> list[object]:
    return db.execute(statement).fetchall()


async def answered_once(house: SmsPremises, asked: list[tuple[Sms, int]]) -> None:
    """Let the provider repeat the latest twice, and check that each was answered once."""
    for said, _ in asked[-5:] * 2:
        assert await deliver(house, said) == TAKEN
    await house.work(SOON)
    rows = (await house.dossier()).messages
    assert [row.line for row in rows].count("Help") == len(asked)
    assert len(house.texts()) == 1 + len(asked)
    await house.check()


async def test_a_full_disk_refuses_what_comes_and_loses_nothing(
    tmp_path: Path, written: io.StringIO
) -> None:
    async with sms_premises(tmp_path) as house:
        await house.invite()
        await house.work()
        await on_writer(house, "pragma max_page_count = 1")  # no more than there are

        asked = [await ask(house)]
        while asked[-1][1] != REFUSED:
            asked.append(await ask(house))
        asked += [await ask(house) for _ in range(3)]
        await on_writer(house, "pragma max_page_count = 4294967294")

        assert {status for _, status in asked[-4:]} == {REFUSED}
        assert written.getvalue().count('"event": "sms_not_stored"') == 1
        await answered_once(house, asked)


async def test_a_locked_database_refuses_what_comes_and_loses_nothing(
    tmp_path: Path, written: io.StringIO
) -> None:
    async with sms_premises(tmp_path) as house:
        await house.invite()
        await house.work()
        await on_writer(house, "pragma busy_timeout = 20")

        with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as other:
            other.execute("begin immediate")
            asked = [await ask(house) for _ in range(3)]
            other.execute("rollback")

        assert {status for _, status in asked} == {REFUSED}
        assert written.getvalue().count('"event": "sms_not_stored"') == 1
        await answered_once(house, asked)


async def test_a_clock_that_runs_ahead_for_a_while_stops_nothing(tmp_path: Path) -> None:
    async with sms_premises(tmp_path) as house:
        await house.invite()
        await house.work()
        right = house.now

        house.clock.at = right + timedelta(days=2)
        first = await ask(house)
        await house.work()
        house.clock.at = right
        second = await ask(house)
        house.clock.at = right - timedelta(days=1)
        third = await ask(house)
        house.clock.at = right

        await answered_once(house, [first, second, third])


# --- versions -----------------------------------------------------------------------------------


async def test_a_program_at_work_goes_on_while_a_newer_one_migrates(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "bot.db")
    await add(store, ALICE)
    newer = (*STEPS, Step(999, "newer.sql", "create table newer (n integer);\n"))

    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as db:
        migrate_sqlite(db, newer)
    await add(store, BABAK)

    assert (await recall(store, Key(customer=BABAK.number))).customer == BABAK
    await store.close()


@pytest.mark.parametrize("word", ["serve", "migrate"])
def test_an_older_program_does_not_touch_a_newer_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///bot.db")
    with closing(sqlite3.connect("bot.db", isolation_level=None)) as db:
        db.execute("pragma journal_mode = wal")
        migrate_sqlite(db)
        db.execute("insert into versions (number, name) values (999, 'newer.sql')")
    before = Path("bot.db").read_bytes()

    with pytest.raises(SystemExit) as ended:
        main([word])

    assert ended.value.code == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "version 999" in line
    assert Path("bot.db").read_bytes() == before
