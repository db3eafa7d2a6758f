"""What people decide: it takes effect once, is answered once, and stays in the managers' chain."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from bot.carrier.book import Move
from bot.credits.decisions import By, UndecidableError
from bot.credits.ledger import check
from flows.credit import CreditState
from flows.effects import Request
from flows.events import HotlineCalled
from flows.journey import Stage, Verdict
from storage.changes import Decision, OpenRequest
from storage.memory import Key, Memory
from storage.reading import ActRow
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import ALICE, NOON

pytestmark = pytest.mark.anyio

S = CreditState
MONA = By("9001 by root", "she has shown her letter")
NUMBER = ALICE.number


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ProgrammeHouse]:
    async with programme_house(tmp_path) as house:
        await house.join()
        yield house


async def acts(house: ProgrammeHouse) -> list[tuple[str, str, str]]:
    async with house.store.snapshot() as snapshot:
        rows: tuple[ActRow, ...] = await snapshot.acts(0, 100)
    return [(row.actor, row.act, row.about) for row in rows]


async def uncertain(house: ProgrammeHouse) -> UUID:
    """Bring the video's credit to where nobody knows."""
    await house.do_steps()
    await house.move("video", S.REQUESTED)
    await house.move("video", S.UNKNOWN)
    return (await house.credit("video")).id


async def booked(house: ProgrammeHouse) -> UUID:
    """Let the video's credit be booked."""
    await house.do_steps()
    await house.book("video")
    return (await house.credit("video")).id


# --- Credits ------------------------------------------------------------------------------------


async def test_booked_confirms_and_tells_the_customer(house: ProgrammeHouse) -> None:
    credit = await uncertain(house)

    await house.decisions.settle(credit, MONA, is_booked=True, provider_id="T77")

    row = await house.credit("video")
    assert (row.state, row.provider_id) == (S.CONFIRMED, "T77")
    assert (await house.lines()).count("Credited") == 1
    assert await acts(house) == [
        ("9001 by root", "settle booked", f"credit {credit}: she has shown her letter")
    ]


async def test_not_booked_lets_it_be_asked_for_again(house: ProgrammeHouse) -> None:
    credit = await uncertain(house)

    await house.decisions.settle(credit, MONA, is_booked=False)

    row = await house.credit("video")
    assert (row.state, row.poll_at) == (S.FAILED, NOON)
    assert row.id in {open_.id for open_ in await house.store.open_credits(10)}
    states = [move.state for move in await house.store.moves(credit)]
    assert states == [S.EARNED, S.REQUESTED, S.UNKNOWN, S.REQUESTED, S.FAILED]


async def test_a_reversal_waits_until_the_operator_has_taken_it_back(house: ProgrammeHouse) -> None:
    credit = await booked(house)

    back = await house.decisions.reverse(credit, MONA)

    [entry] = [open_ for open_ in await house.store.open_credits(10) if open_.id == back]
    order = await house.credits.order(entry)
    assert order is not None
    assert (entry.megabytes, order.megabytes, order.takes_back) == (-600, 600, True)
    assert (await house.credit("video")).state is S.CONFIRMED
    assert "CreditTakenBack" not in await house.lines()
    assert await acts(house) == [
        ("9001 by root", "reverse", f"credit {credit}: she has shown her letter")
    ]
    assert (await check(house.store, house.house.terms)).faults == ()


@pytest.mark.parametrize("by", ["the worker", "hand"])
async def test_a_reversed_credit_is_booked_back_released_and_told(
    by: str, house: ProgrammeHouse
) -> None:
    credit = await booked(house)

    await house.decisions.reverse(credit, MONA, is_done=by == "hand")
    if by == "the worker":
        await house.take_back("video")

    dossier = await house.dossier()
    assert [book.entries for book in dossier.ledger if book.what in ("reverse", "release")] == [
        (("liability:100001", 600), ("delivered:100001", -600)),
        (("liability:100001", -600), ("released", 600)),
    ]
    assert (await house.credit("video")).state is S.REVERSED
    assert (await house.lines()).count("CreditTakenBack") == 1
    assert (await check(house.store, house.house.terms)).faults == ()


