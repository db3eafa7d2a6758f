"""The bot with real channels: invited by SMS, joined by SMS, gone on in Telegram."""

import hashlib
import re
from datetime import datetime
from pathlib import Path

import pytest

from bot.web.sms import NOTHING
from tests.end_to_end.real import CHAT, PHONE, ROOT, Bot, later, serving, until

pytestmark = pytest.mark.anyio

SAMPLES = ROOT / "examples" / "customers.csv"


async def test_invited_by_sms_joined_by_sms_and_gone_on_in_telegram(tmp_path: Path) -> None:
    async with serving(tmp_path) as bot:
        report = await bot.run("invite", str(SAMPLES))
        await until(lambda: bool(bot.texts()))
        link = re.findall(r"start=(\S+)", bot.texts()[0])[0]

        sid = await join_by_sms(bot)
        assert (await bot.happen("portal.registered")).status == 200
        await go_on_in_telegram(bot, link)
        await answer_late_by_sms(bot)

        await until(lambda: len({sms.to for sms in bot.twilio.sent}) == report["invited"])
        assert report["rejected"] == []
        shown = await bot.run("customer", PHONE)
        assert (shown["state"], shown["step"]) == ("steps", "video")
        assert len(shown["addresses"]) == 2
        proof, words = shown["consent"], bot.texts()[1]
        assert proof["text_hash"] == hashlib.sha256(words.encode()).hexdigest()
        assert proof["message_id"] == sid
        assert proof["version"] in words
        assert datetime.fromisoformat(proof["at"]) < later()


async def join_by_sms(bot: Bot) -> str:
    """Answer the invitation and the consent; the second answer is delivered three times."""
    assert await bot.twilio.text(PHONE, "JOIN") == (200, NOTHING)
    await until(lambda: len(bot.texts()) == 2)
    said = bot.twilio.write(PHONE, "JOIN")
    for _ in range(3):
        assert (await bot.twilio.deliver(said))[0] == 200
    await until(lambda: len(bot.texts()) == 3)
    assert "You are in." in bot.texts()[2]
    return said.sid


async def go_on_in_telegram(bot: Bot, link: str) -> None:
    """Open the link of the invitation, twice: the same step, one greeting."""
    bot.telegram.say(CHAT, f"/start {link}", language="en")
    await until(lambda: len(bot.chat()) == 1 and len(bot.texts()) == 4)
    assert "right where you were" in bot.chat()[0]
    assert "Portal: being booked" in bot.chat()[0]
    assert "we continue in Telegram" in bot.texts()[3]
    bot.telegram.say(CHAT, f"/start {link}", language="en")
    await until(lambda: len(bot.chat()) == 2)
    assert "right where you were" not in bot.chat()[1]
    bot.telegram.say(CHAT, "next", language="en")
    await until(lambda: len(bot.chat()) == 3)
    assert "600 MB</b> for the film" in bot.chat()[2]


async def answer_late_by_sms(bot: Bot) -> None:
    """Say JOIN once more where it was asked; it is acknowledged and changes nothing."""
    assert (await bot.twilio.text(PHONE, "JOIN"))[0] == 200
    await until(lambda: len(bot.texts()) == 5)
    assert "portal being booked" in bot.texts()[4]
