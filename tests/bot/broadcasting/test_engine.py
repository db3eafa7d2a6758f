"""The engine of broadcasts: what it plans, feeds and words, and when it stops by itself."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from bot.broadcasting.cards import card
from bot.broadcasting.engine import BroadcastEngine
from bot.channels.channel import Message
from bot.turns.routing import Lanes
from flows.broadcast import BroadcastState
from flows.broadcast_rule import BroadcastRule
from flows.customer import Address, Basis, Channel, Contact, Customer
from flows.journey import Journey, Stage
from storage.changes import Decision, PutCustomer, PutJourney
from storage.memory import Key
from storage.outbox import Claim, OutboxState
from tests.bot.broadcast_house import MONA, OTTO, TEXTS, VERA, broadcast_house
from tests.cast import DAY, TERMS

pytestmark = pytest.mark.anyio


async def test_a_stop_after_planning_still_holds(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        people = await house.people(4)
        name = await house.started()
        await house.engine.tick()

        await house.programme.say("STOP", people[1])
        await house.run_out()

        counts = (await house.broadcasts.show(VERA, name)).counts
        assert counts.states == {"accepted": 3, "skipped": 1}
        assert not [text for _, text in house.sent if text == "Hi 200001!"]


async def test_many_failures_pause_it_with_a_reason_and_only_they_are_retried(
    tmp_path: Path,
) -> None:
    async with broadcast_house(tmp_path) as house:
        people = await house.people(30)
        name = await house.started()
        await house.engine.tick()
        await house.relay(22, OutboxState.FAILED)

        await house.engine.tick()

        paused = await house.broadcasts.show(MONA, name)
        assert paused.row.state is BroadcastState.PAUSED
        assert paused.row.reason == "22 of the last 22 failed"
        await house.broadcasts.resume(MONA, name)
        await house.run_out()
        assert len(house.sent) == 8
        await house.programme.say("STOP", people[0])
        assert await house.broadcasts.retry_failed(MONA, name) == 22
        await house.run_out()
        assert max(Counter(house.sent).values()) == 1
        counts = (await house.broadcasts.show(MONA, name)).counts
        assert counts.states == {"accepted": 29, "skipped": 1}


async def test_what_is_long_past_its_hour_asks_a_person(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(3)
        name = await house.broadcasts.draft(MONA, "state:invited", TEXTS, at="2026-12-02T10:00")
        await house.broadcasts.approve(OTTO, name)
        await house.broadcasts.start(MONA, name)
        clock = house.programme.clock

        in_time = await house.engine.tick()
        clock.at += timedelta(days=3)
        await house.engine.tick()

        row = (await house.broadcasts.show(MONA, name)).row
        assert in_time == datetime(2026, 12, 2, 9, tzinfo=UTC)  # ten in the customers' own time
        assert row.state is BroadcastState.PAUSED
        assert "its hour passed" in row.reason


async def test_those_who_opt_out_of_it_pause_it(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        people = await house.people(30)
        name = await house.started()
        await house.engine.tick()
        await house.relay(25)
        house.programme.clock.at += timedelta(minutes=1)
        for person in people[:4]:
            await house.programme.say("STOP", person)

        await house.engine.tick()

        row = (await house.broadcasts.show(MONA, name)).row
        assert (row.state, row.reason) == (BroadcastState.PAUSED, "4 of the last 25 opted out")


async def test_the_campaign_says_how_many_may_fail(tmp_path: Path) -> None:
    rule = BroadcastRule(watched=4, fewest=2, most_failed_percent=60)
    async with broadcast_house(tmp_path, replace(TERMS, broadcasts=rule)) as house:
        await house.people(6)
        name = await house.started()
        await house.engine.tick()
        await house.relay(2)
        await house.relay(2, OutboxState.FAILED)

        await house.engine.tick()
        half = (await house.broadcasts.show(MONA, name)).row.state
        await house.relay(1, OutboxState.FAILED)
        await house.engine.tick()

        row = (await house.broadcasts.show(MONA, name)).row
        assert half is BroadcastState.RUNNING
        assert (row.state, row.reason) == (BroadcastState.PAUSED, "3 of the last 4 failed")


async def test_a_broadcast_that_waits_for_the_morning_says_so(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(3)
        house.programme.clock.at = datetime(2026, 12, 1, 20, tzinfo=UTC)
        name = await house.started()

        await house.engine.tick()

        progress = await house.broadcasts.show(VERA, name)
        assert progress.next_at == progress.done_at == datetime(2026, 12, 2, 7, tzinfo=UTC)
        assert "the next leaves at 02.12. 08:00 CET" in card(progress, TERMS.zone).text


async def test_what_is_planned_twice_is_planned_once(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(5)
        name = await house.started()
        row = (await house.broadcasts.show(MONA, name)).row
        keeper, audience = house.broadcasts.keeper, house.broadcasts.previews.audience(row)

        assert await keeper.plan(1, audience)
        assert not await keeper.plan(1, audience)
        assert not await keeper.plan(1, audience)

        assert (await keeper.counts(1)).planned == 5


async def test_an_email_has_a_subject_and_a_way_out(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        store, clock = house.programme.store, house.programme.clock
        mail = (Contact(Address("mailto:alice@example.org")),)
        put = PutCustomer(Customer("300001", "en", Basis.CONSENT, mail), clock())
        stands = PutJourney(Journey("300001", "en", Stage.MEMBER), "steps", "app", 0, clock())
        await store.turn(Key(), lambda _: Decision(None, (put, stands)))
        lanes = Lanes(((Channel.EMAIL, "email"),))
        mailing = replace(house.broadcasts, house=replace(house.programme.house, lanes=lanes))
        name = await mailing.draft(MONA, "state:steps", TEXTS)
        await mailing.approve(OTTO, name)
        await mailing.start(MONA, name)

        await BroadcastEngine(mailing, clock).tick()

        [row] = (await store.claim(Claim("email", "node", clock(), clock() + DAY, 10))).rows
        message = msgspec.json.decode(row.body, type=Message)
        assert (message.text, message.subject) == ("Hi 300001!", "Nordlicht Mobil")
        assert "/U/token" in (message.unsubscribe or "")


async def test_a_pause_does_not_slow_the_pace_that_is_shown(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.populate(8)
        name, clock = await house.started("state:steps"), house.programme.clock
        for _ in range(2):
            await house.engine.tick()
            await house.relay(2)
            clock.at += timedelta(seconds=1)
        await house.broadcasts.pause(MONA, name)
        clock.at += timedelta(hours=1)
        await house.broadcasts.resume(MONA, name)
        for _ in range(3):
            await house.engine.tick()
            await house.relay(1)
            clock.at += timedelta(seconds=2)

        progress = await house.broadcasts.show(VERA, name)

        assert progress.rate_per_s == 0.5
        assert progress.done_at == clock() + timedelta(seconds=2)
