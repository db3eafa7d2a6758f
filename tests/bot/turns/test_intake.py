"""The intake: each report is taken in once, by whichever door, and told what became of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from bot.carrier.feed import FeedComplete, IncidentClosed, IncidentOpened, Result
from flows.customer import Basis, Customer
from flows.events import (
    AppInstalled,
    ContractEnded,
    Event,
    Feed,
    HotlineCalled,
    PortalRegistered,
    PortalUsed,
    VideoWatched,
)
from flows.journey import Stage
from flows.steps.streak import window
from tests.bot.small_house import SmallHouse, small_house
from tests.cast import ALICE, BABAK, DAY, HEDY

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[SmallHouse]:
    async with small_house(tmp_path) as opened:
        yield opened


def call(house: SmallHouse, name: str = "C1", reason: str | None = "bill") -> HotlineCalled:
    return HotlineCalled(at=house.now, call_id=name, duration_s=120, reason=reason)


# --- Once -----------------------------------------------------------------------------------------


async def test_every_report_three_times_at_once_is_one_credit(house: SmallHouse) -> None:
    await house.join()
    events: tuple[Event, ...] = (
        PortalRegistered(at=house.now),
        AppInstalled(at=house.now),
        VideoWatched(at=house.now, share=1),
    )
    reports = [house.told(event, name=type(event).__name__) for event in events] * 3

    taken = await asyncio.gather(*map(house.premises.reports.happened, reports))

    assert [one.result for one in taken].count(Result.APPLIED) == 3
    assert [one.result for one in taken].count(Result.REPEAT) == 6
    dossier = await house.dossier()
    assert sorted(c.step for c in dossier.memory.credits) == ["app", "registration", "video"]
    assert [row.kind for row in dossier.journal][4:] == [type(event).__name__ for event in events]
    assert (await house.lines())[3:] == ["StreakStarted"]
    await house.check()


async def test_the_same_id_with_other_content_changes_nothing_and_is_noted(
    house: SmallHouse,
) -> None:
    await house.join()
    await house.report(AppInstalled(at=house.now), name="E1")
    before = await house.dossier()

    taken = await house.report(VideoWatched(at=house.now, share=1), name="E1")

    assert taken.result is Result.CONFLICT
    assert await house.dossier() == before
    assert house.rows("select act, about from audit") == [("conflict", "E1")]


@pytest.mark.parametrize(
    "order", list(permutations(("registration", "video", "app"))), ids=" ".join
)
async def test_the_steps_in_any_order_each_three_times_are_three_credits(
    house: SmallHouse, order: tuple[str, ...]
) -> None:
    await house.join()
    for step in order * 3:
        house.clock.at += timedelta(hours=1)
        event: dict[str, Event] = {
            "registration": PortalRegistered(at=house.now),
            "video": VideoWatched(at=house.now, share=1),
            "app": AppInstalled(at=house.now),
        }
        await house.report(event[step])

    earned = (await house.dossier()).memory.credits
    assert [c.step for c in sorted(earned, key=lambda c: c.earned_at)] == list(order)
    assert {c.megabytes for c in earned} == {600}
    assert (await house.lines())[3:] == ["StreakStarted"]
    await house.check()


# --- Who it concerns ------------------------------------------------------------------------------


async def test_a_report_about_somebody_never_invited_is_not_kept(house: SmallHouse) -> None:
    before = house.counts()

    taken = await house.report(PortalRegistered(at=house.now), "999999")

    assert taken.result is Result.UNKNOWN_CUSTOMER
    assert house.counts() == before


async def test_a_report_about_somebody_held_out_is_ignored(house: SmallHouse) -> None:
    await house.invite(HEDY, is_held_out=True)

    taken = await house.report(PortalRegistered(at=house.now), HEDY.number)

    assert taken.result is Result.IGNORED
    assert (await house.journey(HEDY.number)).stage is Stage.HELD_OUT
    assert await house.lines(HEDY.number) == []


async def test_what_happens_before_the_consent_is_held_and_earns_nothing_yet(
    house: SmallHouse,
) -> None:
    await house.invite()

    taken = await house.report(VideoWatched(at=house.now, share=1))

    assert taken.result is Result.HELD
    assert (await house.dossier()).memory.credits == ()
    await house.hear("JOIN")
    await house.hear("JOIN")
    assert (await house.credit("video")).megabytes == 600


async def test_a_call_can_be_reported_by_phone_number(house: SmallHouse) -> None:
    await house.join()
    report = replace(house.told(call(house)), customer=None, phone=ALICE.contacts[0].address.value)

    taken = await house.premises.reports.happened(report)

    assert taken.result is Result.APPLIED
    assert [c.id for c in (await house.journey()).calls] == ["C1"]


async def test_a_report_that_changes_nothing_says_so(house: SmallHouse) -> None:
    await house.join()
    await house.report(VideoWatched(at=house.now, share=1))

    again = await house.report(VideoWatched(at=house.now, share=1))
    half = await house.report(VideoWatched(at=house.now, share=0.5))
    unknown = await house.report(None)

    assert {again.result, half.result, unknown.result} == {Result.IGNORED}


async def test_what_claims_to_come_from_the_future_has_no_effect_yet(house: SmallHouse) -> None:
    await house.join()
    at = house.now + timedelta(minutes=6)

    first = await house.report(AppInstalled(at=at), name="E1")
    again = await house.report(AppInstalled(at=at), name="E1")

    assert (first.result, again.result) == (Result.QUARANTINED, Result.REPEAT)
    assert (await house.dossier()).memory.credits == ()
    assert house.rows("select id from quarantine") == [("E1",)]


async def test_the_end_of_a_contract_ends_in_silence(house: SmallHouse) -> None:
    await house.join()
    await house.do_all_steps()
    said = await house.lines()

    await house.report(ContractEnded(at=house.now, reason="ported"))
    await house.pass_time(100 * DAY)

    assert (await house.journey()).stage is Stage.ENDED
    assert await house.lines() == said
    assert (await house.dossier()).wakes == ()


# --- Moments --------------------------------------------------------------------------------------


async def test_a_late_report_counts_from_its_own_moment(house: SmallHouse) -> None:
    await house.join()
    at = house.now + timedelta(hours=1)
    house.clock.at += 3 * DAY

    for event in (PortalRegistered(at=at), AppInstalled(at=at), VideoWatched(at=at, share=1)):
        await house.report(event)

    span = window(await house.journey(), house.premises.terms.current)
    assert span is not None
    assert span.start == at
    await house.check()


async def test_a_moment_may_be_written_in_any_zone(house: SmallHouse) -> None:
    await house.join()
    berlin = house.premises.terms.current.zone

    await house.report(AppInstalled(at=house.now.astimezone(berlin)))

    await house.check()


async def test_a_new_start_of_the_months_moves_every_wake_and_leaves_no_old_one(
    house: SmallHouse,
) -> None:
    await house.join()
    await house.do_all_steps()
    await house.pass_time(10 * DAY)
    before = {wake.slot: wake for wake in (await house.dossier()).wakes}

    await house.report(call(house))
    moved = {wake.slot: wake for wake in (await house.dossier()).wakes}
    await house.report(PortalUsed(at=house.now))
    again = (await house.dossier()).wakes

    assert len(again) == len({wake.slot for wake in again}) == len(before)
    assert {w.at for w in moved.values()} & {before["calendar"].at} == set()
    assert [w.at for w in again if w.slot == "portal"] == [house.now + 90 * DAY]
    await house.check()


# --- Calls and incidents --------------------------------------------------------------------------

IN_BERLIN = Customer("100007", "de", Basis.CONSENT, BABAK.contacts, attributes=(("area", "BE"),))


async def on_streak(house: SmallHouse, customer: Customer = ALICE) -> None:
    await house.join(customer)
    await house.do_all_steps(customer.number)
    house.clock.at += 10 * DAY


@pytest.mark.parametrize("comes_first", [True, False])
@pytest.mark.parametrize("by_area", [True, False])
async def test_an_incident_exempts_a_call_whichever_is_reported_first(
    house: SmallHouse, *, comes_first: bool, by_area: bool
) -> None:
    await on_streak(house, IN_BERLIN)
    begins = (await house.journey(IN_BERLIN.number)).reached[-1].at
    whom = {"area": "BE"} if by_area else {"customers": (IN_BERLIN.number,)}
    incident = IncidentOpened("I1", house.now - timedelta(hours=1), **whom)

    if comes_first:
        await house.report(incident, None)
    await house.report(call(house), IN_BERLIN.number)
    if not comes_first:
        await house.report(incident, None)

    span = window(await house.journey(IN_BERLIN.number), house.premises.terms.current)
    assert span is not None
    assert span.start == begins
    last = "CallExempt" if comes_first else "CallRepaired"
    assert (await house.lines(IN_BERLIN.number))[-1] == last
    await house.check(IN_BERLIN.number)


async def test_an_incident_reported_again_says_nothing_again(house: SmallHouse) -> None:
    await on_streak(house)
    await house.report(call(house))
    incident = IncidentOpened("I1", house.now, customers=(ALICE.number,))
    await house.report(incident, None, "E1")
    before = await house.dossier()

    for _ in range(2):
        assert (await house.report(incident, None, "E1")).result is Result.REPEAT

    assert await house.dossier() == before


async def test_another_incident_under_a_known_id_exempts_nobody(house: SmallHouse) -> None:
    await on_streak(house)
    await house.report(call(house))
    await house.report(IncidentOpened("I1", house.now, customers=(BABAK.number,)), None, "E1")
    before = await house.dossier()

    other = IncidentOpened("I1", house.now, customers=(ALICE.number,))
    taken = await house.report(other, None, "E1")

    assert taken.result is Result.CONFLICT
    assert await house.dossier() == before


@pytest.mark.parametrize("closed_first", [True, False])
async def test_a_call_after_the_incident_counts_in_whatever_order_that_is_reported(
    house: SmallHouse, *, closed_first: bool
) -> None:
    await on_streak(house)
    opened = IncidentOpened("I1", house.now, customers=(ALICE.number,))
    closed = IncidentClosed("I1", house.now + timedelta(hours=2))
    house.clock.at += 3 * DAY
    if not closed_first:
        await house.report(opened, None)
    await house.report(closed, None)
    await house.report(call(house))

    if closed_first:
        await house.report(opened, None)

    assert (await house.lines())[-1] == "CallRestarted"


async def test_an_incident_elsewhere_exempts_nobody(house: SmallHouse) -> None:
    await on_streak(house)
    await house.report(IncidentOpened("I1", house.now, area="BY"), None)

    await house.report(call(house))

    assert (await house.lines())[-1] == "CallRestarted"


# --- Feeds ----------------------------------------------------------------------------------------


async def test_a_watermark_never_falls(house: SmallHouse) -> None:
    for until in (house.now, house.now - 3 * DAY):
        await house.report(FeedComplete(Feed.HOTLINE, until), None)

    assert await house.store.watermarks() == {Feed.HOTLINE: house.now}
