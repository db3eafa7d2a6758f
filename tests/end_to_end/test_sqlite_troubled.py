"""A disk that is full and a database that another process holds: refused, then all goes on."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest

from tests.end_to_end.real import PHONE, ROOT, Bot, serving, until
from tests.soak import SOAK

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(SOAK == 1, reason="takes long; test_outages.py is quick"),
]

ASKED = 5
REFUSED, TAKEN = 503, 200
BLOCK = bytes(4096)
HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("begin immediate")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of 9 MiB: room for the database and for what is written ahead."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", folder], check=True)  # noqa: S603, S607
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)  # noqa: S603, S607


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Leave no room on a disk for a while."""
    rest = disk / "rest"
    with rest.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(BLOCK)
    try:
        yield
    finally:
        rest.unlink()


@asynccontextmanager
async def held(database: Path) -> AsyncIterator[None]:
    """Let another process write to a database, and not come to an end."""
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, str(database), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    await other.stdout.readline()
    try:
        yield
    finally:
        other.kill()
        await other.wait()


async def ask(bot: Bot, status: int) -> list[str]:
    """Let Alice ask for help some times; gives the ids of what she wrote."""
    said = [bot.twilio.write(PHONE, "SUPPORT") for _ in range(ASKED)]
    answers = [(await bot.twilio.deliver(one))[0] for one in said]
    assert set(answers) == {status}
    return [one.sid for one in said]


async def repeat(bot: Bot, sids: list[str]) -> None:
    """Repeat what was refused, and wait until each is answered once."""
    before = len(bot.texts())
    for sid in sids * 2:
        assert (await bot.twilio.deliver(bot.twilio.messages[sid]))[0] == TAKEN
    await until(lambda: len(bot.texts()) == before + len(sids))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a disk")
async def test_a_disk_that_is_really_full_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        database = f"sqlite:///{disk}/bot.db"
        async with serving(tmp_path, DATABASE_URL=database) as bot:
            await bot.run("invite", str(ROOT / "examples" / "customers.csv"))
            await until(lambda: bool(bot.texts()))

            with filled(disk):
                refused = await ask(bot, REFUSED)
                await until(lambda: bot.told("database_unusable") > 0)

            await repeat(bot, refused)
            await until(lambda: bot.told("database_usable_again") > 0)
            assert bot.told("sms_not_stored") == bot.told("database_unusable") == 1


async def test_a_database_that_another_process_holds_for_long_loses_nothing(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as bot:
        await bot.run("invite", str(ROOT / "examples" / "customers.csv"))
        await until(lambda: bool(bot.texts()))

        async with held(tmp_path / "bot.db"):
            refused = await ask(bot, REFUSED)

        await repeat(bot, refused)
        assert bot.told("sms_not_stored") == 1
