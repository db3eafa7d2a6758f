"""Conversations: who is answered, with what, once, and what strangers leave behind."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from bot.campaigns import load_campaign
from bot.channels.channel import Fault, Inbound, Reachability
from flows.customer import Address, Basis, Contact, Customer
from flows.events import AppInstalled
from flows.intent import Intent
from flows.journey import Journey, Stage
from tests.bot.small_house import SmallHouse, small_house, words_of
from tests.cast import (
    ALICE,
    BABAK,
    BABAKS_TELEGRAM,
    DAY,
    HEDY,
    NOON,
    STRANGER,
    after,
    heard,
    invited,
    member,
    on_streak,
)
from tests.stories.player import on_stage

pytestmark = pytest.mark.anyio

ALICES = ALICE.contacts[0].address
ALICES_TELEGRAM = Address("telegram:700001")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[SmallHouse]:
    async with small_house(tmp_path) as opened:
        yield opened


# --- Every state, word and channel ----------------------------------------------------------------

SHOWN = ("hash", load_campaign().version, "en")
ASKED = replace(after(invited(), heard(Intent.JOIN)), shown=SHOWN)
DROPPED = replace(on_streak(), stage=Stage.DROPPED, out_at=NOON)
STATES: dict[str, Journey | None] = {
    "nobody": None,
    "held_out": replace(invited(), stage=Stage.HELD_OUT),
    "invited": invited(),
    "asked": ASKED,
    "declined": replace(invited(), stage=Stage.DECLINED),
    "expired": replace(invited(), stage=Stage.EXPIRED),
    "steps": member(),
    "streak": on_streak(),
    "silent": replace(on_streak(), is_silent=True),
    "left": replace(on_streak(), stage=Stage.LEFT, out_at=NOON),
    "dropped": DROPPED,
    "ended": replace(on_streak(), stage=Stage.ENDED, out_at=NOON),
}
_INVITED, _OUT = "StatusInvited", "NoLonger"
_EXPIRED, _STEPS, _STREAK = "InvitationExpired", "StatusSteps", "StatusStreak"
# What is answered, in the order of the states from "invited" on; "" is nothing.
ORDER = tuple(STATES)[2:]
TABLE: dict[str, tuple[str, ...]] = {
    "Hilfe Feuer 112": ("Emergency",) * 10,
    "stop, there is a fire": ("Emergency",) * 10,
    "stopp bitte": (*("OptedOut",) * 6, "", *("OptedOut",) * 3),
    "STOP JA": (*("OptedOut",) * 6, "", *("OptedOut",) * 3),
    "I want you to STOP writing to me": (
        *("OptOutAsked",) * 6,
        "Misunderstood",
        *("OptOutAsked",) * 3,
    ),
    "HILFE": ("Help",) * 10,
    "START": ("OptedIn",) * 10,
    "JA": (
        "ConsentAsked",
        "Enrolled",
        "ConsentAsked",
        _EXPIRED,
        _STEPS,
        *(_STREAK,) * 2,
        *(_OUT,) * 3,
    ),
    "NEIN": (*("Declined",) * 2, *("Help",) * 8),
    "STATUS": (_INVITED, "ConsentAsked", _INVITED, _EXPIRED, _STEPS, *(_STREAK,) * 2, *(_OUT,) * 3),
    "WEITER": (
        _INVITED,
        "ConsentAsked",
        _INVITED,
        _EXPIRED,
        "NextStep",
        *(_STREAK,) * 2,
        *(_OUT,) * 3,
    ),
    "MENSCH": ("PersonCalled",) * 10,
    "BEDINGUNGEN": ("TermsShown",) * 10,
    "EINSPRUCH": (*("NothingToObject",) * 8, "ObjectionNoted", "NothingToObject"),
    "DATEN": ("DataOffered",) * 10,
    "LÖSCHEN": ("EraseAsked",) * 10,
    "AUSSTEIGEN": (*("Declined",) * 2, *("Help",) * 2, *("LeaveAsked",) * 3, *("Help",) * 3),
    "am Ende des Monats": ("Misunderstood",) * 10,
}


def somebody(number: int) -> tuple[Customer, dict[str, Address]]:
    """Make a customer with a phone and a Telegram account."""
    addresses = {
        "sms": Address(f"tel:+49171392{number:05}"),
        "telegram": Address(f"telegram:{800000 + number}"),
    }
    contacts = tuple(map(Contact, addresses.values()))
    return Customer(f"2{number:05}", "de", Basis.CONSENT, contacts), addresses


@pytest.mark.parametrize("state", ORDER)
async def test_every_text_has_its_answer_in_every_state_on_both_channels(
    house: SmallHouse, state: str
) -> None:
    journey, answers = STATES[state], {}
    assert journey is not None

    for n, (text, channel) in enumerate((t, c) for t in TABLE for c in ("sms", "telegram")):
        customer, addresses = somebody(n)
        await house.put(customer, replace(journey, language="de"))
        await house.hear(text, addresses[channel])
        rows = await house.messages(customer.number)
        assert all(row.recipient == addresses[channel].uri for row in rows)
        answers[text, channel] = "+".join(row.line for row in rows)

    column = ORDER.index(state)
    assert answers == {(t, c): TABLE[t][column] for t, c in answers}


@pytest.mark.parametrize("state", STATES)
async def test_an_emergency_is_answered_first_with_nothing_of_the_programme(
    house: SmallHouse, state: str
) -> None:
    customer, addresses = somebody(1)
    if (journey := STATES[state]) is not None:
        await house.put(customer, replace(journey, language="de"))

    await house.hear("Hilfe Feuer 112", addresses["sms"])

    [(body,)] = house.rows("select body from outbox")
    assert "112" in str(body)
    assert not any(word in str(body) for word in ("MB", "GB", "Programm", "STATUS"))


# --- Strangers ------------------------------------------------------------------------------------


async def test_a_hundred_strangers_get_one_neutral_answer_each_and_leave_no_name(
    tmp_path: Path,
) -> None:
    numbers = [f"+49171393{n:05}" for n in range(100)]
    async with on_stage(tmp_path, lambda: NOON) as (stage, premises, _):
        for text in ("JA", "STATUS", "JOIN now"):
            for number in numbers:
                told = stage.sandbox.phones.type_sms(Address(f"tel:{number}"), text, NOON)
                await premises.conversations.heard(told)
        await stage.mover.advance("PT1M")
        screens = [stage.sandbox.phones.screen(Address(f"tel:{number}")) for number in numbers]
        house = SmallHouse(premises, None, tmp_path)  # type: ignore[arg-type]
        counts = house.counts()

    for screen in screens:
        [answer] = [shown.entry.text for shown in screen if shown.entry.direction == "out"]
        assert "nur für eingeladene" in answer
    kept = {table for table, rows in counts.items() if rows}
    assert not {"customers", "contacts", "journeys", "journal", "outbox", "credits"} & kept
    everything = "\n".join(
        repr(row)
        for table in kept
        for row in house.rows(f"select * from {table}")  # noqa: S608
    )
    assert "9171393" not in everything


async def test_somebody_held_out_is_answered_as_a_stranger_is(house: SmallHouse) -> None:
    await house.invite(HEDY, is_held_out=True)

    await house.hear("JA", HEDY.contacts[0].address)
    await house.hear("JA", HEDY.contacts[0].address)

    assert house.rows("select line, customer from outbox") == [("NotInvited", None)]
    assert (await house.journey(HEDY.number)).stage is Stage.HELD_OUT


async def test_a_strangers_stop_holds_even_if_they_are_invited_later(house: SmallHouse) -> None:
    await house.hear("STOP", ALICES)

    assert await house.invite(ALICE) == "not_invited"
    assert await house.lines() == []


async def test_a_stranger_is_answered_again_after_a_month(house: SmallHouse) -> None:
    await house.hear("JA", STRANGER)
    house.clock.at += 29 * DAY
    await house.store.recover(house.now)  # as the relay does all the time
    await house.hear("JA", STRANGER)
    assert len(house.rows("select * from outbox")) == 1
    house.clock.at += 2 * DAY
    await house.store.recover(house.now)

    await house.hear("JA", STRANGER)

    assert len(house.rows("select * from outbox")) == 2


# --- Once -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [3, 20])
async def test_a_message_that_comes_again_and_at_the_same_time_is_answered_once(
    house: SmallHouse, times: int
) -> None:
    await house.invite()
    await house.hear("JOIN")
    consent = house.said("JOIN")

    await asyncio.gather(*(house.premises.conversations.heard(consent) for _ in range(times)))
    await house.premises.conversations.heard(consent)

    assert await house.lines() == ["Invitation", "ConsentAsked", "Enrolled"]
    journal = (await house.dossier()).journal
    assert [row.kind for row in journal] == ["Invited", "Heard", "ConsentShown", "Heard"]
    await house.check()


async def test_an_update_that_nobody_can_read_is_kept_once(house: SmallHouse) -> None:
    for _ in range(3):
        await house.premises.conversations.undecodable("telegram", "7", b"\xff", "no JSON")

    assert house.rows("select source, id, reason from quarantine") == [("telegram", "7", "no JSON")]


# --- Telegram -------------------------------------------------------------------------------------


async def link_of(house: SmallHouse) -> str:
    """Find the code in Alice's invitation."""
    [row] = [row for row in await house.messages() if row.line == "Invitation"]
    return words_of(row).partition("start=")[2].split()[0]


