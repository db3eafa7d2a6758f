"""What an idle bot with every channel carries: nothing that only some work needs."""

import subprocess
import sys

import pytest

HEAVY = ("PIL", "av", "cryptography", "holidays", "matplotlib", "numpy", "rich")
LOADED = (
    "import bot.plain_structlog, bot.app, bot.real, bot.messenger, sys; print(*sorted(sys.modules))"
)


PREPARED = """
import asyncio, sys
from bot.channels.sms import SmsSender, TwilioAccount

async def taken(refs): return frozenset()

print("twilio.rest" in sys.modules)
asyncio.run(SmsSender(TwilioAccount("AC1", "token", "https://bot.example"), taken).prepare())
print("twilio.rest" in sys.modules)
"""


@pytest.fixture(scope="module")
def modules() -> frozenset[str]:
    """Name what is loaded by a process that serves SMS and Telegram."""
    return frozenset(told_by(LOADED))


def told_by(code: str) -> list[str]:
    """Let a process of its own run some code, and read the words that it prints."""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)  # noqa: S603
    return told.stdout.decode().split()


@pytest.mark.parametrize("heavy", HEAVY)
def test_an_idle_bot_does_not_carry(heavy: str, modules: frozenset[str]) -> None:
    assert "telegram" in modules
    assert heavy not in modules


def test_the_sdk_of_sms_comes_when_the_first_message_is_to_leave() -> None:
    assert told_by(PREPARED) == ["False", "True"]
