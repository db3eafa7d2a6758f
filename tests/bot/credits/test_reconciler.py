"""The reconciler at work: what it compares, what a repair takes over, and when it comes back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.carrier.carrier import Record, Standing
from bot.carrier.paging import Incomplete
from bot.carrier.reconcile import Kind
from bot.credits.decisions import By
from bot.credits.ledger import check
from bot.credits.reconciler import Reconciler, compare, keep_run, repair
from flows.credit import CreditState
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import ALICE, NOON

pytestmark = pytest.mark.anyio

MONA = By("9001 by root", "as the operator's list has it")


@dataclass
class Books:
    """The operator's list; None: it cannot be read."""

    listed: tuple[Record, ...] | None = ()
    asked: list[datetime] = field(default_factory=list)

    async def records(self, since: datetime) -> tuple[Record, ...] | Incomplete:
        self.asked.append(since)
        return Incomplete("no answer") if self.listed is None else self.listed


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ProgrammeHouse]:
    async with programme_house(tmp_path) as house:
        await house.join()
        await house.do_steps()
        await house.book("video")
        house.clock.at += timedelta(days=2)
        yield house


async def record(house: ProgrammeHouse, step: str) -> Record:
    credit = await house.credit(step)
    return Record(f"T-{step}", credit.id, Standing.BOOKED, 600, None, "491713920011")


async def test_what_agrees_is_matched(house: ProgrammeHouse) -> None:
    match = await compare(house.store, [await record(house, "video")], house.clock())

    assert (match.ok, match.matched, match.pending) == (True, 1, 2)


async def test_a_repair_takes_over_what_only_the_operator_knew(house: ProgrammeHouse) -> None:
    listed = [await record(house, step) for step in ("video", "app")]
    match = await compare(house.store, listed, house.clock())

    repaired = await repair(match, house.decisions, MONA)

    assert repaired == 1
    app = await house.credit("app")
    assert (app.state, app.provider_id) == (CreditState.CONFIRMED, "T-app")
    assert (await house.lines()).count("Credited") == 2
    assert (await check(house.store, house.house.terms)).faults == ()
    house.clock.at += timedelta(days=1)
    assert (await compare(house.store, listed, house.clock())).ok


async def test_comparing_changes_nothing(house: ProgrammeHouse) -> None:
    before = await house.dossier(ALICE)

    match = await compare(house.store, [], house.clock())

    assert [found.kind for found in match.deviations] == [Kind.MISSING]
    assert await house.dossier(ALICE) == before


async def test_each_run_is_kept(house: ProgrammeHouse) -> None:
    match = await compare(house.store, [], house.clock())

    await keep_run(house.store, match, "root", house.clock())

    async with house.store.snapshot() as snapshot:
        [row] = await snapshot.acts(0, 9)
    assert (row.at, row.actor, row.act) == (house.clock(), "root", "reconcile")
    assert row.about == "0 matched, 1 missing, 0 orphan, 0 mismatch"


async def test_it_comes_once_a_day_and_raises_an_alarm(house: ProgrammeHouse) -> None:
    books = Books()
    reconciler = Reconciler(house.store, books, house.clock, "node-1")
    start = house.clock()

    with capture_logs() as logs:
        assert await reconciler.tick() == start + timedelta(days=1)
        house.clock.at = start + timedelta(hours=23)
        assert await reconciler.tick() == start + timedelta(days=1)
        assert books.asked == []
        house.clock.at = start + timedelta(days=1)
        assert await reconciler.tick() == start + timedelta(days=2)
        assert await reconciler.tick() == start + timedelta(days=2)

    assert len(books.asked) == 1
    assert [entry["event"] for entry in logs] == ["reconciliation_found"]


async def test_of_two_nodes_one_compares(house: ProgrammeHouse) -> None:
    books = Books()
    await house.store.put("reconciled.at", NOON.isoformat())
    held = await house.store.lease(
        "reconcile", "node-2", house.clock(), house.clock() + timedelta(minutes=5)
    )

    due = await Reconciler(house.store, books, house.clock, "node-1").tick()

    assert held
    assert books.asked == []
    assert due == house.clock() + timedelta(hours=1)


async def test_an_operator_that_cannot_be_read_is_asked_again_soon(house: ProgrammeHouse) -> None:
    books = Books(None)
    reconciler = Reconciler(house.store, books, house.clock, "node-1")
    await house.store.put("reconciled.at", NOON.isoformat())

    with capture_logs() as logs:
        due = await reconciler.tick()
        again = await reconciler.tick()

    assert due == again == house.clock() + timedelta(hours=1)
    assert [entry["event"] for entry in logs] == ["reconciliation_put_off"]
    async with house.store.snapshot() as snapshot:
        assert await snapshot.acts(0, 9) == ()