def opening(house: SmallHouse, code: str, address: Address = ALICES_TELEGRAM) -> Inbound:
    """Open a link in Telegram."""
    return structs.replace(house.said(f"/start {code}", address), code=code)


async def test_the_link_goes_on_at_the_same_step_and_greets_once(house: SmallHouse) -> None:
    await house.join()
    await house.report(AppInstalled(at=house.now))
    before = await house.journey()
    code = await link_of(house)

    await house.premises.conversations.heard(opening(house, code))
    await house.premises.conversations.heard(opening(house, code))

    assert await house.journey() == before
    lines = [(row.lane, row.line) for row in await house.messages()][3:]
    assert lines[0][0] == lines[2][0] == "telegram"
    assert lines[1] == ("sms", "MovedToTelegram")
    assert lines[2] == ("telegram", "StatusSteps")
    assert len(lines) == 3


async def test_somebody_elses_account_is_not_moved_by_a_link_that_was_spent(
    house: SmallHouse,
) -> None:
    await house.join()
    code = await link_of(house)
    await house.premises.conversations.heard(opening(house, code))

    await house.premises.conversations.heard(opening(house, code, BABAKS_TELEGRAM))

    assert await house.store.customer_at(BABAKS_TELEGRAM) is None
    [*_, last] = house.rows("select recipient, line, customer from outbox order by id")
    assert last == (BABAKS_TELEGRAM.uri, "NotInvited", None)


