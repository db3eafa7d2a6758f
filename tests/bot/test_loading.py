"""What an idle bot with every channel carries: nothing that only some work needs."""

import subprocess
import sys

import pytest

HEAVY = ("PIL", "av", "cryptography", "holidays", "matplotlib", "numpy", "rich")
LOADED = (
    "import bot.plain_structlog, bot.app, bot.real, bot.messenger, sys; print(*sorted(sys.modules))"
)


@pytest.fixture(scope="module")
def modules() -> frozenset[str]:
    """Name what is loaded by a process that serves SMS and Telegram."""
    told = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)  # noqa: S603
    return frozenset(told.stdout.decode().split())


@pytest.mark.parametrize("heavy", HEAVY)
def test_an_idle_bot_does_not_carry(heavy: str, modules: frozenset[str]) -> None:
    assert "telegram" in modules
    assert heavy not in modules
