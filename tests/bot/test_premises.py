"""The premises: opened over a file, closed, and found again as they were."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import VirtualClock
from bot.premises import keep_offset, lanes_of
from bot.settings import Settings
from bot.terms import ChangedTermsError
from flows.customer import Channel
from flows.journey import Stage
from tests.bot.small_house import small_house
from tests.cast import NOON
from tests.stories.test_stories import SHIPPED

pytestmark = pytest.mark.anyio


def terms_file(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the shipped terms with changes."""
    text = SHIPPED
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "campaign.toml"
    path.write_text(text, encoding="utf-8")
    return path


RICHER = ("streak = 1800", "streak = 2000")
NEWER = ('version = "2027-01"', 'version = "2028-01"')


async def test_whoever_joined_is_there_after_a_restart(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await house.join()
        before = await house.dossier()

    async with small_house(tmp_path) as house:
        assert await house.dossier() == before
        assert (await house.journey()).stage is Stage.MEMBER


async def test_new_terms_hold_for_whoever_joins_under_them(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await house.join()

    async with small_house(tmp_path, terms_file(tmp_path, RICHER, NEWER)) as house:
        terms = house.premises.terms
        assert terms.of(await house.journey()).total_megabytes == 3600
        assert terms.current.total_megabytes == 3800


async def test_other_terms_under_an_old_version_stop_the_start(tmp_path: Path) -> None:
    async with small_house(tmp_path):
        pass

    with pytest.raises(ChangedTermsError, match="2027-01"):
        async with small_house(tmp_path, terms_file(tmp_path, RICHER)):
            raise AssertionError("it has opened")


async def test_a_yes_to_earlier_terms_is_asked_again(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await house.invite()
        await house.hear("JOIN")

    async with small_house(tmp_path, terms_file(tmp_path, RICHER, NEWER)) as house:
        await house.hear("JOIN")
        assert (await house.journey()).stage is Stage.ASKED
        await house.hear("YES")

        consent = (await house.journey()).consent
        assert consent is not None
        assert consent.version == "2028-01"
        await house.check()


async def test_the_virtual_clock_goes_on_where_it_was_left(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await keep_offset(house.store, timedelta(days=40))

    async with small_house(tmp_path) as house:
        assert house.now == NOON + timedelta(days=40)
        assert isinstance(house.premises.clock, VirtualClock)


async def test_the_key_is_made_once(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        first = house.premises.keys.secret

    async with small_house(tmp_path) as house:
        assert house.premises.keys.secret == first
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0


def test_in_the_sandbox_every_phone_is_served() -> None:
    lanes = lanes_of(Settings())

    assert lanes.lane(Channel.SMS) == "sms"
    assert lanes.lane(Channel.TELEGRAM) == "telegram"