async def test_a_link_that_is_too_old_or_invented_links_nobody(house: SmallHouse) -> None:
    await house.invite()
    code = await link_of(house)
    house.clock.at += 30 * DAY

    await house.premises.conversations.heard(opening(house, code))
    await house.premises.conversations.heard(opening(house, "x" * 22))

    assert await house.store.customer_at(ALICES_TELEGRAM) is None


async def test_an_account_that_is_one_customers_becomes_nobody_elses(house: SmallHouse) -> None:
    await house.invite()
    await house.invite(BABAK)
    await house.premises.conversations.heard(opening(house, await link_of(house)))
    [row] = await house.messages(BABAK.number)
    code = words_of(row).partition("start=")[2].split()[0]

    await house.premises.conversations.heard(opening(house, code))

    assert await house.store.customer_at(ALICES_TELEGRAM) == ALICE.number
    assert len((await house.dossier(BABAK.number)).memory.customer.contacts) == 1  # type: ignore[union-attr]


async def test_sharing_ones_own_contact_links_the_account(house: SmallHouse) -> None:
    await house.join()
    shared = structs.replace(house.said("", ALICES_TELEGRAM), proven_phone=ALICES)

    await house.premises.conversations.heard(shared)

    assert await house.store.customer_at(ALICES_TELEGRAM) == ALICE.number


async def test_a_typed_code_is_as_good_as_a_link(house: SmallHouse) -> None:
    await house.invite()

    await house.hear(await link_of(house), ALICES_TELEGRAM)

    assert await house.store.customer_at(ALICES_TELEGRAM) == ALICE.number


async def test_slash_start_after_stop_asks_and_opts_nobody_in(house: SmallHouse) -> None:
    await house.join()
    await house.premises.conversations.heard(opening(house, await link_of(house)))
    await house.hear("STOP")

    start = structs.replace(house.said("/start", ALICES_TELEGRAM), is_start=True)
    await house.premises.conversations.heard(start)

    assert (await house.lines())[-1] == "OptInAsked"
    assert (await house.journey()).is_silent


