"""The pages of the film: what is shown, what is given out, and what is believed."""

import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import httpx
import msgspec
import pytest

from bot.film.reels import LASTS_S
from bot.turns.guesses import MOST_WRONG
from bot.web.pages import HEADERS
from flows.campaign import Campaign
from messages.film.captions import captions
from messages.film.invoice import Item, Part
from tests.bot.film_house import (
    ALICES,
    BABAKS,
    Bills,
    FilmHouse,
    film_house,
    viewer_of,
    with_bills,
)
from tests.cast import ALICE, BABAK, TERMS
from tests.messages.film.bills import IN_CREDIT

pytestmark = pytest.mark.anyio

BODY = bytes(range(256)) * 40  # stands for a film where only its bytes matter


@dataclass(slots=True)
class Visit:
    """Somebody at the pages, and what stands behind them."""

    house: FilmHouse
    browser: httpx.AsyncClient

    async def film(self, of: str = ALICE.number) -> str:
        """Give the id of a customer's film."""
        return (await self.house.films.of(of, TERMS)).id

    async def report(self, *ranges: tuple[float, float], wait_s: float = 4) -> dict[str, object]:
        """Let time pass and a player report."""
        self.house.programme.clock.at += timedelta(seconds=wait_s)
        body = {"film": await self.film(), "ranges": ranges}
        answer = await self.browser.post(f"{ALICES}/film/progress", json=body)
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=dict[str, object])

    async def events(self) -> int:
        """Count how often the journey was told that the film was watched."""
        journal = (await self.house.programme.dossier()).journal
        return sum(row.kind == "VideoWatched" for row in journal)


