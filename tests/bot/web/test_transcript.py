"""The transcript: what the film tells, and a button that is believed after a while."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from messages.film.captions import reading_s, transcript
from messages.film.figures import money
from tests.bot.film_house import ALICES, BABAKS, FilmHouse, film_house, with_bills
from tests.cast import ALICE, BABAK, TERMS
from tests.messages.film.bills import PLAIN

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[FilmHouse]:
    bills = with_bills()
    bills.of[ALICE.number] = PLAIN
    async with film_house(tmp_path, tmp_path / "films", bills) as opened:
        yield opened


@pytest.fixture
async def browser(house: FilmHouse) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=house.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as opened:
        yield opened


async def stamp(browser: httpx.AsyncClient, page: str = ALICES) -> str:
    """Open the transcript and find what stands in its button."""
    found = re.search(
        r'name="stamp" value="([^"]+)"', (await browser.get(f"{page}/transcript")).text
    )
    assert found is not None
    return found[1]


async def tap(browser: httpx.AsyncClient, stamped: str, page: str = ALICES) -> httpx.Response:
    return await browser.post(f"{page}/transcript", data={"stamp": stamped})


async def has_earned(house: FilmHouse) -> bool:
    return bool((await house.programme.dossier()).memory.credits)


async def least(house: FilmHouse, customer: str = ALICE.number) -> timedelta:
    film = await house.films.of(customer, TERMS)
    return timedelta(seconds=reading_s(transcript(film.board, "en")))


async def test_every_amount_stands_in_the_transcript(browser: httpx.AsyncClient) -> None:
    page = (await browser.get(f"{ALICES}/transcript")).text

    for item in PLAIN.items:
        assert money(item.cents, "EUR", "en") in page
    assert money(PLAIN.cents, "EUR", "en") in page
    assert "17 November 2026" in page
    assert "1–31 Oct 2026" in page


async def test_who_read_it_earns_the_credit_once(
    house: FilmHouse, browser: httpx.AsyncClient
) -> None:
    stamped = await stamp(browser)
    house.programme.clock.at += await least(house)

    first = await tap(browser, stamped)
    second = await tap(browser, stamped)

    assert (first.status_code, first.headers["location"]) == (303, "film")
    assert second.status_code == 303
    assert (await house.programme.credit("video")).megabytes == 600
    journal = (await house.programme.dossier()).journal
    assert [row.kind for row in journal].count("VideoWatched") == 1


async def test_who_was_too_fast_is_asked_to_read_and_need_not_begin_again(
    house: FilmHouse, browser: httpx.AsyncClient
) -> None:
    stamped = await stamp(browser)
    house.programme.clock.at += await least(house) - timedelta(seconds=1)

    early = await tap(browser, stamped)
    earned = await has_earned(house)
    house.programme.clock.at += timedelta(seconds=1)
    later = await tap(browser, stamped)

    assert early.status_code == 422
    assert "very fast" in early.text
    assert f'value="{stamped}"' in early.text
    assert not earned
    assert later.status_code == 303


FORGED = (
    "",
    "0",
    "1.{seal}",
    "{moment}",
    "{moment}.",
    "{moment}.{seal}0",
    "-{moment}.{seal}",
    "99999999999999.{seal}",
    "9" * 400,
    "{moment}.{seal}ü",
    "x" * 5000,
)


async def test_a_forged_button_earns_nothing(house: FilmHouse, browser: httpx.AsyncClient) -> None:
    moment, _, seal = (await stamp(browser)).partition(".")
    house.programme.clock.at += timedelta(minutes=10)

    for forged in FORGED:
        answer = await tap(browser, forged.format(moment=moment, seal=seal))

        assert answer.status_code == 422, forged
    assert not await has_earned(house)


async def test_the_button_of_somebody_else_earns_nothing(
    house: FilmHouse, browser: httpx.AsyncClient
) -> None:
    del house.bills.of[ALICE.number]  # both read the same transcript
    babaks = await stamp(browser, BABAKS)
    house.programme.clock.at += await least(house, BABAK.number)

    assert (await tap(browser, babaks)).status_code == 422
    assert not await has_earned(house)


async def test_a_page_that_was_open_for_days_is_read_again(
    house: FilmHouse, browser: httpx.AsyncClient
) -> None:
    stamped = await stamp(browser)
    house.programme.clock.at += timedelta(hours=25)

    answer = await tap(browser, stamped)

    assert answer.status_code == 422
    assert stamped not in answer.text
    assert not await has_earned(house)