# --- Reachability ---------------------------------------------------------------------------------


async def test_stop_on_one_channel_silences_both_and_start_opens_one(house: SmallHouse) -> None:
    await house.join()
    await house.premises.conversations.heard(opening(house, await link_of(house)))

    await house.hear("STOP", ALICES_TELEGRAM)
    silenced = (await house.dossier()).memory.customer
    await house.hear("START", ALICES)
    opened = (await house.dossier()).memory.customer

    assert silenced is not None
    assert opened is not None
    assert not any(contact.is_open for contact in silenced.contacts)
    assert [c.address for c in opened.contacts if c.is_open] == [ALICES]


async def test_what_twilio_has_answered_itself_is_not_answered_again(house: SmallHouse) -> None:
    await house.join()

    stop = structs.replace(house.said("STOP"), was_answered=True)
    await house.premises.conversations.heard(stop)

    assert (await house.lines())[-1] == "Enrolled"
    assert (await house.journey()).is_silent


async def test_who_blocks_the_bot_is_not_opted_out_and_is_written_to_elsewhere(
    house: SmallHouse,
) -> None:
    await house.join()
    await house.premises.conversations.heard(opening(house, await link_of(house)))
    blocked = Reachability("telegram", "9", ALICES_TELEGRAM, house.now, is_blocked=True)

    for _ in range(2):
        await house.premises.conversations.reached(blocked)
    await house.pass_time(timedelta(days=3))

    [*_, last] = await house.messages()
    assert (last.line, last.lane) == ("StepReminder", "sms")
    assert not (await house.journey()).is_silent


async def test_taking_the_bot_back_opts_nobody_in(house: SmallHouse) -> None:
    await house.join()
    await house.premises.conversations.heard(opening(house, await link_of(house)))
    await house.hear("STOP", ALICES_TELEGRAM)

    for n, is_blocked in enumerate((True, False)):
        change = Reachability("telegram", f"r{n}", ALICES_TELEGRAM, house.now, is_blocked)
        await house.premises.conversations.reached(change)

    customer = (await house.dossier()).memory.customer
    assert customer is not None
    assert [contact.blocked_at for contact in customer.contacts] == [None, None]
    assert not any(contact.is_open for contact in customer.contacts)
    assert (await house.journey()).is_silent
    assert (await house.lines())[-1] == "OptedOut"


@pytest.mark.parametrize(
    ("fault", "is_silent", "is_open"),
    [
        (Fault.OPTED_OUT, True, False),
        (Fault.BLOCKED, False, False),
        (Fault.ADDRESS, False, False),
        (Fault.CONTENT, False, True),
    ],
)
async def test_an_address_that_a_provider_refuses_is_closed(
    house: SmallHouse, fault: Fault, *, is_silent: bool, is_open: bool
) -> None:
    await house.join()

    await house.premises.conversations.refused(ALICES, fault)

    customer = (await house.dossier()).memory.customer
    assert customer is not None
    assert (await house.journey()).is_silent is is_silent
    assert customer.contacts[0].is_open is is_open
    assert (await house.lines())[-1] == "Enrolled"


async def test_what_was_written_stands_only_where_it_can_be_forgotten(house: SmallHouse) -> None:
    await house.join()

    said = await house.hear("my PIN is 0815 and my name is Alice Kowalski")

    assert (said.provider_id,) in house.rows("select id from inbox")
    everything = "".join(
        repr(house.rows(f"select * from {table}"))  # noqa: S608
        for table in house.counts()
        if table != "words"
    )
    assert "kowalski" not in everything.casefold()
    assert "Kowalski" in repr(house.rows("select text from words"))


async def test_an_account_stays_with_the_line_that_it_was_linked_to_first(
    house: SmallHouse,
) -> None:
    await house.invite()
    await house.invite(BABAK)
    await house.premises.conversations.heard(opening(house, await link_of(house)))
    babaks = BABAK.contacts[0].address
    shared = structs.replace(house.said("", ALICES_TELEGRAM), proven_phone=babaks)

    await house.premises.conversations.heard(shared)

    assert await house.store.customer_at(ALICES_TELEGRAM) == ALICE.number
    assert (await house.lines())[-1] == "StatusInvited"
    assert await house.lines(BABAK.number) == ["Invitation"]
