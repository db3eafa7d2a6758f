"""Composing: what the core wishes becomes rows: words, links, proofs, moments."""

import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from bot.keys import Keys
from bot.terms import Terms
from bot.turns.personal_links import PAGE_LIFE, PAGE_LINK, PersonalLinks, revealed
from flows.events import AppInstalled
from storage.changes import MintLink
from storage.memory import Link
from storage.outbox import OutboxState
from tests.bot.small_house import SmallHouse, small_house, words_of
from tests.cast import ALICE, BABAK, DAY, NOON, TERMS

pytestmark = pytest.mark.anyio

MICROSECOND = timedelta(microseconds=1)
NIGHT = timedelta(hours=11)  # from noon to eleven in the evening


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[SmallHouse]:
    async with small_house(tmp_path) as opened:
        yield opened


async def test_the_proof_of_a_consent_names_the_very_words_that_were_sent(
    house: SmallHouse,
) -> None:
    await house.invite()
    await house.hear("JOIN")
    said = await house.hear("JOIN")

    consent = (await house.journey()).consent
    [shown] = [words_of(row) for row in await house.messages() if row.line == "ConsentAsked"]
    assert consent is not None
    assert consent.text_hash == hashlib.sha256(shown.encode()).hexdigest()
    assert (consent.at, consent.message_id) == (house.now, said.provider_id)
    assert house.rows("select text, version, language from texts") == [
        (shown, consent.version, "en")
    ]


async def test_nothing_is_earned_before_the_proof_is_there(house: SmallHouse) -> None:
    await house.invite()
    await house.do_all_steps()
    await house.hear("JOIN")

    dossier = await house.dossier()
    assert (dossier.memory.credits, dossier.ledger) == ((), ())


async def test_a_consent_in_another_language_is_another_text(house: SmallHouse) -> None:
    await house.invite()
    await house.hear("JOIN")
    await house.hear("DEUTSCH")

    await house.hear("JA")

    consent = (await house.journey()).consent
    assert consent is not None
    assert consent.language == "de"
    [(text,)] = house.rows(f"select text from texts where hash = '{consent.text_hash}'")  # noqa: S608
    assert "Mit JA" in str(text)


async def test_after_stop_what_is_queued_does_not_leave(house: SmallHouse) -> None:
    await house.join()
    await house.pass_time(3 * DAY)
    [reminder] = [row for row in await house.messages() if row.line == "StepReminder"]
    assert reminder.state is OutboxState.READY

    await house.hear("STOP")

    rows = {row.line: row for row in await house.messages()}
    assert rows["StepReminder"].state is OutboxState.SKIPPED
    assert rows["StepReminder"].reason == "opted_out"
    assert rows["OptedOut"].state is OutboxState.READY


async def test_at_night_answers_leave_at_once_and_news_in_the_morning(house: SmallHouse) -> None:
    await house.join()
    house.clock.at = NOON + NIGHT

    await house.do_all_steps()
    await house.hear("STATUS")

    due = {line: int(str(at)) for line, at in house.rows("select line, due from outbox")}
    assert due["StreakStarted"] - due["StatusStreak"] == timedelta(hours=9) / MICROSECOND


async def test_a_link_is_known_by_its_hash_alone(
    house: SmallHouse,
) -> None:
    await house.invite()
    [invitation] = await house.messages()
    code = words_of(invitation).partition("start=")[2].split()[0]

    kept = house.rows("select hash, customer, purpose from links")

    keys: Keys = house.premises.keys
    assert kept == [(keys.of_link(code), ALICE.number, "telegram")]


async def test_no_stored_text_opens_anything(house: SmallHouse) -> None:
    """Whoever reads the database has seeds and hashes, and needs our key to make a link of them."""
    await house.invite()
    [invitation] = await house.messages()
    code = words_of(invitation).partition("start=")[2].split()[0]

    [(stored,)] = house.rows("select body from outbox")

    [seed] = re.findall(r"Start=([\w-]{22})", str(stored))
    assert code not in str(stored)
    keys: Keys = house.premises.keys
    opened = house.rows("select hash from links")
    assert (keys.of_link(code),) in opened
    assert (keys.of_link(seed),) not in opened
    assert len(words_of(invitation)) == len(msgspec.json.decode(str(stored))["text"])


def test_a_place_of_the_operators_own_is_no_seed() -> None:
    keys = Keys(b"key", lambda: "")
    seed = "A" * 22
    texts = (
        "https://o.example/Portal/x",
        "https://o.example/P/short",
        f"https://o.example/P/{seed}x",
    )

    assert [revealed(text, keys) for text in texts] == list(texts)
    assert revealed(f"https://b.example/P/{seed}/film", keys).startswith("https://b.example/p/")


async def test_an_sms_costs_its_segments(house: SmallHouse) -> None:
    await house.invite(BABAK)

    assert house.rows("select cost from outbox") == [(2,)]


async def test_a_wish_without_words_says_nothing(house: SmallHouse) -> None:
    await house.join()
    said = await house.lines()

    await house.report(AppInstalled(at=house.now))

    assert await house.lines() == said
    assert [book.what for book in (await house.dossier()).ledger] == ["reserve"]


async def test_the_links_of_a_step_lead_to_the_customers_own_page(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        here = replace(house.premises.house, public_url="https://bonus.example")
        links = PersonalLinks(here, ALICE, NOON)

        page, film, app = (
            revealed(link or "", here.keys) for link in (links.page, links.film, links.app)
        )

        assert (film, app) == (f"{page}/film", f"{page}/app")
        [minted] = links.minted
        assert isinstance(minted, MintLink)
        token = page.removeprefix("https://bonus.example/p/")
        assert minted.link_hash == here.keys.of_link(token)
        assert minted.link == Link(ALICE.number, PAGE_LINK, NOON + PAGE_LIFE, None)


async def test_an_operator_with_a_film_of_its_own_is_linked_to(tmp_path: Path) -> None:
    theirs = "https://portal.nordlicht.example/film"
    terms = replace(TERMS, operator=replace(TERMS.operator, film_url=theirs))
    async with small_house(tmp_path) as house:
        here = replace(
            house.premises.house, terms=Terms(terms, {}), public_url="https://bonus.example"
        )

        assert PersonalLinks(here, ALICE, NOON).film == theirs
