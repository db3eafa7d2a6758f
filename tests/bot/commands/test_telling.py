"""What somebody who has a customer on the phone reads: reasons, calls, credits, in words."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.commands.telling import Reasons, call_rows, credit_row, event_row, request_rows, words
from bot.credits.decisions import By
from flows.credit import CreditState
from flows.events import Feed, HotlineCalled, PortalUsed
from flows.journey import Journey
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import ALICE, DAY, NOON, TERMS

pytestmark = pytest.mark.anyio

ZONE = ZoneInfo("Europe/Berlin")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ProgrammeHouse]:
    async with programme_house(tmp_path) as house:
        await house.join()
        await house.do_steps()
        yield house


async def call(house: ProgrammeHouse, id_: str, reason: str, at: datetime) -> None:
    await house.report(HotlineCalled(at=at, call_id=id_, duration_s=100, reason=reason))


async def journey_of(house: ProgrammeHouse) -> Journey:
    journey = (await house.dossier()).memory.journey
    assert journey is not None
    return journey


async def reasons(house: ProgrammeHouse) -> list[str]:
    dossier = await house.dossier()
    return list(Reasons(dossier, await journey_of(house), TERMS).all())


def test_a_name_is_taken_apart() -> None:
    assert words("CreditTakenBack") == "credit taken back"


async def test_the_event_that_began_the_months_is_named(house: ProgrammeHouse) -> None:
    told = await reasons(house)

    assert told[0] == "The terms 1 hold: consent of Tue 01.12.2026 12:00."
    assert "The months run from Tue 01.12.2026 12:00: that is the step" in told[1]


async def test_the_call_that_began_them_anew_is_named(house: ProgrammeHouse) -> None:
    house.clock.at = NOON + 20 * DAY
    await call(house, "C7", "bill", NOON + 10 * DAY)

    told = await reasons(house)

    assert told[1] == (
        "The months run from Fri 11.12.2026 12:00: that is the hotline call C7 (bill)."
    )


async def test_each_call_says_whether_it_counts_and_why(house: ProgrammeHouse) -> None:
    house.clock.at = NOON + 20 * DAY
    await call(house, "C1", "bill", NOON + 1 * DAY)
    await call(house, "C2", "bill", NOON + 1 * DAY + timedelta(hours=3))
    await call(house, "C3", "fault", NOON + 3 * DAY)
    await call(house, "C4", "riddle", NOON + 4 * DAY)

    rows = list(call_rows(await journey_of(house), TERMS))

    assert [row[-1] for row in rows] == [
        "counts",
        "counts as one with the call before it, or came after the payout",
        "does not count: the reason is exempt",
        "unknown reason: counts from Thu 24.12.2026 12:00 unless contested",
    ]


async def test_a_bonus_that_waits_says_for_what(house: ProgrammeHouse) -> None:
    for step in TERMS.tasks:
        await house.book(step)
    for _ in range(5):
        await house.pass_time(55)
        await house.feeds(house.clock(), Feed.PORTAL)
        await house.report(PortalUsed(at=house.clock()))

    told = await reasons(house)

    [waits] = [sentence for sentence in told if sentence.startswith("The bonus waits")]
    assert waits.endswith("complete until –, and must be until Wed 01.09.2027 12:00.")


async def test_a_credit_in_doubt_says_why(house: ProgrammeHouse) -> None:
    await house.move("video", CreditState.REQUESTED)
    row = replace(await house.credit("video"), attempts=3, note="status 500")

    assert credit_row(row, ZONE)[-1] == "attempt 3, status 500"


async def test_what_waits_for_a_person_is_shown_until_it_is_answered(
    house: ProgrammeHouse,
) -> None:
    house.clock.at = NOON + 2 * DAY
    await call(house, "C1", "bill", NOON + 1 * DAY)
    await house.say("OBJECT")
    [waits] = request_rows(await house.dossier(), ZONE)

    await house.decisions.answer(int(waits[0]), By("9001", "she is right"), is_accepted=True)

    assert waits[2:] == ("objection", "C1")
    assert list(request_rows(await house.dossier(), ZONE)) == []
    [row] = call_rows(await journey_of(house), TERMS)
    assert row[-1] == "does not count: a person decided so"


async def test_every_event_of_a_history_is_told_in_words(house: ProgrammeHouse) -> None:
    await house.book("video")
    rows = [event_row(row, ZONE) for row in (await house.dossier()).journal]

    assert ("Tue 01.12.2026 12:00", "said join by sms", "sms", "told: enrolled") in rows
    assert rows[-1][1:] == ("video booked by the operator", "carrier", "told: credited")
    assert ALICE.number not in str(rows)
