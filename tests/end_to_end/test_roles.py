"""One node hears, another works, and what they share is a PostgreSQL."""

from pathlib import Path

import pytest

from tests.end_to_end.real import CHAT, PHONE, ROOT, serving, until
from tests.end_to_end.test_channels import join_by_sms
from tests.postgres import fast

pytestmark = pytest.mark.anyio


async def test_what_one_node_hears_the_other_answers(tmp_path: Path) -> None:
    database = await (await fast()).database(tmp_path)
    async with serving(tmp_path, is_apart=True, DATABASE_URL=database) as bot:
        await bot.run("invite", str(ROOT / "examples" / "customers.csv"))
        await until(lambda: bool(bot.texts()))
        link = bot.texts()[0].rpartition("start=")[2]

        await join_by_sms(bot)
        assert (await bot.happen("portal.registered")).status == 200
        bot.telegram.say(CHAT, f"/start {link}", language="en")
        await until(lambda: bool(bot.chat()))

        shown = await bot.run("customer", PHONE)
        assert (shown["state"], shown["step"]) == ("steps", "video")
        assert len(shown["addresses"]) == 2
