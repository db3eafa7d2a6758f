"""The programme page in a real browser: joining, watching, leaving, and everybody can use it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.app import Stage
from bot.film.films import Film
from bot.premises import Premises
from bot.turns.personal_links import PersonalLinks, revealed
from flows.customer import Customer
from flows.events import AppInstalled, HotlineCalled, PortalRegistered, VideoWatched
from storage.changes import Decision
from storage.memory import Key
from tests.cast import ALICE, NOON
from tests.soak import SOAK
from tests.stories.player import on_stage

CHROMIUM = shutil.which("chromium")
NO_BROWSER = "there is no browser: apt-get install chromium"
pytestmark = [pytest.mark.anyio, pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
PHONE, DESKTOP, SMALLEST = (390, 844), (1280, 800), (320, 568)
MINUTE_MS = 60_000
IS_SHORT = SOAK == 1  # `make soak` watches the whole film


@dataclass(frozen=True, slots=True)
class Look:
    """How a browser looks at the pages."""

    size: tuple[int, int] = PHONE
    is_dark: bool = False
    has_script: bool = True


LOOKS = (Look(), Look(DESKTOP), Look(SMALLEST, is_dark=True))


@dataclass(slots=True)
class Visit:
    """A page over the whole sandbox, what it complained about, and whom it asked for anything."""

    page: Page
    stage: Stage
    premises: Premises
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    async def link(self, customer: Customer = ALICE) -> str:
        """Mint the link of an invitation by e-mail."""
        house = self.premises.house
        links = PersonalLinks(house, customer, house.clock())
        address = links.page
        assert address is not None
        await self.premises.store.turn(Key(), lambda _: Decision(None, tuple(links.minted)))
        return revealed(address, house.keys)

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name).first.click()

    async def join(self) -> str:
        """Follow the link of an invitation, and consent; gives the link."""
        address = await self.link()
        await self.page.goto(address)
        await self.press("Join")
        await expect(self.page.get_by_role("status")).to_contain_text("read the consent")
        await expect(self.page.locator(".consent")).to_contain_text("We store your JOIN as proof")
        await self.press("Yes, I agree")
        await expect(self.page.get_by_role("heading", level=1)).to_have_text("0 of 3 steps done")
        return address


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        await opened.close()


@asynccontextmanager
async def visiting(
    browser: Browser, folder: Path, look: Look | None = None
) -> AsyncIterator[Visit]:
    look, began = look or Look(), monotonic()

    def clock() -> datetime:
        return NOON + timedelta(seconds=monotonic() - began)

    async with on_stage(folder, clock) as (stage, premises, _):
        await premises.turns.invite(ALICE, is_held_out=False)
        context = await browser.new_context(
            viewport={"width": look.size[0], "height": look.size[1]},
            color_scheme="dark" if look.is_dark else "light",
            java_script_enabled=look.has_script,
            locale="en-GB",
        )
        visit = Visit(await context.new_page(), stage, premises)
        visit.page.on("console", lambda message: visit.complaints.append(message.text))
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.on("request", lambda request: visit.hosts.add(request.url.split("/")[2]))
        yield visit
        await context.close()
        assert len(visit.hosts) == 1


async def shelve(visit: Visit) -> None:
    """Draw Alice's film; of a short one only the first scene."""
    films, terms = visit.stage.pages.films, visit.premises.terms.current
    film = films.general(terms)
    if IS_SHORT:
        board = replace(film.board, scenes=film.board.scenes[:1])
        film = Film("0" * 24, films._owner(ALICE.number), board)
    films._remember(films._owner(ALICE.number), film, visit.premises.clock())
    films.prepare(film, "en")
    await films.orders.settle()