async def test_what_the_operator_refuses_to_take_back_stays(house: ProgrammeHouse) -> None:
    credit = await booked(house)
    back = await house.decisions.reverse(credit, MONA)
    entry = next(c for c in (await house.dossier()).memory.credits if c.id == back)

    for state in (S.REQUESTED, S.REJECTED):
        move = Move(seen=entry, to=state, at=NOON, needs_person=state is S.REJECTED)
        assert await house.credits.move(move)
        entry = next(c for c in (await house.dossier()).memory.credits if c.id == back)

    assert (await house.credit("video")).state is S.CONFIRMED
    assert [r.about for r in (await house.dossier()).requests] == [str(back)]
    assert (await house.lines())[-1] == "Credited"
    assert (await check(house.store, house.house.terms)).faults == ()
    again = await house.decisions.reverse(credit, MONA, is_done=True)
    assert again != back
    assert (await house.credit("video")).state is S.REVERSED


async def test_a_reversed_credit_is_not_earned_again(house: ProgrammeHouse) -> None:
    credit = await booked(house)
    await house.decisions.reverse(credit, MONA, is_done=True)

    await house.do_steps()

    assert (await house.credit("video")).state is S.REVERSED


@pytest.mark.parametrize(
    ("states", "decide"),
    [
        ((), lambda d, c: d.settle(c, MONA, is_booked=False)),
        ((S.REQUESTED,), lambda d, c: d.settle(c, MONA, is_booked=False)),
        ((S.REQUESTED, S.CONFIRMED), lambda d, c: d.settle(c, MONA, is_booked=True)),
        ((S.REQUESTED, S.REJECTED), lambda d, c: d.settle(c, MONA, is_booked=True)),
        ((S.REQUESTED, S.ACCEPTED), lambda d, c: d.reverse(c, MONA)),
    ],
    ids=["not asked for", "in the air", "confirmed", "rejected", "not confirmed"],
)
async def test_what_cannot_be_decided_is_refused_and_leaves_nothing(
    states: tuple[CreditState, ...],
    decide: Callable[[object, UUID], Awaitable[None]],
    house: ProgrammeHouse,
) -> None:
    await house.do_steps()
    for state in states:
        await house.move("video", state)
    before = await house.credit("video")

    with pytest.raises(UndecidableError, match="the credit is"):
        await decide(house.decisions, before.id)

    assert await house.credit("video") == before
    assert await acts(house) == []


async def test_a_credit_that_nobody_knows_is_refused(house: ProgrammeHouse) -> None:
    with pytest.raises(UndecidableError, match="there is no credit"):
        await house.decisions.reverse(UUID(int=0), MONA)


# --- Objections and the queue -------------------------------------------------------------------


async def objecting(house: ProgrammeHouse, *calls: str) -> list[int]:
    """Let Alice object to calls; gives the numbers of the queue."""
    await house.do_steps()
    for n, call in enumerate(calls, start=1):
        house.clock.at += timedelta(days=2)
        at = house.clock() - timedelta(hours=1)
        await house.report(HotlineCalled(at=at, call_id=call, duration_s=90, reason="bill"))
        await house.say("OBJECT")
        assert len((await house.dossier()).requests) == n
    return [request.id for request in (await house.dossier()).requests]


@pytest.mark.parametrize(("is_accepted", "verdict"), [(True, "exempt"), (False, "upheld")])
async def test_an_objection_is_answered_once(
    is_accepted: bool,  # noqa: FBT001 - a row of the table
    verdict: str,
    house: ProgrammeHouse,
) -> None:
    [number] = await objecting(house, "C1")

    await house.decisions.answer(number, MONA, is_accepted=is_accepted)

    dossier = await house.dossier()
    assert dossier.memory.journey is not None
    assert dossier.memory.journey.calls[0].verdict is Verdict(verdict)
    assert (dossier.requests[0].closed_at, dossier.requests[0].closed_by) == (
        house.clock(),
        MONA.actor,
    )
    assert (await house.lines()).count("ObjectionDecided") == 1
    with pytest.raises(UndecidableError, match="was answered on 2026-12-03"):
        await house.decisions.answer(number, MONA, is_accepted=not is_accepted)
    assert (await house.lines()).count("ObjectionDecided") == 1
    assert len(await acts(house)) == 1


