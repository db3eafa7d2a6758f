"""What the Telegram channel sends, and how a message takes the place of another."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.channels.channel import Accepted, Choice, Message, Unknown
from flows.intent import Intent
from tests.bot.channels.telegram_stage import BABAK, Stage, staged
from tests.fakes.telegram_troubles import Misbehaviour, Trouble


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


STATUS = Choice("Mein Stand", Intent.STATUS)
HELP = Choice("Hilfe", Intent.HELP)
PORTAL = Choice("Zum Portal", url="https://portal.nordlicht.example/?a=1")


# --- What is sent -------------------------------------------------------------------------------


async def test_a_message_is_html_without_preview_and_with_its_buttons(stage: Stage) -> None:
    long = Choice("Was beim Anruf zählt und was nicht", Intent.TERMS)

    outcome = await stage.send(Message("<b>600 MB</b> sind da.", (STATUS, HELP, PORTAL, long)))

    assert outcome == Accepted("700002:1")
    method, asked = stage.fake.calls[-1]
    assert (method, asked["parse_mode"]) == ("sendmessage", "HTML")
    assert asked["link_preview_options"] == {"is_disabled": True}
    assert [[b.text for b in row] for row in stage.fake.sent[0].rows] == [
        ["Mein Stand", "Hilfe"],
        ["Zum Portal"],
        ["Was beim Anruf zählt und was nicht"],
    ]
    assert stage.fake.sent[0].rows[0][0].data == "v1:status"
    assert stage.fake.sent[0].rows[1][0].url == PORTAL.url


async def test_a_tapped_message_is_edited_in_its_place(stage: Stage) -> None:
    first = await stage.send(Message("Weiter?", (STATUS,)))
    assert isinstance(first, Accepted)
    stage.fake.tap(BABAK, "Mein Stand")

    outcome = await stage.send(Message("3 von 9", replaces=first.ref, callback="tap1"), tag="t2")

    assert outcome == Accepted("700002:1:t2")  # unlike the first ref: the outbox wants them unique
    assert [(m.text, m.versions, m.rows) for m in stage.fake.sent] == [("3 von 9", 2, ())]
    assert stage.fake.answered_taps == ["tap1"]


async def test_the_ref_of_an_edit_can_be_edited_again(stage: Stage) -> None:
    await stage.send("one")

    await stage.send(Message("two", replaces="700002:1"), tag="t2")
    await stage.send(Message("three", replaces="700002:1:t2"), tag="t3")

    assert [m.text for m in stage.fake.sent] == ["three"]


async def test_an_edit_that_changes_nothing_has_succeeded(stage: Stage) -> None:
    await stage.send("same")

    assert await stage.send(Message("same", replaces="700002:1")) == Accepted("700002:1:t1")
    assert len(stage.fake.sent) == 1


@pytest.mark.parametrize(
    "replaces", ["700002:99", "700003:1", "", ":", "700002:x", "17", "700002:-1"]
)
async def test_what_cannot_be_edited_is_sent_anew(stage: Stage, replaces: str) -> None:
    outcome = await stage.send(Message("new", replaces=replaces))

    assert outcome == Accepted("700002:1")
    assert [m.text for m in stage.fake.sent] == ["new"]


async def test_a_tap_is_answered_before_its_message_leaves(stage: Stage) -> None:
    stage.fake.forge_tap(BABAK, "v1:status")

    await stage.send(Message("here", callback="tap1"))

    assert [method for method, _ in stage.fake.calls] == ["answercallbackquery", "sendmessage"]


async def test_a_tap_too_old_to_be_answered_still_gets_its_message(stage: Stage) -> None:
    stage.fake.forge_tap(BABAK, "v1:status")
    stage.clock.seconds += 151

    assert await stage.send(Message("here", callback="tap1")) == Accepted("700002:1")
    assert stage.fake.answered_taps == []


async def test_a_silent_answer_to_a_tap_holds_its_message_for_two_seconds_at_most(
    stage: Stage,
) -> None:
    stage.fake.misbehave(Misbehaviour(Trouble.STALL, method="answercallbackquery", delay_s=30))
    stage.fake.forge_tap(BABAK, "v1:status")

    async with asyncio.timeout(4):
        assert await stage.send(Message("here", callback="tap1")) == Accepted("700002:1")


async def test_the_contact_is_asked_for_by_a_message_of_its_own(stage: Stage) -> None:
    await stage.send("before")

    ask = Message("Ihre Nummer?", (Choice("Teilen"),), replaces="700002:1", asks_contact=True)
    await stage.send(ask)

    assert [m.asks_contact for m in stage.fake.sent] == [False, True]
    assert stage.fake.calls[-1][1]["reply_markup"] == {
        "keyboard": [[{"text": "Teilen", "request_contact": True}]],
        "resize_keyboard": True,
        "one_time_keyboard": True,
    }


async def test_a_long_text_comes_in_parts_with_the_buttons_below_the_last(stage: Stage) -> None:
    outcome = await stage.send(Message("<b>" + "Wort " * 1000 + "</b>", (STATUS,)))

    assert outcome == Accepted("700002:2")
    assert [m.labels for m in stage.fake.sent] == [(), ("Mein Stand",)]
    assert "".join(m.text for m in stage.fake.sent).count("Wort") == 1000


async def test_a_part_that_is_lost_after_the_first_arrived_leaves_the_outcome_unknown(
    stage: Stage,
) -> None:
    stage.fake.misbehave(
        Misbehaviour(Trouble.SLOW),
        Misbehaviour(Trouble.REFUSE, status=403, description="Forbidden: user is deactivated"),
    )

    assert await stage.send("Wort " * 1000) == Unknown("1 of 2 parts arrived")


async def test_broken_markup_of_ours_is_sent_as_plain_text(stage: Stage) -> None:
    assert await stage.send("<b>600 MB &amp; more") == Accepted("700002:1")
    assert [m.text for m in stage.fake.sent] == ["600 MB & more"]
