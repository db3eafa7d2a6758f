"""Every story beside this file is played against the real app, and its journal checked."""

from importlib.resources import files
from pathlib import Path

import pytest

from bot.stories import read
from tests.stories.player import play

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent
STORIES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.txt"))}
SHIPPED = files("flows").joinpath("campaign.toml").read_text(encoding="utf-8")
OTHER_TERMS = {"waiting_list": ("# budget_megabytes = 3_600_000", "budget_megabytes = 3_000")}


def other_terms(name: str, folder: Path) -> Path | None:
    """Write the campaign file of a story that is not played under the shipped terms."""
    if name not in OTHER_TERMS:
        return None
    shipped, other = OTHER_TERMS[name]
    assert shipped in SHIPPED
    terms = folder / "campaign.toml"
    terms.write_text(SHIPPED.replace(shipped, other), encoding="utf-8")
    return terms


@pytest.mark.parametrize("name", STORIES)
async def test_a_story_comes_true(name: str, tmp_path: Path) -> None:
    story = read(STORIES[name])

    await play(story, tmp_path, other_terms(name, tmp_path))