@asynccontextmanager
async def visiting(
    folder: Path, bills: Bills | None = None, terms: Campaign = TERMS
) -> AsyncIterator[Visit]:
    async with film_house(folder, folder / "films", bills, terms=terms) as house:
        transport = httpx.ASGITransport(app=house.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as browser:
            yield Visit(house, browser)


@pytest.fixture
async def visit(tmp_path: Path) -> AsyncIterator[Visit]:
    """Open the pages with everybody's films on the shelf."""
    async with visiting(tmp_path) as opened:
        for customer, language in ((ALICE, "en"), (BABAK, "de")):
            await shelve(opened.house, customer.number, language)
        yield opened


async def shelve(house: FilmHouse, customer: str, language: str) -> None:
    """Put a customer's film on the shelf, as if it had been drawn."""
    film = await house.films.of(customer, TERMS)
    for ending in ("mp4", "jpg"):
        house.films._path(film, language, ending).write_bytes(BODY)


# --- The page -----------------------------------------------------------------------------------


async def test_the_page_shows_the_film_in_the_language_of_the_customer(visit: Visit) -> None:
    alices = await visit.browser.get(f"{ALICES}/film")
    babaks = await visit.browser.get(f"{BABAKS}/film")

    assert alices.status_code == 200
    assert '<html lang="en">' in alices.text
    assert f'film/{await visit.film()}-en.mp4"' in alices.text
    assert '<html lang="de">' in babaks.text
    assert "Gezeigt wird eine Beispielrechnung." in babaks.text
    for code in ("de", "en"):
        assert f'srclang="{code}"' in alices.text
    assert "600 MB" in alices.text
    assert "030 23125 100" in alices.text


async def test_every_page_keeps_strangers_out(visit: Visit) -> None:
    for path in (f"{ALICES}/film", f"{ALICES}/transcript", "/p/nobodys-token/film"):
        answer = await visit.browser.get(path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text)
        assert "<script>" not in answer.text
        assert "style=" not in answer.text


async def test_an_unknown_token_opens_nothing(visit: Visit) -> None:
    tokens = ("", "x", "alices-token-of-22-cha", "%00", "alices%2Dtoken", "x" * 3000)
    paths = ("film", "film/progress", "film/x.mp4", "transcript", "film/../../p", "film/%2e%2e")
    for method, token, path in product(("GET", "POST"), tokens, paths):
        answer = await visit.browser.request(method, f"/p/{token}/{path}")

        assert answer.status_code in (404, 405, 429), (method, token, path)
        assert ALICE.number not in answer.text


async def test_a_film_that_is_not_drawn_yet_is_announced(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visit:
        fails = "import time; time.sleep(0.3); raise SystemExit('out of paint')"
        visit.house.films.orders._command = (sys.executable, "-c", fails)
        film = await visit.film()

        page = await visit.browser.get(f"{ALICES}/film")
        early = await visit.browser.head(f"{ALICES}/film/{film}-en.mp4")
        await visit.house.films.orders.settle()
        failed = await visit.browser.get(f"{ALICES}/film/{film}-en.mp4")
        general = await visit.browser.get(f"{ALICES}/film")
        await visit.house.films.orders.settle()
        nothing = await visit.browser.get(f"{ALICES}/film")

    assert "being drawn" in page.text
    assert '<noscript><meta http-equiv="refresh" content="6"></noscript>' in page.text
    assert (early.status_code, early.headers["retry-after"]) == (503, "2")
    assert failed.status_code == 404
    assert "sample bill" in general.text
    assert "You can read it instead" in nothing.text
    assert "<video" not in nothing.text


async def test_a_page_earns_nothing(visit: Visit) -> None:
    film = await visit.film()
    for path in ("film", "transcript", f"film/{film}-en.mp4", f"film/{film}-en.vtt"):
        await visit.browser.get(f"{ALICES}/{path}")

    assert (await visit.house.programme.dossier()).memory.credits == ()
    assert await visit.events() == 0


# --- Its files ----------------------------------------------------------------------------------


async def test_a_film_is_given_in_ranges(visit: Visit) -> None:
    url = f"{ALICES}/film/{await visit.film()}-en.mp4"

    whole = await visit.browser.get(url)
    part = await visit.browser.get(url, headers={"Range": "bytes=100-199"})
    rest = await visit.browser.get(url, headers={"Range": "bytes=10000-"})
    beyond = await visit.browser.get(url, headers={"Range": "bytes=20000-"})
    same = {"Range": "bytes=0-9", "If-Range": whole.headers["etag"]}
    other = {"Range": "bytes=0-9", "If-Range": '"another"'}

    assert (whole.status_code, whole.content) == (200, BODY)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    assert (part.status_code, part.content) == (206, BODY[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(BODY)}"
    assert rest.content == BODY[10_000:]
    assert beyond.status_code == 416
    assert (await visit.browser.get(url, headers=same)).status_code == 206
    assert (await visit.browser.get(url, headers=other)).status_code == 200


async def test_a_film_that_is_known_is_not_given_again(visit: Visit) -> None:
    url = f"{ALICES}/film/{await visit.film()}-en.mp4"
    etag = (await visit.browser.head(url)).headers["etag"]

    again = await visit.browser.get(url, headers={"If-None-Match": etag})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == etag
    assert "private" in again.headers["cache-control"]


async def test_the_next_pieces_of_a_film_cost_no_look_up(visit: Visit) -> None:
    url = f"{ALICES}/film/{await visit.film()}-en.mp4"
    await visit.browser.get(url, headers={"Range": "bytes=0-99"})
    asked = visit.house.guests.asked

    pieces = [
        await visit.browser.get(url, headers={"Range": f"bytes={n}-{n + 99}"})
        for n in range(100, 1000, 100)
    ]

    assert b"".join(piece.content for piece in pieces) == BODY[100:1000]
    assert visit.house.guests.asked == asked


async def test_a_link_that_was_revoked_gives_out_only_that_file_and_not_for_long(
    visit: Visit,
) -> None:
    name = f"{ALICES}/film/{await visit.film()}-en"
    await visit.browser.get(f"{name}.mp4")
    visit.house.guests.tokens.clear()

    at_once = [(await visit.browser.get(f"{name}.{e}")).status_code for e in ("mp4", "jpg", "vtt")]
    visit.house.programme.clock.at += timedelta(seconds=LASTS_S)
    later = await visit.browser.get(f"{name}.mp4")

    assert at_once == [200, 404, 404]
    assert later.status_code == 404


async def test_the_film_of_somebody_who_is_erased_is_given_to_nobody(visit: Visit) -> None:
    url = f"{ALICES}/film/{await visit.film()}-en.mp4"
    await visit.browser.get(url)
    visit.house.guests.tokens.clear()

    visit.house.films.forget(ALICE.number)

    assert (await visit.browser.get(url)).status_code == 404


async def test_captions_are_given_in_both_languages(visit: Visit) -> None:
    film = await visit.house.films.of(ALICE.number, TERMS)

    for language in ("de", "en"):
        answer = await visit.browser.get(f"{ALICES}/film/{film.id}-{language}.vtt")

        assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
        assert answer.text == captions(film.board, language)


async def test_the_film_of_somebody_else_is_not_given(visit: Visit) -> None:
    film = await visit.film()

    for ending in ("mp4", "jpg", "vtt"):
        answer = await visit.browser.get(f"{BABAKS}/film/{film}-en.{ending}")
        assert answer.status_code == 404


async def test_no_other_file_is_given(visit: Visit) -> None:
    film = await visit.film()
    for name in (f"{film}-fr.mp4", f"{film}-en.exe", f"{film}.mp4", f"{film}-en.json"):
        answer = await visit.browser.get(f"{ALICES}/film/{name}")

        assert answer.status_code == 404, name


# --- What players report ------------------------------------------------------------------------


async def test_a_film_that_is_played_earns_the_credit(visit: Visit) -> None:
    duration_s = (await visit.house.films.of(ALICE.number, TERMS)).board.duration_ms / 1000
    await visit.report()
    at, told = 0.0, {}
    while at < duration_s:
        ends = min(at + 4, duration_s)
        told = await visit.report((at, ends))
        at = ends

    assert told["is_done"] is True
    assert told["share"] == 1
    assert (await visit.house.programme.credit("video")).megabytes == 600
    assert await visit.events() == 1


async def test_a_script_that_posts_numbers_earns_nothing(visit: Visit) -> None:
    duration_s = (await visit.house.films.of(ALICE.number, TERMS)).board.duration_ms / 1000
    for share, wait_s in product((1, 0.9, 0.7), (0, 0.1, 3600, 1, 30, 0)):
        told = await visit.report((0, duration_s * share), wait_s=wait_s)
        assert told["watched"] == []

    assert await visit.events() == 0


async def test_skipping_to_the_end_earns_nothing(visit: Visit) -> None:
    await visit.report()
    await visit.report((0, 4))
    told = await visit.report((33, 37))

    assert told["watched"] == [[0, 4000], [33_000, 37_000]]
    assert told["is_done"] is False
    assert await visit.events() == 0


NO_REPORTS = (
    b"",
    b"{}",
    b"[]",
    b"\xff\xfe",
    b'{"film": 1, "ranges": []}',
    b'{"film": "FILM", "ranges": "all"}',
    b'{"film": "FILM", "ranges": [[0]]}',
    b'{"film": "FILM", "ranges": [[0, 1, 2]]}',
    b'{"film": "FILM", "ranges": [["0", "1"]]}',
    b'{"film": "FILM", "ranges": [[0, 1e999]]}',
    b'{"film": "FILM", "ranges": [[0, NaN]]}',
    b'{"film": "FILM", "ranges": [' + b"[0,1]," * 100 + b"[0,1]]}",
    b'{"film": "FILM", "ranges": []' + b" " * 9000 + b"}",
)


async def test_what_is_no_report_is_refused(visit: Visit) -> None:
    film = (await visit.film()).encode()
    for body in NO_REPORTS:
        told = body.replace(b"FILM", film)

        answer = await visit.browser.post(f"{ALICES}/film/progress", content=told)

        assert answer.status_code == 400, body
    viewer = await viewer_of(visit.house.viewings, ALICE.number)
    assert viewer is not None
    assert viewer.viewing is None


async def test_what_cannot_be_true_is_taken_and_not_believed(visit: Visit) -> None:
    await visit.report()
    for ranges in ([(-5, 4)], [(3, 1)], [(0, 1e300)], [(0, 2), (1, 3)], [(36, 38)]):
        assert (await visit.report(*ranges))["watched"] == [], ranges


async def test_a_report_about_another_film_is_told_so(visit: Visit) -> None:
    for film in ("0" * 24, "", "../x"):
        answer = await visit.browser.post(
            f"{ALICES}/film/progress", json={"film": film, "ranges": []}
        )
        assert answer.status_code == 409


async def test_the_film_is_done_on_the_page_afterwards(visit: Visit) -> None:
    before = await visit.browser.get(f"{ALICES}/film")
    viewings = (await visit.browser.get(f"{ALICES}/transcript")).text
    await visit.house.viewings.read(ALICE.number)

    after = await visit.browser.get(f"{ALICES}/film")

    assert 'id="done" hidden' in before.text
    assert 'id="done">Done!' in after.text
    assert "600 MB" not in after.text
    assert "<form" in viewings
    assert "<form" not in (await visit.browser.get(f"{ALICES}/transcript")).text


async def test_markup_in_a_bill_stays_text(tmp_path: Path) -> None:
    evil = Item("<script>alert(1)</script>", Part.EXTRA, -530)
    bills = with_bills()
    bills.of[ALICE.number] = replace(IN_CREDIT, items=(evil,))
    async with visiting(tmp_path, bills) as visit:
        transcript = await visit.browser.get(f"{ALICES}/transcript")

    assert "<script>alert" not in transcript.text
    assert "&lt;script&gt;alert(1)" in transcript.text


async def test_who_guesses_has_to_wait_and_a_neighbour_who_watches_does_not(visit: Visit) -> None:
    known = await visit.browser.get(f"{ALICES}/film")

    answers = [await visit.browser.get(f"/p/guess{n}/film") for n in range(MOST_WRONG + 1)]
    still = await visit.browser.get(f"{ALICES}/film")
    newcomer = await visit.browser.get(f"{BABAKS}/film")

    assert [a.status_code for a in answers] == [404] * MOST_WRONG + [429]
    assert len({a.text for a in answers}) == 1
    assert (known.status_code, still.status_code, newcomer.status_code) == (200, 200, 429)


async def test_an_operators_own_film_is_shown_instead(tmp_path: Path) -> None:
    theirs = "https://portal.nordlicht.example/film"
    terms = replace(TERMS, operator=replace(TERMS.operator, film_url=theirs))
    async with visiting(tmp_path, terms=terms) as visit:
        film = await visit.browser.get(f"{ALICES}/film", follow_redirects=False)
        transcript = await visit.browser.get(f"{ALICES}/transcript")

        assert (film.status_code, film.headers["location"]) == (303, theirs)
        assert film.headers["referrer-policy"] == "no-referrer"
        assert transcript.status_code == 404
