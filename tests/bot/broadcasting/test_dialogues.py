"""Who has just written waits for a broadcast: the preview says so, and the run keeps it."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.broadcasting.cards import preview_words
from bot.broadcasting.dialogues import span
from bot.metrics import Metrics
from bot.sending.lanes import Lane, Surroundings
from bot.sending.relay import Relay
from flows.broadcast import BroadcastState
from flows.campaign import StartMode
from storage.broadcasts import Talking
from tests.bot.broadcast_house import MONA, TEXTS, VERA, BroadcastHouse, broadcast_house
from tests.bot.broadcasting.test_previewing import Provider
from tests.cast import DAY, NOON, TERMS

pytestmark = pytest.mark.anyio

WHOLE = "state:invited"
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
OFTEN = replace(TERMS.messages, promotional_per_week=100, promotional_per_month=100)


async def talked(house: BroadcastHouse, people: int, talking: int) -> datetime:
    """Let some of a crowd write one after another, and a minute pass; tells when the last wrote."""
    crowd = await house.people(people)
    for person in crowd[:talking]:
        house.programme.clock.at += SECOND
        await house.programme.say("STATUS", person)
    wrote_at = house.programme.clock.at
    house.programme.clock.at += MINUTE
    while await house.relay():
        pass
    return wrote_at


async def run(house: BroadcastHouse, rate: float) -> list[datetime]:
    """Let a broadcast run at a lane's pace; tells when each message arrived."""
    clock = house.programme.clock
    provider = Provider(clock)
    around = Surroundings(clock, provider.until, lambda: 0.5, Metrics(), "node", horizon_s=0)
    relay = Relay(house.programme.store, (Lane("sms", provider, rate=rate),), around)
    name = await house.started()
    while (await house.broadcasts.show(VERA, name)).row.state is BroadcastState.RUNNING:
        await house.engine.tick()
        due = await relay.tick()
        clock.at = max(clock.at, due or clock.at)
    return provider.arrived


@pytest.mark.parametrize("rate", [10.0, 0.05])
@pytest.mark.parametrize(("people", "talking"), [(34, 29), (34, 34), (34, 0)])
async def test_it_takes_as_long_as_the_preview_says_though_some_have_just_written(
    tmp_path: Path, rate: float, people: int, talking: int
) -> None:
    async with broadcast_house(tmp_path) as house:
        await talked(house, people, talking)
        previews = replace(house.broadcasts, rates=dict.fromkeys(house.broadcasts.rates, rate))
        preview = await previews.preview(MONA, await house.broadcasts.draft(MONA, WHOLE, TEXTS))

        arrived = await run(house, rate)

        assert (len(arrived), preview.planned, preview.in_dialogue) == (people, people, talking)
        took = arrived[-1] - arrived[0]
        near = max(took * 0.1, SECOND / rate, SECOND)
        assert abs(preview.duration_s * SECOND - took) <= near
        assert abs(preview.first_at - arrived[0]) <= SECOND


@pytest.mark.parametrize(
    ("mode", "counted", "says"),
    [
        (StartMode.AFTER, 2, "in a dialogue now: 2 get it once they have fallen silent"),
        (StartMode.SKIP, 2, "in a dialogue now: 2 are passed over if they still are then"),
        (StartMode.INTERRUPT, 0, ""),
    ],
)
async def test_the_preview_says_what_becomes_of_those_who_have_just_written(
    tmp_path: Path, mode: StartMode, counted: int, says: str
) -> None:
    terms = replace(TERMS, messages=replace(OFTEN, during_dialogue=mode))
    async with broadcast_house(tmp_path, terms) as house:
        wrote_at = await talked(house, 3, 2)
        preview = await house.broadcasts.preview(
            MONA, await house.broadcasts.draft(MONA, WHOLE, TEXTS)
        )

        words = preview_words(preview, terms.zone)
        assert (preview.planned, preview.in_dialogue) == (3, counted)
        assert says in words if says else "dialogue" not in words
        waits = preview.done_at >= wrote_at + terms.messages.dialogue
        assert waits == (mode is StartMode.AFTER)


@pytest.mark.parametrize(("minutes", "counted"), [(13, 2), (14, 0), (60, 0)])
async def test_who_has_fallen_silent_when_it_begins_waits_for_nothing(
    tmp_path: Path, minutes: int, counted: int
) -> None:
    async with broadcast_house(tmp_path) as house:
        await talked(house, 3, 2)
        house.programme.clock.at += minutes * MINUTE + 2 * SECOND * (minutes == 14)

        preview = await house.broadcasts.preview(
            MONA, await house.broadcasts.draft(MONA, WHOLE, TEXTS)
        )

        assert preview.in_dialogue == counted


async def test_what_begins_tomorrow_interrupts_nobody_now(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await talked(house, 3, 2)
        name = await house.broadcasts.draft(MONA, WHOLE, TEXTS, at="2026-12-03T12:00")

        assert (await house.broadcasts.preview(MONA, name)).in_dialogue == 0


@pytest.mark.parametrize(
    ("talking", "first", "last"),
    [
        ((), 0, 100),
        (((-1, 1),), 0, 14 * 60 + 1),  # one of a hundred, who then takes a second
        (((-1, 100),), 14 * 60, 14 * 60 + 100),  # all of them wait, and leave one by one
        (((-1, 10), (-14, 90)), 60, 14 * 60 + 10),
        (((-14, 100),), 60, 160),
    ],
)
def test_the_last_leaves_when_all_have_fallen_silent_and_the_lane_is_through(
    talking: tuple[tuple[int, int], ...], first: int, last: int
) -> None:
    lately = tuple(Talking(NOON + minutes * MINUTE, number) for minutes, number in talking)

    found = span(NOON, 100.0, 100, lately, TERMS)

    assert found == (NOON + first * SECOND, NOON + last * SECOND)


def test_who_falls_silent_in_the_evening_gets_it_in_the_morning() -> None:
    evening = datetime(2026, 12, 1, 18, 50, tzinfo=NOON.tzinfo)  # ten minutes before silence

    first, last = span(evening, 1.0, 2, (Talking(evening, 1),), TERMS)

    assert first == evening
    assert last == datetime(2026, 12, 2, 7, 0, 0, 500_000, tzinfo=NOON.tzinfo)
    assert last - first < DAY
