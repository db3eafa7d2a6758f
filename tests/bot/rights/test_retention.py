"""Retention: each kind of data goes when its time is over, and nothing else does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.credits.audit import verify
from bot.credits.ledger import check
from bot.rights.retention import CHUNK, NAP, Retention
from bot.rights.scrubber import AFTER, REWRITE, Scrubber
from flows.events import HotlineCalled, PortalRegistered
from flows.journey import Journey, Stage
from storage.changes import MintLink, Quarantine
from storage.memory import InboxKey, Link
from tests.bot.rights.test_data_rights import book, found
from tests.bot.small_house import SmallHouse, small_house
from tests.cast import ALICE, BABAK, DAY

pytestmark = pytest.mark.anyio

CAMPAIGN = Path(__file__).parents[3] / "flows" / "campaign.toml"
BABAKS = BABAK.contacts[0].address


def retention(house: SmallHouse) -> Retention:
    return Retention(house.store, house.premises.house, house.premises.clock)


async def work(house: SmallHouse) -> None:
    """Let the worker do all that is due now."""
    worker = retention(house)
    while (due := await worker.tick()) is not None and due <= house.now:
        pass


async def expire(house: SmallHouse) -> None:
    """Let the invitations run out unanswered."""
    for _ in range(32):
        await house.pass_time(DAY)


async def test_an_invitation_that_nobody_answered_is_forgotten_after_ninety_days(
    tmp_path: Path,
) -> None:
    async with small_house(tmp_path) as house:
        await house.invite()
        await house.join(BABAK)
        await expire(house)
        invited = (await house.journey()).invited_at
        assert invited is not None

        house.clock.at = invited + 89 * DAY
        await work(house)
        assert await house.store.dossier(ALICE.number) is not None
        house.clock.at = invited + 91 * DAY
        await work(house)

        assert await house.store.dossier(ALICE.number) is None
        assert found(tmp_path, "100001", "1713920011") == []
        assert (await house.journey(BABAK.number)).stage is Stage.MEMBER
        left = house.premises.keys.pseudonym(ALICE.number)
        assert (await house.journey(left)).stage is Stage.EXPIRED  # it is counted still
        await house.check(left)
        assert await house.invite() == "invited"  # nothing keeps a new invitation back


async def test_who_could_not_be_invited_is_forgotten_after_ninety_days(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        assert await house.invite(replace(ALICE, basis=None)) == "not_invited"
        await house.invite(BABAK)

        house.clock.at += 89 * DAY
        await work(house)
        assert await house.store.dossier(ALICE.number) is not None
        house.clock.at += 2 * DAY
        await work(house)

        assert await house.store.dossier(ALICE.number) is None
        assert found(tmp_path, "100001", "1713920011") == []
        assert await house.store.dossier(BABAK.number) is not None


async def test_steps_before_a_consent_that_never_came_are_dropped(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await house.invite()
        await house.report(PortalRegistered(at=house.now))
        await work(house)
        assert len((await house.journey()).early) == 1

        await expire(house)
        await work(house)

        journey = await house.journey()
        assert (journey.stage, journey.early) == (Stage.EXPIRED, ())
        assert [row.kind for row in (await house.dossier()).journal] == ["Sealed"]
        await house.check()
        assert await house.store.customer_at(ALICE.contacts[0].address) == ALICE.number


async def test_a_no_keeps_steps_for_thirty_days_in_case_of_a_yes(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await house.invite()
        await house.report(PortalRegistered(at=house.now))
        await house.hear("NO")

        house.clock.at += 29 * DAY
        await work(house)
        assert len((await house.journey()).early) == 1
        house.clock.at += 2 * DAY
        await work(house)

        assert (await house.journey()).early == ()


def ending(folder: Path, at: datetime) -> Path:
    """Write a campaign that ends then."""
    path = folder / "campaign.toml"
    path.write_text(
        CAMPAIGN.read_text().replace(
            "# ends_at = 2028-06-30T23:59:59+02:00", f"ends_at = {at.isoformat()}"
        )
    )
    return path


async def test_histories_go_half_a_year_after_the_campaign_and_credits_stay(
    tmp_path: Path,
) -> None:
    end = datetime(2027, 3, 1, tzinfo=UTC)
    async with small_house(tmp_path, ending(tmp_path, end)) as house:
        await house.join()
        await house.join(BABAK)
        await house.do_all_steps()
        for step in ("registration", "video", "app"):
            await book(house, step, ALICE.number)
        called = HotlineCalled(at=house.now, call_id="C-1", duration_s=60, reason="bill")
        await house.report(called)
        await house.hear("LEAVE")
        await house.hear("LEAVE")

        house.clock.at = end + 180 * DAY
        await work(house)
        assert len((await house.dossier()).journal) > 1
        house.clock.at = end + 190 * DAY
        await work(house)

        dossier = await house.dossier()
        assert [row.kind for row in dossier.journal] == ["Sealed"]
        assert {row.state.value for row in dossier.messages} <= {"ready"}  # on their way still
        assert len(dossier.memory.credits) == 3
        await house.check()
        babaks = await house.dossier(BABAK.number)  # still on the way: nothing of his is dropped
        assert len(babaks.journal) > 1
        assert (await check(house.store, house.premises.terms)).faults == ()


async def test_without_an_end_no_history_goes(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await house.join()
        await house.hear("LEAVE")
        await house.hear("LEAVE")
        before = await house.dossier()

        house.clock.at += 2000 * DAY
        assert await retention(house).drop_histories(house.now) == 0

        assert await house.dossier() == before


async def test_bookings_are_carried_over_three_years_after_the_year(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await house.join()
        await house.join(BABAK)
        await house.report(PortalRegistered(at=house.now))
        await book(house, "registration", ALICE.number)
        await house.hear("LEAVE")
        await house.hear("LEAVE")

        house.clock.at = datetime(2029, 12, 30, tzinfo=UTC)
        await work(house)
        assert await house.store.dossier(ALICE.number) is not None
        house.clock.at = datetime(2030, 1, 2, tzinfo=UTC)
        await work(house)

        assert await house.store.dossier(ALICE.number) is None
        assert found(tmp_path, "100001", "1713920011") == []
        assert house.rows("select customer from ledger group by customer order by customer") == [
            (BABAK.number,),  # still a member
            ("erased-past",),
        ]
        checked = await check(house.store, house.premises.terms)
        assert checked.faults == ()
        assert checked.accounts["delivered"] == 600


async def test_links_and_unreadable_reports_go_when_their_time_is_over(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await house.join()
        link = Link(ALICE.number, "page", house.now + DAY, None)
        garbled = Quarantine(InboxKey("telegram", "1"), b"garbled", "unreadable", house.now)
        await house.change(MintLink(b"old", link), garbled)
        mine = "select count(*) from links where hash = x'6f6c64'"

        house.clock.at += 2 * DAY
        await work(house)
        assert house.rows(mine) == [(0,)]
        assert house.rows("select count(*) from quarantine") == [(1,)]
        house.clock.at += 89 * DAY
        await work(house)

        assert house.rows("select count(*) from quarantine") == [(0,)]


async def test_the_worker_takes_a_little_at_a_time_and_then_rests(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        for n in range(CHUNK + 1):
            who = replace(ALICE, number=f"2{n:05}", contacts=())
            expired = Journey(who.number, stage=Stage.EXPIRED, invited_at=house.now)
            await house.put(who, expired)
        house.clock.at += timedelta(days=61)
        worker = retention(house)

        first = await worker.forget_unanswered(house.now)
        second = await worker.forget_unanswered(house.now)

        assert (first, second) == (CHUNK, 1)
        assert await worker.tick() == house.now + NAP
        assert (await verify(house.store, house.premises.keys)).ok


async def test_a_large_file_is_written_anew_at_night_after_an_erasure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.sqlite.rights.SMALL", 0)
    async with small_house(tmp_path) as house:
        await house.join()
        scrubber = Scrubber(house.store, house.premises.house, house.premises.clock)
        await house.premises.rights.erase(ALICE.number, "page")

        house.clock.at += AFTER[0]
        await scrubber.tick()
        assert await house.store.get(REWRITE) == "due"
        await work(house)
        assert await house.store.get(REWRITE) == "due"  # at noon people wait for answers
        house.clock.at += timedelta(hours=15)  # 3 o'clock in Berlin
        await work(house)

        assert await house.store.get(REWRITE) == ""
