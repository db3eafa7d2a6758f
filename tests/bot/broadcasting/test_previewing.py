"""What a preview promises: who, how much, how long; and that the run keeps it."""

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.broadcasting.cards import preview_words
from bot.channels.channel import Accepted, Outcome, Refused
from bot.metrics import Metrics
from bot.sending.courtesy import Courtesy
from bot.sending.lanes import Lane, Surroundings
from bot.sending.relay import Relay
from flows.broadcast import BroadcastState
from flows.broadcast_rule import BroadcastRule
from flows.customer import Address, Channel, Contact
from storage.changes import Decision, PutContact
from storage.memory import Key
from storage.outbox import OutboxRow
from tests.bot.broadcast_house import MONA, OTTO, TEXTS, VERA, broadcast_house
from tests.bot.programme_house import HandClock
from tests.cast import BABAKS_TELEGRAM, DAY, NOON, TERMS

pytestmark = pytest.mark.anyio


async def test_everybody_gets_their_text_once_and_the_bill_is_the_preview(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        people = await house.people(12)
        name = await house.broadcasts.draft(MONA, "state:invited", TEXTS)
        preview = await house.broadcasts.preview(VERA, name)
        await house.broadcasts.approve(OTTO, name, preview.hash[:16])
        await house.broadcasts.start(MONA, name)

        await house.run_out()

        progress = await house.broadcasts.show(VERA, name)
        assert progress.row.state is BroadcastState.DONE
        assert progress.counts.states == {"accepted": 12}
        assert preview.planned == 12
        assert sorted(to for to, _ in house.sent) == sorted(
            str(p.contacts[0].address) for p in people
        )
        assert ("tel:+491713920101", "Hi 200001!") in house.sent
        assert house.cents == preview.cost_cents


async def test_an_audience_is_what_its_terms_say(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        people = await house.people(9)
        red = [p for p in people if dict(p.attributes)["tariff"] == "red" and p.language == "de"]

        name = await house.broadcasts.draft(MONA, "language:de -attribute.tariff:blue", TEXTS)

        assert (await house.broadcasts.preview(MONA, name)).planned == len(red)


async def test_who_opted_out_is_passed_over_with_the_reason(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        people = await house.people(4)
        await house.programme.say("STOP", people[1])

        name = await house.broadcasts.draft(MONA, "state:invited", TEXTS)

        preview = await house.broadcasts.preview(MONA, name)
        assert (preview.planned, preview.excluded) == (3, {"opted_out": 1})


@pytest.mark.parametrize("length", [20, 150, 200])
async def test_the_bill_is_the_preview_whatever_the_texts_and_names(
    tmp_path: Path, length: int
) -> None:
    texts = {"de": "Grüße {customer} {attribute.tariff} " + "a" * length, "en": "x" * length + " €"}
    async with broadcast_house(tmp_path) as house:
        await house.people(9)
        name = await house.broadcasts.draft(MONA, "state:invited", texts)
        preview = await house.broadcasts.preview(VERA, name)
        await house.broadcasts.approve(OTTO, name)
        await house.broadcasts.start(MONA, name)

        await house.run_out()

        assert math.ceil(house.cents) == preview.cost_cents


async def test_the_preview_knows_how_long_it_takes_by_night_too(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.populate(60)
        slow = replace(house.broadcasts, rates={Channel.SMS: 0.002})
        name = await slow.draft(MONA, "state:steps", TEXTS)

        preview = await slow.preview(VERA, name)

        nights_s = 12 * 3600
        assert preview.duration_s == 60 / 0.002 + nights_s


async def test_a_preview_looks_at_the_hour_at_which_it_begins(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(3)
        await house.started()
        await house.run_out()

        now = await house.broadcasts.previews.reach("state:invited", None)
        later = await house.broadcasts.previews.reach("state:invited", NOON + 2 * DAY)
        name = await house.broadcasts.draft(MONA, "state:invited", TEXTS, at="2026-12-03T12:00")

        assert (now.planned, now.excluded) == (0, {"recently_contacted": 3})
        assert (later.planned, later.excluded) == (3, {})
        assert (await house.broadcasts.preview(MONA, name)).planned == 3


@pytest.mark.parametrize(
    ("per_week", "before", "excluded"),
    [(1, 0, {"cap": 3}), (1, 8, {}), (2, 0, {}), (2, 2, {}), (3, 2, {})],
)
async def test_whom_a_preview_plans_is_written_to_at_once_though_they_were_invited(
    tmp_path: Path, per_week: int, before: int, excluded: dict[str, int]
) -> None:
    terms = replace(TERMS, messages=replace(TERMS.messages, promotional_per_week=per_week))
    clock = HandClock(NOON)
    async with broadcast_house(tmp_path, terms, clock) as house:
        await house.people(3)
        clock.at += before * DAY

        reach = await house.broadcasts.previews.reach("state:invited", None)

        house.permit = Courtesy(lambda: terms)
        assert reach.excluded == excluded
        if reach.planned:
            await house.started()
            await house.run_out()
        assert len(house.sent) == reach.planned


async def test_an_invitation_and_a_broadcast_of_one_week_are_enough(tmp_path: Path) -> None:
    terms, clock = TERMS, HandClock(NOON)
    async with broadcast_house(tmp_path, terms, clock) as house:
        await house.people(3)
        await house.started()
        await house.run_out()
        clock.at += 2 * DAY

        reach = await house.broadcasts.previews.reach("state:invited", None)

        assert (reach.planned, reach.excluded) == (0, {"cap": 3})


async def test_the_preview_says_what_follows_by_the_campaigns_own_figures(tmp_path: Path) -> None:
    rule = BroadcastRule(reply_percent=50, calls_avoided_per_100=25)
    async with broadcast_house(tmp_path, replace(TERMS, broadcasts=rule)) as house:
        await house.people(8)
        name = await house.broadcasts.draft(MONA, "state:invited", TEXTS)

        preview = await house.broadcasts.preview(MONA, name)

        assert preview.segments == {"de": 4, "en": 4}
        assert (preview.replies_per_hour, preview.calls_avoided) == (4, 2)
        assert preview.done_at - preview.first_at == timedelta(seconds=preview.duration_s)


async def test_what_is_not_known_is_not_said(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(8)
        name = await house.broadcasts.draft(MONA, "state:invited", TEXTS)

        preview = await house.broadcasts.preview(MONA, name)

        assert (preview.calls_avoided, preview.stars) == (None, 0)
        assert "avoided" not in preview_words(preview, TERMS.zone)


@pytest.mark.parametrize(("per_s", "stars"), [(28, 0), (30, 0), (60, 1), (1000, 1)])
async def test_going_faster_than_telegram_is_free_costs_stars(
    tmp_path: Path, per_s: float, stars: int
) -> None:
    async with broadcast_house(tmp_path) as house:
        for person in await house.people(8):
            used = Contact(Address(f"telegram:{person.number}"), used_at=house.programme.clock())
            put = PutContact(person.number, used)
            await house.programme.store.turn(Key(), lambda _, put=put: Decision(None, (put,)))  # type: ignore[misc]
        fast = replace(house.broadcasts, rates={Channel.TELEGRAM: per_s})

        preview = await fast.preview(MONA, await fast.draft(MONA, "state:invited", TEXTS))

        assert (preview.planned, preview.all_segments, preview.stars) == (8, 0, stars)


@dataclass(slots=True)
class Provider:
    """Notes when each message arrives, by a clock that jumps to what is waited for."""

    clock: HandClock
    arrived: list[datetime] = field(default_factory=list)

    async def until(self, moment: datetime) -> None:
        self.clock.at = max(self.clock.at, moment)

    async def send(self, row: OutboxRow, tag: str) -> Outcome:
        self.arrived.append(self.clock())
        return Accepted(tag)

    async def look_up(self, row: OutboxRow, tag: str, posted_at: datetime) -> Accepted | None:
        return None

    async def refused(self, row: OutboxRow, refusal: Refused) -> None:
        pass


async def test_it_takes_as_long_as_the_preview_says(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.populate(60)
        clock = house.programme.clock
        provider = Provider(clock)
        around = Surroundings(clock, provider.until, lambda: 0.5, Metrics(), "node", horizon_s=0)
        relay = Relay(house.programme.store, (Lane("sms", provider, rate=10.0),), around)
        name = await house.started("state:steps")
        preview = await house.broadcasts.preview(VERA, name)

        while (await house.broadcasts.show(VERA, name)).row.state is BroadcastState.RUNNING:
            await house.engine.tick()
            due = await relay.tick()
            clock.at = max(clock.at, due or clock.at)

        took_s = (provider.arrived[-1] - provider.arrived[0]).total_seconds()
        assert len(provider.arrived) == 60
        assert preview.duration_s == pytest.approx(took_s, rel=0.1)


async def test_whoever_has_two_addresses_gets_one_message_where_they_wrote_last(
    tmp_path: Path,
) -> None:
    async with broadcast_house(tmp_path) as house:
        [person] = await house.people(1)
        used = Contact(BABAKS_TELEGRAM, used_at=house.programme.clock())
        put = PutContact(person.number, used)
        await house.programme.store.turn(Key(), lambda _: Decision(None, (put,)))

        name = await house.started()
        preview = await house.broadcasts.preview(VERA, name)
        await house.run_out()

        rows = await house.broadcasts.report(MONA, name, "", 10)
        assert [row.address for row in rows] == [BABAKS_TELEGRAM.uri]
        assert [each.channel for each in preview.renderings] == [Channel.TELEGRAM]
        assert house.sent == []