async def test_of_two_objections_the_one_that_is_meant_is_answered(house: ProgrammeHouse) -> None:
    _, second = await objecting(house, "C1", "C2")

    await house.decisions.answer(second, MONA, is_accepted=True)

    journey = (await house.dossier()).memory.journey
    assert journey is not None
    assert [call.verdict for call in journey.calls] == [Verdict.DISPUTED, Verdict.EXEMPT]


async def test_anything_else_of_the_queue_is_closed(house: ProgrammeHouse) -> None:
    asked = OpenRequest(NUMBER, Request.PERSON, "", NOON)
    await house.store.turn(Key(), lambda _: Decision(None, (asked,)))
    said = await house.lines()

    await house.decisions.answer(1, MONA, is_accepted=True)

    assert (await house.dossier()).requests[0].closed_by == MONA.actor
    assert await house.lines() == said


async def test_what_does_not_wait_cannot_be_answered(house: ProgrammeHouse) -> None:
    with pytest.raises(UndecidableError, match="nothing waits under 7"):
        await house.decisions.answer(7, MONA, is_accepted=True)


# --- Customers ----------------------------------------------------------------------------------


async def test_a_waived_step_counts_as_done_without_credit(house: ProgrammeHouse) -> None:
    await house.decisions.waive(NUMBER, "app", MONA)

    dossier = await house.dossier()
    assert dossier.memory.journey is not None
    assert dossier.memory.journey.has("app")
    assert dossier.memory.credits == ()
    alias = house.house.keys.alias(NUMBER)
    assert await acts(house) == [
        ("9001 by root", "waive app", f"customer {alias}: she has shown her letter")
    ]
    assert (await check(house.store, house.house.terms)).faults == ()


async def test_whoever_dropped_out_is_reinstated(house: ProgrammeHouse) -> None:
    await house.do_steps()
    await house.feeds(NOON + timedelta(days=400))
    await house.pass_time(100)
    dropped = (await house.dossier()).memory.journey
    assert dropped is not None
    assert dropped.stage is Stage.DROPPED

    await house.decisions.reinstate(NUMBER, MONA)

    journey = (await house.dossier()).memory.journey
    assert journey is not None
    assert journey.stage is Stage.MEMBER
    assert (await house.lines())[-1] == "Reinstated"
    assert (await check(house.store, house.house.terms)).faults == ()


async def test_an_accessibility_need_exempts_every_call(house: ProgrammeHouse) -> None:
    await house.decisions.accessible(NUMBER, MONA)

    journey = (await house.dossier()).memory.journey
    assert journey is not None
    assert journey.is_accessible


@pytest.mark.parametrize(
    "decide",
    [
        lambda d: d.waive(NUMBER, "nonsense", MONA),
        lambda d: d.reinstate(NUMBER, MONA),
        lambda d: d.accessible("999999", MONA),
    ],
    ids=["no such step", "not dropped out", "nobody"],
)
async def test_a_decision_that_changes_nothing_is_refused(
    decide: Callable[[object], Awaitable[None]], house: ProgrammeHouse
) -> None:
    with pytest.raises(UndecidableError):
        await decide(house.decisions)

    assert await acts(house) == []


async def test_a_refused_decision_spoils_nothing_for_others(house: ProgrammeHouse) -> None:
    seen: list[Memory] = []

    def look(memory: Memory) -> Decision[None]:
        seen.append(memory)
        return Decision(None)

    with pytest.raises(UndecidableError):
        await house.decisions.reinstate(NUMBER, MONA)
    await house.store.turn(Key(customer=NUMBER), look)

    assert seen[0].journey is not None
