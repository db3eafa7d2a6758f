"""What the programme page shows: in every state, in both languages, and nothing too much."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from bot import hosting
from bot.channels.channel import Message
from bot.turns.saying import encode
from flows.credit import CreditState
from flows.events import AppInstalled
from flows.journey import Granted, Journey, Stage
from messages.pages import words_of
from storage.changes import CancelQueued, Enqueue
from tests.bot.web.page_house import PageHouse, page_house
from tests.cast import ALICE, DAY, NOON, member, on_streak

pytestmark = pytest.mark.anyio

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"
PHONE = ALICE.contacts[0].address


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[PageHouse]:
    async with page_house(tmp_path) as opened:
        yield opened


# --- What it shows ------------------------------------------------------------------------------


async def test_the_page_shows_the_state_the_next_step_and_the_hotline(at: PageHouse) -> None:
    await at.house.join()
    path = await at.link()
    await at.house.report(AppInstalled(at=at.house.now))

    page = await at.read(path)

    assert "1 of 3 steps done" in page
    assert "1/3" in page
    assert "being booked" in page
    assert 'href="tel:03023125100"' in page
    assert "Your next step</span> Portal" in page
    token = path.removeprefix("/p/")
    for below in ("film", "app", "transcript", "receipt"):
        assert f'href="{token}/{below}"' in page or below == "app"


async def test_the_months_are_told_in_words_beside_the_ring(at: PageHouse) -> None:
    await at.house.join()
    await at.house.do_all_steps()
    at.house.clock.at += 40 * DAY

    page = await at.read(await at.link())

    assert "Month 1 of 9" in page
    assert "0 of 9 months done, 234 days to go, until 1 September 2027." in page
    assert page.count('class="month"') == 9


async def test_no_whole_address_and_no_code_stands_on_the_page(at: PageHouse) -> None:
    await at.house.join()
    path = await at.link()

    page = await at.done(path, "code", door="data")

    [code] = [row for row in await at.house.messages() if row.line == "CodeShown"]
    text = msgspec.json.decode(code.body, type=Message).text
    assert PHONE.value not in page
    assert PHONE.value[-4:] in page
    assert text not in page
    assert 'autocomplete="one-time-code"' in page


async def test_markup_in_what_was_said_stays_text(at: PageHouse) -> None:
    await at.house.join()
    path = await at.link()

    answer = await at.browser.get(path, params={"said": "<script>", "door": "<script>"})

    assert "<script" not in answer.text


async def test_a_phone_is_led_to_its_store_and_a_desktop_gets_a_code(at: PageHouse) -> None:
    await at.house.join()
    path = await at.link()

    phone = await at.browser.get(f"{path}/app", headers={"User-Agent": IPHONE})
    desktop = await at.browser.get(f"{path}/app", headers={"User-Agent": "Mozilla/5.0 (X11)"})

    operator = at.house.premises.terms.current.operator
    assert (phone.status_code, phone.headers["location"]) == (303, operator.app_url)
    assert 'class="qr"' in desktop.text


# --- Every state, and what was said -------------------------------------------------------------

BONUS = Granted("streak", 1800, NOON, CreditState.CONFIRMED)
STATES = {
    "invited": Journey(ALICE.number, stage=Stage.INVITED, invited_at=NOON),
    "declined": Journey(ALICE.number, stage=Stage.DECLINED, invited_at=NOON),
    "expired": Journey(ALICE.number, stage=Stage.EXPIRED, invited_at=NOON),
    "waiting": Journey(ALICE.number, stage=Stage.WAITING, invited_at=NOON),
    "steps": member(),
    "streak": on_streak(),
    "settling": replace(on_streak(), months_told=9),
    "done": replace(on_streak(), granted=(*on_streak().granted, BONUS)),
    "left": replace(member(), stage=Stage.LEFT, out_at=NOON),
    "dropped": replace(on_streak(), stage=Stage.DROPPED, out_at=NOON),
    "ended": replace(on_streak(), stage=Stage.ENDED, out_at=NOON),
}


@pytest.mark.parametrize("language", ["de", "en", "fr"])
async def test_every_state_has_its_page(at: PageHouse, language: str) -> None:
    path, words = await at.link(), words_of("en" if language == "en" else "de")
    for state, journey in STATES.items():
        await at.house.put(ALICE, replace(journey, language=language))

        page = await at.read(path)

        assert words.states[state][0].partition("{")[0] in page, state
        assert "{" not in page.partition("<main")[2], state
        assert "030 23125 100" in page, state


async def test_what_was_said_stands_there_at_once_but_codes_and_what_was_taken_back(
    at: PageHouse,
) -> None:
    await at.house.join()
    path, now = await at.link(), at.house.now

    def queued(line: str, text: str) -> Enqueue:
        to, body = "mailto:alice@post.example", encode(Message(text))
        return Enqueue("email", 1, to, line, body, now + DAY, now, ALICE.number)

    await at.house.change(queued("StepReminder", "Still open: the app"))
    await at.house.change(CancelQueued(ALICE.number, "opted_out", now))
    await at.house.change(queued("CodeShown", "123456"), queued("Credited", "Booked & <there>"))

    page = await at.browser.get(path)

    assert "Booked &amp; &lt;there&gt;" in page.text
    assert "123456" not in page.text
    assert "Still open" not in page.text


async def test_the_general_film_is_drawn_before_anybody_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "SETTLED_S", 0.0)
    async with page_house(tmp_path) as at:
        orders = at.pages.films.orders
        orders._command = (sys.executable, "-c", "import sys; open(sys.argv[1], 'w').close()")

        stop = asyncio.Event()
        looking = asyncio.create_task(at.pages.look_after_films(stop))
        while not orders._open:  # noqa: ASYNC110 - the loop has to come round once or twice
            await asyncio.sleep(0)
        await orders.settle()
        stop.set()
        await looking

        drawn = sorted(path.name for path in (tmp_path / "films").iterdir())
        assert [name.partition("-")[0] for name in drawn] == ["general", "general"]
        assert [name[-6:] for name in drawn] == ["de.mp4", "en.mp4"]
