"""The sandbox' page in a real browser: by mouse, by keyboard, on a small screen, for everybody."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.bot.carrier.serving import served
from tests.cast import ALICE, DAY, NOON
from tests.fakes.sandbox import Sandbox, open_sandbox

CHROMIUM = shutil.which("chromium")
NO_BROWSER = "there is no browser: apt-get install chromium"
pytestmark = [pytest.mark.anyio, pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
DESKTOP, PHONE, SMALLEST = (1280, 800), (390, 844), (360, 640)
READY = "body[aria-busy=false]"


@dataclass(slots=True)
class Visit:
    """A page that is open, what stands behind it, and what it complained about or asked for."""

    page: Page
    sandbox: Sandbox
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        await opened.close()


@asynccontextmanager
async def visiting(
    browser: Browser, size: tuple[int, int] = DESKTOP, *, is_dark: bool = False, path: str = "/"
) -> AsyncIterator[Visit]:
    """Open the page over a house in which everybody is invited."""
    sandbox = open_sandbox(lambda: NOON)
    await sandbox.house.invite()
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if is_dark else "light",
        reduced_motion="reduce",
    )
    visit = Visit(await context.new_page(), sandbox)
    visit.page.on("console", lambda message: visit.complaints.append(message.text))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("request", lambda request: visit.hosts.add(request.url.split("/")[2]))
    async with served(sandbox.app) as address:
        await visit.page.goto(f"{address}{path}")
        await visit.page.wait_for_selector(READY)
        yield visit
        await context.close()
    sandbox.house.phones.screens.close()


async def join(page: Page) -> None:
    """Let Alice join by SMS."""
    for _ in range(2):
        await page.get_by_label("Write an SMS").fill("JOIN")
        await page.get_by_label("Write an SMS").press("Enter")
        await page.wait_for_selector(READY)


async def test_a_customer_joins_and_earns_in_the_browser(browser: Browser) -> None:
    async with visiting(browser) as visit:
        page = visit.page
        await join(page)
        for name in ("Registered", "Watched", "Installed"):
            await page.get_by_role("button", name=name).click()
            await expect(page.get_by_role("status")).to_contain_text("applied")
            await page.wait_for_selector(READY)
        await page.get_by_role("button", name="+1 month").click()
        await page.wait_for_selector(READY)

        await expect(page.locator("#state")).to_have_text("Months without a call, 1 of 9 done")
        await expect(page.locator("#credited")).to_have_text("1,800")
        await expect(page.locator(".step[data-mark=credited]")).to_have_count(3)
        await expect(page.locator("#talk-sms")).to_contain_text("MonthDone")
        await expect(page.locator("#reasons li").first).to_contain_text("said month done")
        assert visit.complaints == []
        assert visit.hosts == {visit.page.url.split("/")[2]}


async def test_the_link_in_the_sms_opens_telegram_where_buttons_answer(browser: Browser) -> None:
    async with visiting(browser) as visit:
        page = visit.page
        await page.get_by_role("button", name="Open the link from the SMS").click()
        await page.wait_for_selector(READY)
        await page.get_by_role("button", name="Join", exact=True).last.click()
        await page.wait_for_selector(READY)

        chat = page.locator("#talk-telegram")
        await expect(chat).to_contain_text("You tapped Join")
        await expect(chat.locator("b").last).to_have_text("ConsentAsked")
        await expect(page.locator("#state")).to_have_text("Asked for consent")


async def test_everything_can_be_done_by_keyboard(browser: Browser) -> None:
    async with visiting(browser) as visit:
        page = visit.page
        reached = set()
        for _ in range(40):
            await page.keyboard.press("Tab")
            reached.add(await page.evaluate("document.activeElement.textContent.trim()"))
        await page.get_by_role("button", name="+1 day").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_selector(READY)

        assert {"+1 day", "+1 month", "Next due", "JOIN", "Send", "Save as story"} <= reached
        assert "Registered in the portal" in reached
        assert visit.sandbox.mover.clock() >= NOON + DAY


async def test_a_small_screen_shows_one_part_at_a_time(browser: Browser) -> None:
    async with visiting(browser, SMALLEST) as visit:
        page = visit.page
        tabs = page.get_by_role("tab")
        await expect(page.locator("#part-sms")).to_be_visible()
        await expect(page.locator("#part-telegram")).to_be_hidden()

        await tabs.first.focus()
        await page.keyboard.press("ArrowRight")

        await expect(page.locator("#part-telegram")).to_be_visible()
        await expect(page.locator("#part-sms")).to_be_hidden()
        await expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
        await expect(tabs.nth(1)).to_be_focused()
        assert await page.evaluate("document.documentElement.scrollWidth") <= SMALLEST[0]


async def test_an_error_is_shown_as_a_sentence(browser: Browser) -> None:
    async with visiting(browser) as visit:
        page = visit.page
        await page.route("**/simulator/clock", lambda route: route.abort())

        await page.get_by_role("button", name="+1 day").click()

        await expect(page.get_by_role("alert")).to_have_text(
            "The sandbox does not answer. Is it still running?"
        )


async def test_a_moving_clock_is_seen_to_be_busy(browser: Browser) -> None:
    async with visiting(browser) as visit:
        page, release = visit.page, asyncio.Event()
        visit.sandbox.house.before_turn = release.wait

        await page.get_by_role("button", name="+1 month").click()

        await expect(page.locator("body")).to_have_attribute("aria-busy", "true")
        await expect(page.locator("#moving")).to_be_visible()
        await expect(page.get_by_role("status")).to_have_text("The clock is moving…")
        release.set()
        await expect(page.get_by_role("status")).to_contain_text("It is Fri, 1 Jan 2027")
        await expect(page.locator("#moving")).to_be_hidden()


async def test_what_is_written_meanwhile_is_said_in_turn(browser: Browser) -> None:
    async with visiting(browser) as visit:
        page, release = visit.page, asyncio.Event()
        visit.sandbox.house.before_turn = release.wait
        written = page.get_by_label("Write an SMS")

        for words in ("JOIN", "And now?"):
            await written.fill(words)
            await written.press("Enter")
        await page.get_by_label("Customer").select_option("100002")
        await expect(written).to_have_value("")
        release.set()
        await expect(page.locator("#number")).to_have_text("+49 171 3920012")
        await page.wait_for_selector(READY)

        await page.get_by_label("Customer").select_option(ALICE.number)
        await expect(page.locator("#talk-sms .in")).to_contain_text(["JOIN", "And now?"])


async def test_a_text_with_markup_of_its_own_stays_text(browser: Browser) -> None:
    async with visiting(browser) as visit:
        page = visit.page
        await page.get_by_label("Write an SMS").fill("<img src=x onerror=alert(1)>")
        await page.get_by_label("Write an SMS").press("Enter")

        await expect(page.locator("#talk-sms .in")).to_contain_text("<img src=x")
        assert await page.locator("#talk-sms img").count() == 0


async def test_another_customer_has_another_phone(browser: Browser) -> None:
    async with visiting(browser) as visit:
        page = visit.page
        await join(page)

        await page.get_by_label("Customer").select_option("100002")
        await page.wait_for_selector(READY)

        await expect(page.locator("#number")).to_have_text("+49 171 3920012")
        await expect(page.locator("#talk-sms li")).to_have_count(1)
        await expect(page.locator("#hints-sms")).to_contain_text("JA")


async def test_what_was_played_can_be_saved(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await join(visit.page)

        async with visit.page.expect_download() as saving:
            await visit.page.get_by_role("link", name="Save as story").click()

        saved = await saving.value
        assert saved.suggested_filename == f"story-{ALICE.number}.txt"
        assert "> JOIN" in (await saved.path()).read_text(encoding="utf-8")


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing(browser: Browser, size: tuple[int, int], *, is_dark: bool) -> None:
    async with visiting(browser, size, is_dark=is_dark) as visit:
        await join(visit.page)
        findings = [await Axe().run(visit.page)]
        if size == DESKTOP:
            await visit.page.get_by_role("button", name="Open the link from the SMS").click()
            await visit.page.wait_for_selector(READY)
            findings.append(await Axe().run(visit.page))
        else:
            for tab in await visit.page.get_by_role("tab").all():
                await tab.click()
                findings.append(await Axe().run(visit.page))

        assert [finding.generate_report() for finding in findings if finding.violations_count] == []


# --- The managers' page

OFFICE = "/simulator/office"


async def test_managers_chat_side_by_side(browser: Browser) -> None:
    async with visiting(browser, path=OFFICE) as visit:
        page = visit.page
        await page.get_by_label("Write as the manager").fill("/stats")
        await page.get_by_label("Write as the manager").press("Enter")
        await page.wait_for_selector(READY)
        approver = page.locator("#part-approver")
        await approver.get_by_role("button", name="/help").click()
        await page.wait_for_selector(READY)

        await expect(page.locator("#part-manager .talk")).to_contain_text("/stats")
        await expect(approver.locator("header")).to_contain_text("Otto, approver")
        told = [(said.address.value, said.text) for said, _ in visit.sandbox.office.said]
        assert told == [("9001", "/stats"), ("9002", "/help")]
        assert visit.complaints == []


async def test_a_manager_attaches_a_file(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("customer,phone\n100001,+491713920011\n", encoding="utf-8")
    async with visiting(browser, path=OFFICE) as visit:
        await visit.page.get_by_label("Attach a file as the manager").set_input_files(file)

        await expect(visit.page.locator("#part-manager .talk")).to_contain_text("people.csv")
        [(_, document)] = visit.sandbox.office.said
        assert document is not None
        assert (document.name, document.text) == ("people.csv", file.read_text("utf-8"))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing_at_the_managers(browser: Browser, size: tuple[int, int]) -> None:
    async with visiting(browser, size, path=OFFICE) as visit:
        finding = await Axe().run(visit.page)

        assert finding.violations_count == 0, finding.generate_report()
