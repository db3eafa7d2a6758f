"""What every test stands on: this machine only, asyncio, and one count for what repeats."""

from collections.abc import Iterator

import hypothesis
import pytest

from tests import network
from tests.soak import SOAK

hypothesis.settings.register_profile(
    "house", max_examples=50 * SOAK, deadline=None, derandomize=SOAK == 1
)
hypothesis.settings.load_profile("house")


@pytest.fixture(autouse=True)
def this_machine_only() -> Iterator[None]:
    """Fail a test that reached beyond this machine, even if the code under test hid the error."""
    network.attempts.clear()

    yield

    assert not network.attempts, f"beyond this machine: {network.attempts}"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio, as the bot does."""
    return "asyncio"
