"""What comes before its time waits, and is taken in once when the time has come."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.carrier.feed import FeedComplete, Happening, IncidentClosed, IncidentOpened, Report, Result
from bot.carrier.kept_reports import UnreadableReportError, read, write
from bot.turns.replayer import Replayer
from flows.events import Feed, HotlineCalled, PortalRegistered, VideoWatched
from storage.changes import Decision, Quarantine
from storage.memory import InboxKey, Key
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import ALICE, DAY, NOON

pytestmark = pytest.mark.anyio

LATER = NOON + 2 * DAY


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ProgrammeHouse]:
    async with programme_house(tmp_path) as house:
        await house.join()
        yield house


def report(what: Happening, at: datetime = LATER, customer: str | None = ALICE.number) -> Report:
    return Report("operator", "E1", "type", customer, at, what, b"digest")


def replayer(house: ProgrammeHouse) -> Replayer:
    return Replayer(house.store, house.reports, house.clock)


REGISTERED = report(PortalRegistered(at=LATER))


async def test_it_waits_and_is_taken_in_when_its_time_has_come(house: ProgrammeHouse) -> None:
    taken = await house.reports.happened(REGISTERED)

    assert taken.result is Result.QUARANTINED
    assert await replayer(house).tick() == LATER
    assert (await house.dossier()).memory.credits == ()
    house.clock.at = LATER
    assert await replayer(house).tick() is None
    assert (await house.credit("registration")).earned_at == LATER
    await replayer(house).tick()
    journal = (await house.dossier()).journal
    assert [row.kind for row in journal].count("PortalRegistered") == 1


async def test_while_it_waits_a_repeat_is_a_repeat_and_another_body_a_conflict(
    house: ProgrammeHouse,
) -> None:
    await house.reports.happened(REGISTERED)

    again = await house.reports.happened(REGISTERED)
    other = await house.reports.happened(replace(REGISTERED, digest=b"other"))

    assert (again.result, other.result) == (Result.REPEAT, Result.CONFLICT)
    assert await replayer(house).tick() == LATER


async def test_sent_again_in_its_time_it_is_taken_in_once(house: ProgrammeHouse) -> None:
    await house.reports.happened(REGISTERED)
    house.clock.at = LATER

    first = await house.reports.happened(REGISTERED)
    second = await house.reports.happened(REGISTERED)

    assert (first.result, second.result) == (Result.APPLIED, Result.REPEAT)
    assert await replayer(house).tick() is None


async def test_of_a_stranger_nothing_is_kept(house: ProgrammeHouse) -> None:
    unknown = replace(REGISTERED, customer="999")

    taken = await house.reports.happened(unknown)

    assert taken.result is Result.UNKNOWN_CUSTOMER
    assert await house.store.next_quarantined() is None


async def test_a_watermark_from_the_future_opens_nothing_yet(house: ProgrammeHouse) -> None:
    claim = report(FeedComplete(Feed.HOTLINE, LATER), at=NOON, customer=None)

    taken = await house.reports.happened(claim)

    assert taken.result is Result.QUARANTINED
    assert await house.store.watermarks() == {}
    house.clock.at = LATER
    await replayer(house).tick()
    assert await house.store.watermarks() == {Feed.HOTLINE: LATER}


@pytest.mark.parametrize(
    "what",
    [
        PortalRegistered(at=LATER),
        VideoWatched(at=LATER, share=0.95, has_read_transcript=True),
        HotlineCalled(at=LATER, call_id="C1", duration_s=90, reason="bill"),
        FeedComplete(Feed.PORTAL, LATER),
        IncidentOpened("I1", LATER, "BE", ("100001",)),
        IncidentClosed("I1", LATER),
    ],
    ids=lambda what: type(what).__name__,
)
def test_a_kept_report_comes_back_as_it_was(what: Happening) -> None:
    kept = replace(report(what), phone="+491713920011")

    assert read(write(kept)) == kept


async def test_what_another_version_wrote_is_put_off_and_told(house: ProgrammeHouse) -> None:
    strange = Quarantine(InboxKey("operator", "E9"), b'{"kind": "Nonsense"}', "", NOON, NOON)
    await house.store.turn(Key(), lambda _: Decision(None, (strange,)))

    with capture_logs() as logs:
        assert await replayer(house).tick() == NOON + timedelta(days=1)

    assert [entry["event"] for entry in logs] == ["kept_report_unreadable"]
    with pytest.raises(UnreadableReportError):
        read(b"{")