async def test_from_the_invitation_to_the_credit_for_the_film(
    browser: Browser, tmp_path: Path
) -> None:
    async with visiting(browser, tmp_path) as visit:
        page = visit.page
        await shelve(visit)
        await visit.join()

        await page.get_by_text("How it is done: Film").click()
        await page.get_by_role("link", name="Watch the film").click()
        await page.evaluate("film.play()")
        await expect(page.locator("#done")).to_be_visible(timeout=2 * MINUTE_MS)
        await page.get_by_role("link", name="To your page").click()
        await expect(page.locator(".steps")).to_contain_text("being booked")
        await visit.stage.mover.advance("PT2M")
        await page.reload()

        await expect(page.get_by_role("heading", level=1)).to_have_text("1 of 3 steps done")
        await expect(page.locator(".steps .credited")).to_contain_text("Film about your bill")
        await expect(page.locator(".booked")).to_have_text("Booked: 600 MB")
        assert visit.complaints == []


async def test_whoever_reads_the_transcript_comes_back_with_a_step_done(
    browser: Browser, tmp_path: Path
) -> None:
    async with visiting(browser, tmp_path, Look(has_script=False)) as visit:
        page = visit.page
        await shelve(visit)
        address = await visit.join()

        await page.goto(f"{address}/transcript")
        await visit.press("Read")
        early = page.get_by_role("alert")
        await expect(early).to_contain_text("very fast")
        await visit.stage.mover.advance("PT2M")
        await visit.press("Read")
        await expect(page.get_by_text("Done!")).to_be_visible()
        await page.get_by_role("link", name="To your page").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("1 of 3 steps done")


async def test_everything_works_without_javascript(browser: Browser, tmp_path: Path) -> None:
    async with visiting(browser, tmp_path, Look(has_script=False)) as visit:
        page = visit.page
        await visit.join()
        told = page.get_by_role("status")

        await visit.press("Deutsch")
        await expect(told).to_contain_text("auf Deutsch")
        await visit.press("English")
        await page.get_by_text("Leave", exact=True).click()
        await visit.press("Leave the programme")
        await expect(page.locator(".ask")).to_contain_text("Up to 3.6 GB are still open")
        await visit.press("No, stay in")
        await expect(told).to_contain_text("everything stays as it is")
        await visit.press("Turn off")
        await expect(told).to_contain_text("do not write there")
        await visit.press("Turn on")
        await visit.press("No call of mine")
        await expect(page.get_by_text("It is noted: no call")).to_be_visible()
        await page.get_by_text("My data", exact=True).last.click()
        await visit.press("Send a code")
        await expect(told).to_contain_text("on its way")
        await page.get_by_label("Code from the message").fill("000000")
        await visit.press("Download my data")
        await expect(told).to_contain_text("not right")

        async with page.expect_download() as saving:
            await page.get_by_role("link", name="Download the receipt").click()
        assert (await saving.value).suggested_filename == "consent-2027-01.txt"


@pytest.mark.parametrize("look", LOOKS)
async def test_everybody_can_use_the_page(browser: Browser, tmp_path: Path, look: Look) -> None:
    async with visiting(browser, tmp_path, look) as visit:
        page, address = visit.page, await visit.link()
        for path in ("", "/app", "/nothing"):
            await page.goto(address + path)
            await check(page, path)
        await page.goto(address)
        await visit.press("Join")
        await check(page, "asked")
        await visit.press("Yes, I agree")
        await do_everything(visit)
        await page.goto(f"{address}?door=data")
        await page.evaluate("document.querySelectorAll('details').forEach(d => (d.open = true))")
        await check(page, "streak")
        assert [said for said in visit.complaints if "404" not in said] == []


async def check(page: Page, where: str) -> None:
    """Let axe look, and see that nothing is wider than the screen."""
    found = await Axe().run(page)
    assert found.response["violations"] == [], where
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), where


async def do_everything(visit: Visit) -> None:
    """Bring Alice into her months, with a call that counts."""
    now = visit.premises.clock()
    for event in (PortalRegistered(at=now), VideoWatched(at=now, share=1), AppInstalled(at=now)):
        await visit.premises.turns.decided(ALICE.number, event, "test")
    call = HotlineCalled(at=now, call_id="c", duration_s=60, reason="bill", known_at=now)
    await visit.premises.turns.decided(ALICE.number, call, "test")
