"""A store of each keeper, new for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.store import Store
from tests.storage.keepers import KEEPERS


@pytest.fixture(params=KEEPERS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Open an empty store, and close it in the end."""
    opened = await KEEPERS[request.param](tmp_path)
    yield opened
    await opened.close()
