"""Every story beside this file is played against the real app, and its journal checked."""

from pathlib import Path

import pytest

from bot.stories import read
from tests.stories.player import play

pytestmark = pytest.mark.anyio

STORIES = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
async def test_a_story_comes_true(path: Path, tmp_path: Path) -> None:
    story = read(path.read_text(encoding="utf-8"))
    terms = path.with_suffix(".toml")

    await play(story, tmp_path, terms if terms.exists() else None)
