"""The film in a real browser: watched means watched, also across a reload; skipping is not."""

import asyncio
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

import anyio
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.bot.carrier.serving import served
from tests.bot.film_house import (
    ALICES,
    BABAKS,
    Bills,
    FilmHouse,
    film_house,
    viewer_of,
    with_bills,
)
from tests.bot.programme_house import HandClock
from tests.cast import ALICE, BABAK, TERMS
from tests.messages.film.bills import PLAIN
from tests.soak import SOAK

CHROMIUM = shutil.which("chromium")
NO_BROWSER = "there is no browser: apt-get install chromium"
pytestmark = [pytest.mark.anyio, pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
PHONE, DESKTOP, SMALLEST = (390, 844), (1280, 800), (320, 568)
SPEED = 2 if SOAK == 1 else 1  # the fastest that counts; `make soak` watches at normal speed
MINUTE_MS = 60_000
HALF = re.compile("Watched: (48|49|5[0-9])%")


@dataclass(frozen=True, slots=True)
class Look:
    """How a browser looks at the pages."""

    size: tuple[int, int]
    is_dark: bool = False
    has_script: bool = True


ON_A_PHONE = Look(PHONE)
LOOKS = (ON_A_PHONE, Look(DESKTOP), Look(SMALLEST, is_dark=True))


class RunningClock(HandClock):
    """A clock that runs, and can be set ahead."""

    def __init__(self) -> None:
        super().__init__()
        self.since = monotonic()

    def __call__(self) -> datetime:
        return self.at + timedelta(seconds=monotonic() - self.since)


@dataclass(slots=True)
class Visit:
    """A page that is open, what stands behind it, and what it complained about or asked for."""

    page: Page
    house: FilmHouse
    address: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self.address}{path}")

    async def play(self, speed: float = SPEED) -> None:
        await self.page.evaluate(f"film.playbackRate = {speed}; film.play()")

    async def until(self, at_s: float) -> None:
        """Wait until the film has come to a second."""
        with anyio.fail_after(60):
            while await self.page.evaluate("film.currentTime") < at_s:  # noqa: ASYNC110  a page
                await asyncio.sleep(0.05)

    async def events(self) -> int:
        journal = (await self.house.programme.dossier()).journal
        return sum(row.kind == "VideoWatched" for row in journal)


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        await opened.close()


@pytest.fixture(scope="module")
async def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw Alice's film, once."""
    folder = tmp_path_factory.mktemp("films")
    async with film_house(tmp_path_factory.mktemp("house"), folder) as house:
        film = await house.films.of(ALICE.number, TERMS)
        house.films.prepare(film, "en")
        await house.films.orders.settle()
    return folder


@asynccontextmanager
async def visiting(
    browser: Browser,
    folder: Path,
    shelf: Path,
    look: Look = ON_A_PHONE,
    bills: Bills | None = None,
) -> AsyncIterator[Visit]:
    async with film_house(folder, shelf, bills, RunningClock()) as house, served(house.app) as at:
        context = await browser.new_context(
            viewport={"width": look.size[0], "height": look.size[1]},
            color_scheme="dark" if look.is_dark else "light",
            java_script_enabled=look.has_script,
        )
        visit = Visit(await context.new_page(), house, at)
        visit.page.on("console", lambda message: visit.complaints.append(message.text))
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.on("request", lambda request: visit.hosts.add(request.url.split("/")[2]))
        yield visit
        await context.close()
        assert visit.hosts <= {at.split("/")[2]}


