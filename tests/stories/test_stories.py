"""Every story beside this file is played against the real app, and its journal checked."""

from pathlib import Path

import pytest

from bot.stories import read
from tests.stories.player import play

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent
STORIES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.txt"))}
TERMS = {path.stem: path for path in HERE.glob("*.toml")}  # of stories under other terms


@pytest.mark.parametrize("name", STORIES)
async def test_a_story_comes_true(name: str, tmp_path: Path) -> None:
    story = read(STORIES[name])

    await play(story, tmp_path, TERMS.get(name))
