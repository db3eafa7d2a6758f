"""What players report becomes the step's event once, in the same turn."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.film.viewings import TurnedViewings
from flows.watching import Range
from tests.bot.film_house import viewer_of
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import ALICE, DAY

pytestmark = pytest.mark.anyio

FILM_MS = 40_000


@dataclass(slots=True)
class Cinema:
    """A house in which films are watched."""

    house: ProgrammeHouse

    @property
    def viewings(self) -> TurnedViewings:
        return TurnedViewings(self.house.store, self.house.house, self.house.poke)

    async def play(self, *ranges: Range, wait_s: float = 4, film: str = "film") -> float:
        """Let time pass and the player report; gives the share that is believed then."""
        self.house.clock.at += timedelta(seconds=wait_s)
        told = await self.viewings.played(ALICE.number, film, FILM_MS, ranges)
        assert told is not None
        return told.share(film)

    async def watch(self, until_ms: int = FILM_MS, film: str = "film") -> None:
        """Play the film from its beginning."""
        await self.play(film=film)
        for start in range(0, until_ms, 4000):
            await self.play((start, min(start + 4000, until_ms)), film=film)

    async def kinds(self) -> list[str]:
        """Name the events of Alice's journal that are about the film."""
        journal = (await self.house.dossier()).journal
        return [row.kind for row in journal if row.kind == "VideoWatched"]


@pytest.fixture
async def cinema(tmp_path: Path) -> AsyncIterator[Cinema]:
    async with programme_house(tmp_path) as house:
        await house.invite()
        yield Cinema(house)


async def test_a_member_who_watches_the_film_is_credited_once(cinema: Cinema) -> None:
    await cinema.house.join()
    await cinema.watch()
    pokes = cinema.house.pokes
    await cinema.watch()
    await cinema.viewings.read(ALICE.number)

    credit = await cinema.house.credit("video")

    assert credit.megabytes == 600
    assert await cinema.kinds() == ["VideoWatched"]
    assert cinema.house.pokes > 0
    assert pokes > 0


async def test_ninety_per_cent_are_enough_and_less_is_not(cinema: Cinema) -> None:
    await cinema.house.join()
    await cinema.watch(until_ms=35_999)
    before = await cinema.kinds()

    share = await cinema.play((35_000, 36_000))

    assert before == []
    assert share == pytest.approx(0.9)
    assert await cinema.kinds() == ["VideoWatched"]


async def test_the_first_report_only_starts_the_clock(cinema: Cinema) -> None:
    await cinema.house.join()

    assert await cinema.play((0, 4000), wait_s=3600) == 0
    assert await cinema.play((0, 4000)) == pytest.approx(0.1)


async def test_another_film_is_watched_from_its_beginning(cinema: Cinema) -> None:
    await cinema.house.join()
    await cinema.watch(until_ms=20_000)

    await cinema.watch(until_ms=20_000, film="other")

    assert await cinema.kinds() == []


async def test_the_transcript_counts_as_the_film(cinema: Cinema) -> None:
    await cinema.house.join()

    read = await cinema.viewings.read(ALICE.number)

    assert read is not None
    assert read.has_watched
    assert (await cinema.house.credit("video")).step == "video"


async def test_who_watches_before_the_consent_is_credited_with_it(cinema: Cinema) -> None:
    await cinema.watch()
    await cinema.watch()
    early = await viewer_of(cinema.viewings, ALICE.number)
    held = (await cinema.house.dossier()).memory.credits

    await cinema.house.join()

    assert early is not None
    assert early.has_watched
    assert held == ()
    assert (await cinema.house.credit("video")).megabytes == 600
    assert await cinema.kinds() == ["VideoWatched"]


async def test_who_has_left_earns_nothing_and_fills_no_journal(cinema: Cinema) -> None:
    await cinema.house.join()
    await cinema.house.say("LEAVE")
    await cinema.house.say("JOIN")
    await cinema.house.pass_time(1)

    await cinema.watch()
    await cinema.play((0, 4000))

    journey = (await cinema.house.dossier()).memory.journey
    assert journey is not None
    assert not journey.is_member
    assert await cinema.kinds() == []


async def test_nobody_watches_under_an_unknown_number(cinema: Cinema) -> None:
    assert await cinema.viewings.by_token("x" * 22) is None
    assert await cinema.viewings.played("999999", "film", FILM_MS, ()) is None
    assert await cinema.viewings.read("999999") is None


async def test_what_was_watched_yesterday_counts_on_today(cinema: Cinema) -> None:
    await cinema.house.join()
    await cinema.watch(until_ms=20_000)
    cinema.house.clock.at += DAY

    await cinema.play()
    for start in range(20_000, 36_000, 4000):
        await cinema.play((start, start + 4000))

    assert await cinema.kinds() == ["VideoWatched"]
