"""The programme page: who gets in, what its forms do, and whom it tells nothing."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from bot.carrier.book import Move
from bot.carrier.feed import FeedComplete
from bot.channels.channel import Message
from bot.turns.consent_receipt import Receipts, check_receipt
from bot.turns.personal_links import PAGE_LIFE
from flows.credit import CreditState
from flows.customer import Address, Channel, Contact
from flows.events import Feed, HotlineCalled, PortalUsed
from flows.journey import Stage
from storage.changes import PutCustomer
from tests.bot.small_house import SmallHouse
from tests.bot.web.page_house import PageHouse, page_house, said_in
from tests.cast import ALICE, DAY, HEDY

pytestmark = pytest.mark.anyio


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[PageHouse]:
    async with page_house(tmp_path) as opened:
        yield opened


# --- Who gets in --------------------------------------------------------------------------------


async def test_whatever_is_wrong_with_a_token_the_answer_is_the_same(at: PageHouse) -> None:
    await at.house.join()
    await at.house.invite(HEDY, is_held_out=True)
    good, expired, held_out = await at.link(), await at.link(), await at.link(HEDY)
    at.house.clock.at += PAGE_LIFE
    paths = ("/p/x", good[:-1], good + "x", "/p/" + "A" * 22, expired, held_out)

    answers = [await at.browser.get(path) for path in paths]
    posted = [await at.browser.post(path, data={"act": "join"}) for path in paths]
    below = [await at.browser.get(f"{path}/{page}") for path in paths for page in ("app", "film")]

    everywhere = answers + posted + below
    assert {answer.status_code for answer in everywhere} == {404}
    assert len({answer.text for answer in everywhere}) == 1
    assert "Nordlicht" not in answers[0].text


async def test_a_get_changes_nothing_and_heads_are_strict(at: PageHouse) -> None:
    await at.house.join()
    path = await at.link()
    before = at.house.counts()

    for below in ("", "/app", "/receipt", "/film", "/transcript"):
        answer = await at.browser.get(path + below)
        assert answer.status_code == 200, below
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"].startswith("private")
        assert "style=" not in answer.text

    assert at.house.counts() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
    ],
)
async def test_a_form_of_another_site_is_refused(at: PageHouse, headers: dict[str, str]) -> None:
    await at.house.invite()
    path = await at.link()

    answer = await at.browser.post(path, data={"act": "join"}, headers=headers)

    assert answer.status_code == 403
    assert (await at.house.journey()).stage is Stage.INVITED


async def book(house: SmallHouse, step: str) -> None:
    """Let the operator take and book a credit."""
    for state in (CreditState.REQUESTED, CreditState.ACCEPTED, CreditState.CONFIRMED):
        name = f"T-{step}" if state is not CreditState.REQUESTED else None
        seen = await house.credit(step)
        move = Move(seen=seen, to=state, at=house.now, provider_id=name, poll_at=house.now)
        assert await house.premises.credits.move(move)


# --- Joining ------------------------------------------------------------------------------------


async def test_somebody_joins_on_the_page_with_nothing_but_an_e_mail_address(
    at: PageHouse,
) -> None:
    await at.house.invite()
    mailbox = Contact(Address("mailto:alice@post.example"))
    await at.house.change(PutCustomer(replace(ALICE, contacts=(mailbox,)), at.house.now))
    path = await at.link()

    asked = await at.done(path, "join")
    joined = await at.done(path, "join")

    journey = await at.house.journey()
    assert journey.shown is not None
    kept = await at.house.store.kept_text(journey.shown[0])
    assert kept is not None
    assert kept.text in asked
    assert "You are in" in said_in(joined)
    assert journey.consent is not None
    assert journey.consent.channel is Channel.PAGE
    assert "by this page" in joined
    await at.house.check()


async def test_whoever_can_be_written_to_nowhere_finds_every_later_message_on_the_page(
    at: PageHouse,
) -> None:
    """There is no mail server here, and the mailbox is all that is known of Alice."""
    await at.house.invite()
    by_mail = replace(ALICE, contacts=(Contact(Address("mailto:alice@post.example")),))
    await at.house.change(PutCustomer(by_mail, at.house.now))
    path = await at.link(by_mail)
    await at.done(path, "join")
    await at.done(path, "join")

    await at.house.pass_time(3 * DAY)
    reminded = await at.read(path)
    await at.house.do_all_steps()
    for step in ("registration", "video", "app"):
        await book(at.house, step)
    credited = await at.read(path)
    for _ in range(2):
        await at.house.report(PortalUsed(at=at.house.now))
        await at.house.pass_time(31 * DAY)
    months = await at.read(path)
    for days in (61, 20, 11):
        await at.house.pass_time(days * DAY)
        await at.house.report(FeedComplete(Feed.PORTAL, at.house.now), None)
        await at.house.pass_time(timedelta(0))
    over = await at.read(path)

    assert "Still open: " in reminded
    assert "3 of 3 steps" in credited
    assert "of 9 months" in months
    assert "You have not been to the portal for" in over
    shown = await at.house.store.latest_messages(ALICE.number, 50)
    named = [row.line for row in shown]
    assert {"StepReminder", "Credited", "MonthDone", "InactivityWarning", "DroppedOut"} <= {*named}
    assert {row.recipient for row in shown if row.line != "Invitation"} == {f"page:{ALICE.number}"}
    await at.house.check()


async def test_stop_silences_the_page_as_well(at: PageHouse) -> None:
    await at.house.join()
    await at.house.hear("STOPP")
    await at.house.do_all_steps()

    await book(at.house, "registration")

    shown = await at.house.store.latest_messages(ALICE.number, 50)
    assert not [row for row in shown if row.line == "Credited"]


async def test_the_receipt_holds_the_words_and_can_be_checked(at: PageHouse) -> None:
    await at.house.invite()
    path = await at.link()
    early = await at.browser.get(f"{path}/receipt")
    await at.done(path, "join")
    await at.done(path, "join")

    receipt = await at.browser.get(f"{path}/receipt")

    assert early.status_code == 404
    check_receipt(receipt.text, Receipts(at.house.premises.keys).public_key)
    assert receipt.headers["content-disposition"] == 'attachment; filename="consent-2027-01.txt"'


# --- What its forms do --------------------------------------------------------------------------


async def test_leaving_names_what_is_still_open_and_asks_again(at: PageHouse) -> None:
    await at.house.join()
    path = await at.link()

    sure = await at.done(path, "leave")
    left = await at.done(path, "leave")

    assert "Up to 3.6 GB are still open" in sure
    assert "You have left the programme" in left
    assert (await at.house.journey()).stage is Stage.LEFT


async def test_the_latest_counted_call_can_be_objected_to(at: PageHouse) -> None:
    await at.house.join()
    await at.house.do_all_steps()
    at.house.clock.at += DAY
    call = HotlineCalled(at=at.house.now, call_id="c1", duration_s=60, reason="billing")
    await at.house.report(call)
    path = await at.link()

    before = await at.read(path)
    after = await at.done(path, "object")

    assert "counts: the months begin anew" in before
    assert "your objection is being looked into" in after
    assert "Object to it" not in after


async def test_language_messages_and_access_are_settled_by_forms(at: PageHouse) -> None:
    await at.house.join()
    path = await at.link()

    german = await at.done(path, "language", language="de")
    off = await at.done(path, "close", place="0")
    need = await at.done(path, "access")

    journey = await at.house.journey()
    assert '<html lang="de">' in german
    assert "keine Nachrichten" in said_in(off) or "nicht mehr" in said_in(off)
    assert "zählt kein Anruf" in need
    assert (journey.is_silent, journey.is_accessible) == (True, True)
    await at.house.check()


async def test_new_links_end_the_old_ones(at: PageHouse) -> None:
    await at.house.join()
    old = await at.link()

    moved = await at.submit(old, "renew")

    new = moved.headers["location"]
    new = new[new.index("/p/") :].partition("#")[0]
    assert "no longer valid" in said_in(await at.read(new))
    assert (await at.browser.get(old)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"act=",
        b"act=nonsense",
        b"act=close&place=99",
        b"act=open&place=-1",
        b"act=language&language=xx",
        b"a=1&" * 100,
        b"act=join" + b"x" * 5000,
        b"act=%00&once=%00",
        b"act=data",
        b"act=erase&code=",
        b"act=code&door=x",
    ],
)
async def test_odd_forms_change_nothing(at: PageHouse, body: bytes) -> None:
    await at.house.join()
    path, before = await at.link(), at.house.counts()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = await at.browser.post(path, content=body, headers=headers)

    assert answer.status_code == 303
    assert at.house.counts() == before


# --- Data ---------------------------------------------------------------------------------------


async def code_for(at: PageHouse, path: str, door: str) -> str:
    """Ask for a code, and read it off the phone."""
    await at.done(path, "code", door=door)
    [*_, code] = [row for row in await at.house.messages() if row.line == "CodeShown"]
    text = msgspec.json.decode(code.body, type=Message).text
    return next(word for word in text.split() if word.strip(".:").isdigit()).strip(".:")


async def test_data_are_handed_out_for_the_code_alone(at: PageHouse) -> None:
    await at.house.join()
    path = await at.link()
    code = await code_for(at, path, "data")

    wrong = await at.done(path + "?door=data", "data", code="000000" if code != "000000" else "1")
    right = await at.browser.post(path, data={"act": "data", "code": code})
    again = await at.browser.post(path, data={"act": "data", "code": code})

    assert "not right or no longer valid" in said_in(wrong)
    assert right.headers["content-type"] == "application/zip"
    assert right.content.startswith(b"PK")
    assert again.status_code == 303


async def test_erasure_ends_the_page_and_says_what_stays(at: PageHouse) -> None:
    await at.house.join()
    path = await at.link()
    for_data = await code_for(at, path, "data")

    other_door = await at.browser.post(path, data={"act": "erase", "code": for_data})
    code = await code_for(at, path, "erase")
    erased = await at.browser.post(path, data={"act": "erase", "code": code})

    assert other_door.status_code == 303
    assert "Your data are erased" in erased.text
    assert "proof" in erased.text
    assert (await at.browser.get(path)).status_code == 404


async def test_whoever_is_erased_leaves_no_film(at: PageHouse) -> None:
    await at.house.join()
    path = await at.link()
    owner = at.house.premises.keys.seal("film", ALICE.number)
    film = at.house.folder / "films" / f"{owner}-abc-en.mp4"
    film.write_bytes(b"film")
    code = await code_for(at, path, "erase")

    await at.browser.post(path, data={"act": "erase", "code": code})

    assert not film.exists()
