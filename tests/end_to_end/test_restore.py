"""A backup of a house at work, started elsewhere: it hears everything, and says nothing."""

import asyncio
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from bot.fence import stamp
from storage.sqlite.backup import back_up
from tests.bot.sms_premises import sms_premises
from tests.end_to_end.real import PHONE, Bot, command, serving, until

pytestmark = pytest.mark.anyio


async def run(bot: Bot, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command(*words), cwd=bot.folder, env=bot.env, stdout=subprocess.PIPE
    )
    told, _ = await process.communicate()
    assert process.returncode == 0
    return told.decode()


def rows(folder: Path, query: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(folder / "bot.db")) as db:
        return db.execute(query).fetchall()


def asked(bot: Bot) -> set[str]:
    return {method for method, _ in bot.telegram.calls}


async def test_a_restored_copy_refuses_to_send_until_it_is_told(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    new.mkdir()
    async with sms_premises(old) as house:
        await house.invite()
        await house.work()
        await house.write("JOIN")
        await house.work()
        back_up(old / "bot.db", new / "bot.db", stamp(house.now))  # while it is at work
    shutil.copy(old / "secret.key", new)

    async with serving(new) as bot:
        status, _ = await bot.twilio.text(PHONE, "JOIN")  # the yes to what the old one has asked
        await until(lambda: bool(rows(new, "select 1 from outbox where state = 'ready'")))
        assert status == 200
        assert rows(new, "select state from journeys") == [("steps",)]
        assert "Nothing is sent from this database" in (new / "told.txt").read_text()
        assert bot.twilio.sent == []
        assert asked(bot) <= {"getme"}  # it takes no updates from its twin either

        assert "lifted" in await run(bot, "unfence", "--reason", "the old machine burnt")
        await until(lambda: bool(bot.texts()))
        await until(lambda: "getupdates" in asked(bot))
