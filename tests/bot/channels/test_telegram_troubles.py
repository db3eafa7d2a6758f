"""What a send by Telegram comes to when the server or the network misbehaves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.channel import (
    Accepted,
    Fault,
    Message,
    NotSent,
    Outcome,
    Parcel,
    Refused,
    Unknown,
)
from flows.customer import Address
from tests.bot.channels.telegram_stage import BABAK, CAROL, Stage, staged
from tests.cast import BABAKS_TELEGRAM
from tests.fakes.telegram_troubles import Misbehaviour, Trouble


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


def refuse(status: int, description: str) -> Misbehaviour:
    return Misbehaviour(Trouble.REFUSE, status=status, description=description)


TROUBLES: tuple[tuple[Misbehaviour, Outcome, int], ...] = (
    (Misbehaviour(Trouble.DROP), Unknown("ServerDisconnectedError"), 1),
    (Misbehaviour(Trouble.STALL), Unknown("ServerDisconnectedError"), 1),
    (Misbehaviour(Trouble.HANG_UP), Unknown("ServerDisconnectedError"), 0),
    (Misbehaviour(Trouble.GARBLE), Unknown("unreadable answer"), 1),
    (Misbehaviour(Trouble.DENY), Unknown("ok was false"), 0),
    (Misbehaviour(Trouble.SLOW), Accepted("700002:1"), 1),
    (refuse(502, "Bad Gateway"), Unknown("Bad Gateway"), 0),
    (refuse(500, "Internal Server Error"), Unknown("Internal Server Error"), 0),
    (refuse(404, "Not Found"), Refused(Fault.ACCOUNT, "token"), 0),
    (refuse(409, "Conflict: x"), Refused(Fault.ACCOUNT, "conflict"), 0),
    (refuse(429, "Too Many"), NotSent("flood_wait", timedelta(seconds=1), "recipient"), 0),
)


@pytest.mark.parametrize(("trouble", "outcome", "arrived"), TROUBLES)
async def test_trouble_has_an_outcome_and_nothing_is_sent_twice(
    stage: Stage, trouble: Misbehaviour, outcome: Outcome, arrived: int
) -> None:
    stage.fake.misbehave(trouble)

    found = await stage.send("hello")

    if isinstance(outcome, Refused):
        assert isinstance(found, Refused)
        assert (found.fault, found.code) == (outcome.fault, outcome.code)
    else:
        assert found == outcome
    assert len(stage.fake.sent) == arrived


async def test_an_answer_that_never_comes_is_unknown(stage: Stage) -> None:
    stage.fake.misbehave(Misbehaviour(Trouble.STALL, delay_s=1))

    async with staged(read_s=0.1, fake=stage.fake) as hasty:
        assert await hasty.send("hello") == Unknown("TimeoutError")


async def test_nobody_listening_means_that_nothing_left(stage: Stage) -> None:
    await stage.fake.stop()

    assert await stage.send("hello") == NotSent("ClientConnectorError")


async def test_a_wrong_token_is_a_fault_of_the_account_and_is_not_repeated(stage: Stage) -> None:
    stage.fake.token = "4711:right"  # noqa: S105 - of the fake

    outcome = await stage.send("hello")

    assert isinstance(outcome, Refused)
    assert outcome.fault is Fault.ACCOUNT
    assert "4711" not in outcome.detail


async def test_who_blocked_us_or_moved_or_was_never_there_is_told_apart(stage: Stage) -> None:
    stage.fake.block(1)
    stage.fake.unknown.add(2)
    stage.fake.migrated[3] = -100333

    outcomes = [await stage.send("hello", Address(f"telegram:{chat}")) for chat in (1, 2, 3)]

    found = [(o.fault, o.detail) for o in outcomes if isinstance(o, Refused)]
    assert [fault for fault, _ in found] == [Fault.BLOCKED, Fault.ADDRESS, Fault.MOVED]
    assert found[2][1] == "-100333"


async def test_what_cannot_be_written_is_refused_and_not_tried(stage: Stage) -> None:
    outcome = await stage.send("half a character: \ud83d")

    assert isinstance(outcome, Refused)
    assert outcome.fault is Fault.OURS
    assert stage.fake.calls == []


async def test_an_empty_text_is_refused_and_not_tried(stage: Stage) -> None:
    assert await stage.send("<b> </b>") == Refused(Fault.CONTENT, "empty")
    assert stage.fake.calls == []


async def test_a_flood_wait_of_seven_seconds_is_kept_and_nobody_else_waits(stage: Stage) -> None:
    stage.fake.flood(7, chat=BABAK)

    first = await stage.send("one")
    stage.clock.seconds += 3
    second = await stage.send("one")
    other = await stage.send("two", Address(f"telegram:{CAROL}"))
    stage.clock.seconds += 4
    third = await stage.send("one")

    assert first == NotSent("flood_wait", timedelta(seconds=7), "recipient")
    assert second == NotSent("flood_wait", timedelta(seconds=4), "recipient")
    assert isinstance(other, Accepted)
    assert isinstance(third, Accepted)
    assert stage.fake.waits.early_calls == 0


async def test_a_flood_wait_of_several_chats_holds_the_whole_lane(stage: Stage) -> None:
    stage.fake.flood(7)

    chats = [Address(f"telegram:{chat}") for chat in (1, 2, 3, 4)]
    outcomes = [await stage.send("hello", chat) for chat in chats]

    assert [o.holds for o in outcomes if isinstance(o, NotSent)] == ["recipient"] * 2 + ["lane"] * 2
    assert len(stage.fake.calls) == 3


async def test_a_hundred_at_once_arrive_once_each(stage: Stage) -> None:
    chats = [Address(f"telegram:{chat}") for chat in range(1, 101)]

    outcomes = await asyncio.gather(*(stage.send("hello", chat) for chat in chats))

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert sorted(m.chat for m in stage.fake.sent) == list(range(1, 101))


async def test_telegram_cannot_be_asked_what_was_sent(stage: Stage) -> None:
    parcel = Parcel(BABAKS_TELEGRAM, Message("hello"), "t1")

    assert await stage.sender.look_up(parcel, datetime(2026, 12, 1, tzinfo=UTC)) is None
