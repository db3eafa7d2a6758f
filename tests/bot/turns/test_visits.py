"""Visits: who gets in by which token, and what is done on the page counts like what is said."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from bot.turns.personal_links import (
    PAGE_LIFE,
    PAGE_LINK,
    TELEGRAM_LINK,
    PersonalLinks,
    revealed,
)
from bot.turns.visits import Form, Said, TurnedVisits, Visit
from flows.customer import Address, Channel, Contact, Customer
from flows.events import HotlineCalled
from flows.intent import Intent
from flows.journey import Question, Stage
from storage.changes import MintLink
from storage.memory import Link
from tests.bot.small_house import SmallHouse, small_house
from tests.cast import ALICE, BABAK, BABAKS_TELEGRAM, DAY, HEDY

pytestmark = pytest.mark.anyio

FORMS = count(1)
PHONE = ALICE.contacts[0].address


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[SmallHouse]:
    async with small_house(tmp_path) as opened:
        yield opened


def visits(house: SmallHouse) -> TurnedVisits:
    return TurnedVisits(house.store, house.premises.house, house.premises.bell.ring)


async def token_of(house: SmallHouse, customer: Customer = ALICE) -> str:
    """Mint a link to the page, as a text would."""
    links = PersonalLinks(house.premises.house, customer, house.now)
    page = revealed(links.page or "", house.premises.keys)
    await house.change(*links.minted)
    return page.rpartition("/")[2]


async def owner_of(house: SmallHouse, token: str) -> str | None:
    """Tell whose page a token opens."""
    visit = await visits(house).visit(token)
    return visit.customer.number if visit else None


async def enter(house: SmallHouse, customer: Customer = ALICE) -> Visit:
    visit = await visits(house).visit(await token_of(house, customer))
    assert visit is not None
    return visit


def form(visit: Visit) -> Form:
    """Fill in a form that the page has just given out."""
    return Form(f"form{next(FORMS)}", visit.scene)


async def tap(house: SmallHouse, intent: Intent) -> str:
    visit = await enter(house)
    return await visits(house).say(visit, form(visit), intent)


# --- Who gets in --------------------------------------------------------------------------------


async def test_a_link_opens_the_page_of_its_owner_until_it_expires(house: SmallHouse) -> None:
    await house.join()
    token = await token_of(house)

    assert await owner_of(house, token) == ALICE.number
    house.clock.at += PAGE_LIFE
    assert await owner_of(house, token) is None


async def test_no_other_token_opens_anything(house: SmallHouse) -> None:
    await house.join()
    await house.invite(HEDY, is_held_out=True)
    good, held_out = await token_of(house), await token_of(house, HEDY)
    chat = Link(ALICE.number, TELEGRAM_LINK, house.now + DAY, None)
    await house.change(MintLink(house.premises.keys.of_link("for-the-chat"), chat))
    nobody = Link("999999", PAGE_LINK, house.now + DAY, None)
    await house.change(MintLink(house.premises.keys.of_link("for-nobody"), nobody))

    for token in (good[:-1], good + "A", good.swapcase(), held_out, "for-the-chat", "for-nobody"):
        assert await owner_of(house, token) is None, token


async def test_a_new_link_ends_all_others(house: SmallHouse) -> None:
    await house.join()
    old = [await token_of(house), await token_of(house)]
    babaks = await token_of(house, BABAK)
    visit = await enter(house)

    new = (await visits(house).renew(visit)).rpartition("/")[2]

    assert [await owner_of(house, token) for token in old] == [None, None]
    assert await owner_of(house, new) == ALICE.number
    assert babaks not in old


# --- What is said -------------------------------------------------------------------------------


async def test_two_taps_consent_to_the_words_that_were_shown(house: SmallHouse) -> None:
    await house.invite()

    asked = await tap(house, Intent.JOIN)
    said = await tap(house, Intent.JOIN)

    journey = await house.journey()
    assert (asked, said) == ("consent_asked", "enrolled")
    assert journey.consent is not None
    kept = await house.store.kept_text(journey.consent.text_hash)
    assert kept is not None
    assert kept.version == journey.consent.version
    assert journey.consent.channel is Channel.PAGE
    assert journey.consent.message_id.startswith("page:form")
    assert await house.lines() == ["Invitation"]  # the answers stand on the page
    await house.check()


async def test_a_form_that_is_sent_twice_acts_once(house: SmallHouse) -> None:
    await house.invite()
    visit = await enter(house)
    twice = form(visit)

    first = await visits(house).say(visit, twice, Intent.JOIN)
    again = await visits(house).say(visit, twice, Intent.JOIN)

    assert (first, again) == ("consent_asked", "consent_asked")
    assert (await house.journey()).stage is Stage.ASKED


async def test_a_button_means_nothing_once_the_page_is_older_than_the_dialogue(
    house: SmallHouse,
) -> None:
    await house.invite()
    visit = await enter(house)
    old = form(visit)
    await house.hear("JA")
    await house.hear("I may stop the car")

    said = await visits(house).say(visit, old, Intent.JOIN)

    assert said == Said.CHANGED
    assert (await house.journey()).consent is None


async def test_leaving_is_asked_for_twice(house: SmallHouse) -> None:
    await house.join()

    asked = await tap(house, Intent.LEAVE)
    question = (await house.journey()).question
    left = await tap(house, Intent.LEAVE)

    assert (asked, question, left) == ("leave_asked", Question.LEAVE, "left")
    assert (await house.journey()).stage is Stage.LEFT


async def test_an_objection_opens_a_request_like_one_in_the_chat(house: SmallHouse) -> None:
    await house.join()
    await house.do_all_steps()
    house.clock.at += DAY
    call = HotlineCalled(at=house.now, call_id="c1", duration_s=60, reason="billing")
    await house.report(call)

    said = await tap(house, Intent.OBJECT)

    assert said == "objection_noted"
    assert [r.about for r in (await house.dossier()).requests] == ["c1"]


async def test_a_need_is_believed_without_proof(house: SmallHouse) -> None:
    await house.join()
    visit = await enter(house)

    await visits(house).declare_access(visit, form(visit))

    assert (await house.journey()).is_accessible
    await house.check()


# --- What may be sent where ---------------------------------------------------------------------


async def on_two_channels(house: SmallHouse) -> None:
    both = (Contact(PHONE), Contact(BABAKS_TELEGRAM))
    await house.join(replace(ALICE, contacts=both))


async def closed_at(house: SmallHouse, address: Address) -> bool:
    customer = (await house.dossier()).memory.customer
    assert customer is not None
    contact = customer.contact(address)
    return contact is not None and contact.opted_out_at is not None


async def test_one_channel_can_be_closed_and_opened_again(house: SmallHouse) -> None:
    await on_two_channels(house)
    visit = await enter(house)

    await visits(house).close_channel(visit, form(visit), PHONE)
    closed = [await closed_at(house, a) for a in (PHONE, BABAKS_TELEGRAM)]
    is_silent = (await house.journey()).is_silent
    suppressed = house.counts()["suppressions"]
    await visits(house).open_channel(visit, form(visit), PHONE)

    assert (closed, is_silent, suppressed) == ([True, False], False, 1)
    assert not await closed_at(house, PHONE)
    assert house.counts()["suppressions"] == 0
    await house.check()


async def test_closing_the_last_channel_is_a_stop(house: SmallHouse) -> None:
    await house.join()
    visit = await enter(house)

    await visits(house).close_channel(visit, form(visit), PHONE)

    assert (await house.journey()).is_silent
    assert await closed_at(house, PHONE)
    await house.check()


async def test_nobody_opens_or_closes_what_is_not_theirs(house: SmallHouse) -> None:
    await house.join()
    await house.join(BABAK)
    visit = await enter(house)
    babaks = BABAK.contacts[0].address

    for act in (visits(house).close_channel, visits(house).open_channel):
        assert await act(visit, form(visit), babaks) == Said.CHANGED

    assert house.counts()["suppressions"] == 0