async def test_who_watches_the_film_earns_the_credit_also_across_a_reload(
    browser: Browser, tmp_path: Path, shelf: Path
) -> None:
    async with visiting(browser, tmp_path, shelf) as visit:
        await visit.open(f"{ALICES}/film")
        await visit.play()
        await visit.until(18)
        await visit.page.evaluate("film.pause()")
        await expect(visit.page.locator("#percent")).to_have_text(HALF, timeout=9000)
        before = await visit.events()
        await visit.page.reload()
        await expect(visit.page.locator("#percent")).to_have_text(HALF)

        await visit.page.evaluate("film.currentTime = 17")
        await visit.play()
        await expect(visit.page.locator("#done")).to_be_visible(timeout=MINUTE_MS)

        duration_s = await visit.page.evaluate("film.duration")
        assert before == 0
        assert await visit.events() == 1
        assert (await visit.house.programme.credit("video")).megabytes == 600
        assert visit.complaints == []
        film = await visit.house.films.of(ALICE.number, TERMS)
        assert duration_s == pytest.approx(film.board.duration_ms / 1000, abs=0.05)


async def test_who_skips_to_the_end_earns_nothing(
    browser: Browser, tmp_path: Path, shelf: Path
) -> None:
    async with visiting(browser, tmp_path, shelf) as visit:
        await visit.open(f"{ALICES}/film")
        await visit.play()
        await visit.until(1)
        await visit.page.evaluate("film.currentTime = film.duration - 2")
        await visit.until(37)

        await expect(visit.page.get_by_role("status")).to_contain_text("skipped", timeout=9000)
        assert await visit.events() == 0
        viewer = await viewer_of(visit.house.viewings, ALICE.number)
        assert viewer is not None
        assert viewer.viewing is not None
        assert 0.03 < viewer.viewing.share < 0.2


async def test_a_film_that_is_being_drawn_comes_onto_the_stage(
    browser: Browser, tmp_path: Path, shelf: Path
) -> None:
    copies = (
        "import pathlib, shutil, sys, time; time.sleep(1);"
        f"made = sorted(pathlib.Path({str(shelf)!r}).glob('*-en.*'));"
        "shutil.copy(made[0], sys.argv[2]); shutil.copy(made[1], sys.argv[1])"
    )
    async with visiting(browser, tmp_path, tmp_path / "films") as visit:
        visit.house.films.orders._command = (sys.executable, "-c", copies)
        await visit.open(f"{ALICES}/film")

        await expect(visit.page.get_by_text("being drawn")).to_be_visible()
        await expect(visit.page.locator("video")).to_be_visible(timeout=MINUTE_MS)
        await expect(visit.page.get_by_text("being drawn")).to_be_hidden()
        await visit.play()
        await visit.until(0.5)


async def test_who_reads_the_transcript_without_javascript_earns_the_credit(
    browser: Browser, tmp_path: Path, shelf: Path
) -> None:
    async with visiting(browser, tmp_path, shelf, Look(PHONE, has_script=False)) as visit:
        page = visit.page
        await visit.open(f"{ALICES}/film")
        await expect(page.get_by_text("Without JavaScript")).to_be_visible()
        await page.get_by_role("link", name="the transcript").click()
        await page.get_by_role("button", name="Read", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("very fast")
        early = await visit.events()
        visit.house.programme.clock.at += timedelta(seconds=40)
        await page.get_by_role("button", name="Read", exact=True).click()

        await expect(page.get_by_text("Done!")).to_be_visible()
        assert early == 0
        assert await visit.events() == 1
        assert page.url.endswith("/film")


@pytest.mark.parametrize("look", LOOKS)
async def test_everybody_can_use_the_pages(
    browser: Browser, tmp_path: Path, shelf: Path, look: Look
) -> None:
    bills = with_bills()
    bills.of[BABAK.number] = PLAIN
    async with visiting(browser, tmp_path, shelf, look, bills) as visit:
        visit.house.films.orders._command = ("/nowhere/studio",)
        for path in (f"{ALICES}/film", f"{ALICES}/transcript", f"{BABAKS}/transcript", "/p/x/film"):
            await visit.open(path)
            found = await Axe().run(visit.page)
            too_wide = "document.documentElement.scrollWidth > innerWidth"

            assert found.response["violations"] == [], path
            assert not await visit.page.evaluate(too_wide), path
        assert [said for said in visit.complaints if "404" not in said] == []
