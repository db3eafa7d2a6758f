"""Turns that people and the clock cause: inviting, waking, the waiting list, decisions."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from flows.customer import Address, Contact, Customer
from flows.events import ObjectionAnswered, PortalRegistered, StepWaived, VideoWatched
from flows.journey import Stage
from storage.outbox import WakeRow
from tests.bot.small_house import SmallHouse, small_house
from tests.cast import ALICE, BABAK, DAY, HEDY, OTTO

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[SmallHouse]:
    async with small_house(tmp_path) as opened:
        yield opened


async def test_whoever_is_invited_twice_is_invited_once(house: SmallHouse) -> None:
    answers = await asyncio.gather(*(house.invite() for _ in range(3)))

    assert sorted(answers) == ["duplicate", "duplicate", "invited"]
    assert await house.lines() == ["Invitation"]


@pytest.mark.parametrize(
    "customer",
    [
        replace(ALICE, basis=None),
        replace(ALICE, contacts=(Contact(Address("mailto:alice@mail.example")),)),
    ],
    ids=["without a basis", "by no channel that is on"],
)
async def test_whoever_may_not_be_invited_is_known_and_left_alone(
    house: SmallHouse, customer: Customer
) -> None:
    assert await house.invite(customer) == "not_invited"

    dossier = await house.dossier()
    assert dossier.memory.customer == customer
    assert (dossier.memory.journey, dossier.messages, dossier.journal) == (None, (), ())


@pytest.mark.parametrize("is_held_out", [True, False])
async def test_a_rehearsed_invitation_answers_the_same_and_changes_nothing(
    house: SmallHouse, *, is_held_out: bool
) -> None:
    before = house.counts()

    rehearsed = await house.premises.turns.would_invite(ALICE, is_held_out=is_held_out)

    assert house.counts() == before
    assert rehearsed == await house.invite(is_held_out=is_held_out)
    assert await house.premises.turns.would_invite(ALICE, is_held_out=False) == "duplicate"


async def test_somebody_held_out_is_never_written_to(house: SmallHouse) -> None:
    await house.invite(HEDY, is_held_out=True)

    await house.pass_time(400 * DAY)

    assert await house.lines(HEDY.number) == []


async def test_a_wait_that_is_over_brings_one_reminder_even_if_it_rings_thrice(
    house: SmallHouse,
) -> None:
    await house.join()
    house.clock.at += 3 * DAY
    [wake] = [w for w in await house.store.due_wakes(house.now, 9) if w.what == "steps"]

    await asyncio.gather(*(house.premises.turns.woke(wake) for _ in range(3)))

    assert (await house.lines())[3:] == ["StepReminder"]
    assert await house.store.due_wakes(house.now, 9) == ()
    await house.check()


async def test_a_wake_for_nobody_is_passed_over(house: SmallHouse) -> None:
    await house.premises.turns.woke(WakeRow("999999", "calendar", "steps", house.now))

    assert house.rows("select * from journal") == []


async def test_a_waived_step_lets_the_months_begin_and_brings_no_credit(house: SmallHouse) -> None:
    await house.join()
    await house.report(PortalRegistered(at=house.now))
    await house.report(VideoWatched(at=house.now, share=1))

    waived = StepWaived(at=house.now, step="app")
    await house.premises.turns.decided(ALICE.number, waived, f"manager:{OTTO}")

    dossier = await house.dossier()
    assert (await house.lines())[-1] == "StreakStarted"
    assert sorted(c.step for c in dossier.memory.credits) == ["registration", "video"]
    assert dossier.journal[-1].source == f"manager:{OTTO}"


async def test_a_drop_out_that_was_objected_to_can_be_taken_back(house: SmallHouse) -> None:
    await house.join()
    dropped = replace(await house.journey(), stage=Stage.DROPPED, out_at=house.now)
    await house.put(replace(ALICE), dropped)
    await house.hear("OBJECT")

    answer = ObjectionAnswered(at=house.now, is_accepted=True)
    await house.premises.turns.decided(ALICE.number, answer, f"manager:{OTTO}")

    assert (await house.journey()).stage is Stage.MEMBER
    assert (await house.lines())[-2:] == ["ObjectionNoted", "ObjectionDecided"]


# --- The budget -----------------------------------------------------------------------------------

ONE_PLACE = "budget_megabytes = 4_000"


@pytest.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[SmallHouse]:
    """A house whose budget bears one member."""
    text = files("flows").joinpath("campaign.toml").read_text(encoding="utf-8")
    terms = tmp_path / "campaign.toml"
    terms.write_text(text.replace("# budget_megabytes = 3_600_000", ONE_PLACE), encoding="utf-8")
    async with small_house(tmp_path, terms) as opened:
        yield opened


async def test_the_budget_is_never_promised_twice_even_at_the_same_moment(
    narrow: SmallHouse,
) -> None:
    await narrow.invite(ALICE)
    await narrow.invite(BABAK)
    yes = [narrow.said("JA", c.contacts[0].address) for c in (ALICE, BABAK)]
    again = [narrow.said("JA", c.contacts[0].address) for c in (ALICE, BABAK)]

    await asyncio.gather(*map(narrow.premises.conversations.heard, yes))
    await asyncio.gather(*map(narrow.premises.conversations.heard, again))

    stages = {(await narrow.journey(c.number)).stage for c in (ALICE, BABAK)}
    assert stages == {Stage.MEMBER, Stage.WAITING}
    assert len(narrow.rows("select * from ledger where what = 'reserve'")) == 1


async def test_a_place_that_becomes_free_goes_to_whoever_waits(narrow: SmallHouse) -> None:
    await narrow.join(ALICE)
    await narrow.join(BABAK)
    assert (await narrow.lines(BABAK.number))[-1] == "PutOnWaitingList"
    await narrow.pass_time(timedelta(hours=1))
    assert (await narrow.journey(BABAK.number)).stage is Stage.WAITING

    await narrow.hear("LEAVE")
    await narrow.hear("LEAVE")
    await narrow.pass_time(timedelta(minutes=1))

    assert (await narrow.journey(BABAK.number)).stage is Stage.MEMBER
    assert (await narrow.lines(BABAK.number))[-1] == "Enrolled"
    await narrow.check(BABAK.number)


async def test_whoever_takes_the_consent_back_while_waiting_is_not_enrolled(
    narrow: SmallHouse,
) -> None:
    await narrow.join(ALICE)
    await narrow.join(BABAK)

    await narrow.hear("AUSSTEIGEN", BABAK.contacts[0].address)
    await narrow.hear("LEAVE")
    await narrow.hear("LEAVE")
    await narrow.pass_time(timedelta(minutes=1))

    assert (await narrow.journey(BABAK.number)).stage is Stage.DECLINED
