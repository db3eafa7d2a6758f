"""Every story beside this file is played against the real app, and its journal checked."""

import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from bot.stories import read
from tests.postgres import fast
from tests.soak import SOAK
from tests.stories.player import Player, Said, play

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


MANY_SIDED = ("waiting_list", "moving_to_telegram", "stop_and_start", "an_objection")
# Links are random, and each stage has a port of its own.
CHANCE = re.compile(r"(?<=127\.0\.0\.1):\d+|(?<=/p/|/u/)[\w-]+|(?<=start=)[\w-]+")


def transcript(player: Player) -> list[Said]:
    """Give all that was said, but for what chance has put into it."""
    # At one moment two lanes leave in any order; what one of them says keeps its own.
    said = sorted(player.said, key=lambda said: (said.at, said.channel))
    return [replace(one, text=CHANCE.sub("…", one.text)) for one in said]


@pytest.mark.parametrize("name", STORIES)
async def test_a_story_comes_true(name: str, tmp_path: Path) -> None:
    await play(read(STORIES[name]), tmp_path, other_terms(name, tmp_path))


@pytest.mark.parametrize("name", STORIES if SOAK > 1 else MANY_SIDED)
async def test_a_story_reads_the_same_on_both_keepers(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story, terms = read(STORIES[name]), other_terms(name, tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)  # where the phones keep their screens if the bot has no file

    on_file = await play(story, tmp_path, terms)
    on_server = await play(story, elsewhere, terms, await (await fast()).database(elsewhere))

    assert transcript(on_server) == transcript(on_file)
