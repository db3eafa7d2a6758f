"""PostgreSQL goes away for a while: what comes in is refused, then all goes on by itself."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.end_to_end.real import PHONE, ROOT, Bot, serving, until
from tests.fakes.twilio_payloads import Sms
from tests.fakes.wire import Wire
from tests.postgres import fast
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

GONE_S = min(3.0 * SOAK, 60.0)  # beyond what it takes the workers to see it
AN_HOUR = timedelta(hours=1, minutes=1)
REFUSED, TAKEN = 503, 200


async def deliver(bot: Bot, said: Sms) -> int:
    status, _ = await bot.twilio.deliver(said)
    return status


@pytest.mark.skipif(SOAK == 1, reason="takes long; test_outages_on_postgres.py is quick")
async def test_what_is_refused_meanwhile_is_repeated_or_listed_within_the_hour(
    tmp_path: Path,
) -> None:
    database = await (await fast()).database(tmp_path)
    async with Wire(database) as wire, serving(tmp_path, DATABASE_URL=wire.url) as bot:
        await bot.run("invite", str(ROOT / "examples" / "customers.csv"))
        await until(lambda: bool(bot.texts()))

        wire.break_off()
        lost, *said = (bot.twilio.write(PHONE, "SUPPORT") for _ in range(5))
        assert {await deliver(bot, one) for one in (lost, *said)} == {REFUSED}
        await until(lambda: bot.told("database_unusable") > 0)
        await asyncio.sleep(GONE_S)
        wire.mend()

        assert {await deliver(bot, one) for one in said} == {TAKEN}
        await until(lambda: len(bot.texts()) == 1 + len(said))
        bot.jump(AN_HOUR)
        await until(lambda: len(bot.texts()) == 2 + len(said))
        bot.jump(timedelta())
        assert await deliver(bot, bot.twilio.write(PHONE, "STATUS")) == TAKEN
        await until(lambda: len(bot.texts()) == 3 + len(said))
        await until(lambda: bot.told("database_usable_again") > 0)
        for once in ("sms_not_stored", "database_unusable", "database_usable_again"):
            assert bot.told(once) == 1
