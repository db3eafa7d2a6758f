"""The reels: what is fetched over and over stands in memory, as far as there is room."""

import os
from pathlib import Path

import pytest

from bot.film.reels import Reels
from bot.keys import Keys

pytestmark = pytest.mark.anyio


def reels_for(most_bytes: int) -> Reels:
    return Reels(Keys(b"key", lambda: ""), lambda: 0.0, most_bytes)


def film(folder: Path, name: str, size: int) -> Path:
    path = folder / name
    path.write_bytes(name.encode()[:1] * size)
    return path


async def test_there_are_never_more_bytes_than_there_is_room_for(tmp_path: Path) -> None:
    reels = reels_for(100)
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        reel = await reels.admit("token", name, film(tmp_path, name, 40))
        assert reel is not None

    assert sorted(path.name for path in reels._reels) == ["b.mp4", "c.mp4"]
    again = await reels.admitted("token", "a.mp4")
    assert again is not None
    assert again.content == b"a" * 40
    assert sum(len(reel.content) for reel in reels._reels.values()) <= 100


async def test_a_film_larger_than_the_room_is_given_all_the_same(tmp_path: Path) -> None:
    reels = reels_for(100)

    reel = await reels.admit("token", "a.mp4", film(tmp_path, "a.mp4", 300))

    assert reel is not None
    assert len(reel.content) == 300
    assert not reels._reels
    assert reels._bytes == 0


async def test_a_film_that_was_made_anew_is_read_anew(tmp_path: Path) -> None:
    reels, path = reels_for(100), film(tmp_path, "a.mp4", 30)
    await reels.admit("token", "a.mp4", path)

    path.write_bytes(b"new")
    os.utime(path, ns=(0, 12345))
    reel = await reels.admitted("token", "a.mp4")

    assert reel is not None
    assert reel.content == b"new"


async def test_a_film_that_is_gone_lets_nobody_in(tmp_path: Path) -> None:
    reels, path = reels_for(100), film(tmp_path, "a.mp4", 30)
    await reels.admit("token", "a.mp4", path)

    path.unlink()

    assert await reels.admitted("token", "a.mp4") is None
    assert await reels.admit("token", "a.mp4", path) is None
    assert reels._bytes == 0
