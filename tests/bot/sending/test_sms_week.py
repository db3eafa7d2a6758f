"""A week of traffic around each change of the clocks: by day, politely, and at the lane's pace."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from bot.channels.channel import Accepted, Message, Outcome, Parcel
from bot.metrics import Metrics
from bot.parting import lane_of
from bot.premises import rates_of
from bot.sending.relay import Relay
from bot.settings import Settings
from bot.turns.routing import BROADCAST_PRIORITY, PRIORITIES
from bot.turns.saying import encode
from bot.turns.timers import Timers
from flows.calendar import DAY
from flows.customer import Address, Basis, Channel, Contact, Customer
from flows.effects import Purpose
from storage.changes import Enqueue
from tests.bot.relay_bench import HandClock
from tests.bot.small_house import SmallHouse, small_house
from tests.bot.sms_premises import around
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

BERLIN = ZoneInfo("Europe/Berlin")
CHANGES = ("2026-03-29", "2026-10-25", "2027-03-28", "2027-10-31")
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
PEOPLE = tuple(
    Customer(f"2{n:05}", "de", Basis.CONSENT, (Contact(Address(f"tel:+491713920{n:03}")),))
    for n in range(100, 110)
)
UNASKED = [PRIORITIES[Purpose.NOTICE], PRIORITIES[Purpose.REPORT], PRIORITIES[Purpose.REMINDER]]

Act = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Postman:
    """Takes every message, and writes down when it came and until when it is worth arriving."""

    clock: HandClock
    channel: Channel = Channel.SMS
    taken: list[tuple[datetime, timedelta | None]] = field(default_factory=list)

    async def prepare(self) -> None:
        """Bring nothing."""

    async def send(self, parcel: Parcel) -> Outcome:
        self.taken.append((self.clock(), parcel.valid_for))
        return Accepted(f"SM{len(self.taken)}")

    async def look_up(self, parcel: Parcel, posted_at: datetime) -> Accepted | None:
        raise AssertionError("nothing is lost here")

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class Week:
    """Seven days in a house, with a relay that is down for some hours of them."""

    house: SmallHouse
    postman: Postman
    relay: Relay
    chance: Random
    starts: datetime

    def somewhen(self) -> datetime:
        return self.starts + 7 * DAY * self.chance.random()

    def acts(self) -> Iterator[tuple[datetime, Act]]:
        """Plan what happens: invitations, questions at any hour, and what was queued for then."""
        for customer in PEOPLE:
            phone = customer.contacts[0].address
            yield self.starts, partial(self.house.invite, customer)
            for _ in range(2):
                yield self.somewhen(), partial(self.house.hear, "STATUS", phone)
            for priority in UNASKED:
                yield self.somewhen(), partial(self.queue, customer, priority)
        for _ in range(3):
            yield self.somewhen(), self.broadcast

    async def queue(self, customer: Customer, priority: int) -> None:
        """Queue something as if it were due at once, whatever the hour."""
        row = Enqueue(
            lane="sms",
            priority=priority,
            recipient=customer.contacts[0].address.uri,
            line="Line",
            body=encode(Message("Two steps are open.")),
            due=self.house.now,
            created_at=self.house.now,
            customer=customer.number,
            use_by=self.house.now + 5 * DAY,
            cost=self.chance.choice((1, 1, 2, 3)),
        )
        await self.house.change(row)

    async def broadcast(self) -> None:
        for customer in PEOPLE:
            await self.queue(customer, BROADCAST_PRIORITY)

    async def play(self) -> None:
        """Let the week pass; on the second evening the relay is down until midnight."""
        down = (self.starts + 31 * HOUR, self.starts + 38 * HOUR)
        for moment, act in sorted(self.acts(), key=lambda planned: planned[0]):
            await self.work(moment, down)
            await act()
        await self.work(self.starts + 8 * DAY, down)

    async def work(self, until: datetime, down: tuple[datetime, datetime]) -> None:
        """Do what becomes due until a moment."""
        clock, house = self.house.clock, self.house
        timers = Timers(house.store, house.premises.turns, house.premises.clock)
        while clock() < until:
            is_down = down[0] <= clock() < down[1]
            due = [await timers.tick(), down[1] if is_down else await self.relay.tick()]
            clock.at = max(clock(), min([until, *(at for at in due if at is not None)]))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("seed", range(SOAK))
async def test_a_week_with_a_change_of_the_clocks_is_quiet_polite_and_paced(
    change: str, seed: int, tmp_path: Path
) -> None:
    clock = HandClock(datetime.fromisoformat(f"{change}T10:00").replace(tzinfo=BERLIN) - 3 * DAY)
    clock.at = clock.at.astimezone(UTC)
    async with small_house(tmp_path, clock=clock) as house:
        postman, chance = Postman(clock), Random(seed)  # noqa: S311 (a test's dice)
        surroundings = around(house.premises, clock, Metrics(), chance.random)
        relay = Relay(house.store, (lane_of(postman, house.premises),), surroundings)
        week = Week(house, postman, relay, chance, clock.at)

        await week.play()

        left = sent(house)
        unasked = [(at, priority, who) for at, priority, who, _ in left if priority]
        assert len(left) == len(postman.taken)
        assert len(unasked) > 4 * len(PEOPLE)
        assert any(not 8 <= at.hour < 20 for at, priority, _, _ in left if not priority)
        check_hours(unasked)
        check_caps(unasked)
        check_arrivals(postman, unasked)
        check_pace([(at, cost) for at, _, _, cost in left])
        assert set(ends(house)) <= {("accepted", None), ("skipped", "stale"), ("ready", "put off")}


def sent(house: SmallHouse) -> list[tuple[datetime, int, str, int]]:
    """List what has left: when in Berlin, with which priority, to whom, at which cost."""
    rows = house.rows(
        "select posted_at, priority, recipient, cost from outbox"
        " where posted_at is not null order by posted_at"
    )
    return [
        (
            datetime.fromtimestamp(int(str(at)) / 1_000_000, BERLIN),
            int(str(priority)),
            str(recipient),
            int(str(cost)),
        )
        for at, priority, recipient, cost in rows
    ]


def ends(house: SmallHouse) -> list[tuple[object, ...]]:
    """List how the messages stand in the end."""
    return house.rows("select distinct state, reason from outbox")


Unasked = list[tuple[datetime, int, str]]


def check_hours(unasked: Unasked) -> None:
    """Nothing unasked by night, nothing that can wait on a Sunday."""
    assert {at.hour for at, _, _ in unasked} <= set(range(8, 20))
    rests = [at for at, priority, _ in unasked if priority >= PRIORITIES[Purpose.REMINDER]]
    assert 6 not in {at.weekday() for at in rests}


def check_caps(unasked: Unasked) -> None:
    """One message of the programme a day, two promotions in a week."""
    programme = {PRIORITIES[Purpose.REPORT], PRIORITIES[Purpose.REMINDER]}
    days = [(at.date(), who) for at, priority, who in unasked if priority in programme]
    assert len(days) == len(set(days))
    promotions = [(at, who) for at, p, who in unasked if p >= PRIORITIES[Purpose.INVITATION]]
    for at, who in promotions:
        week = [other for other, to in promotions if to == who and at - 7 * DAY < other <= at]
        assert len(week) <= 2


def check_arrivals(postman: Postman, unasked: Unasked) -> None:
    """The provider gives up before people go to sleep."""
    until = {at.astimezone(UTC): valid for at, valid in postman.taken}
    for at, _, _ in unasked:
        valid = until[at.astimezone(UTC)]
        assert valid is not None
        evening = at.replace(hour=20, minute=0, second=0, microsecond=0)
        assert (at.astimezone(UTC) + valid).astimezone(BERLIN) <= evening


def check_pace(costs: list[tuple[datetime, int]]) -> None:
    """No window of a second holds more segments than the lane's rate."""
    for start, _ in costs:
        window = [cost for at, cost in costs if start <= at < start + SECOND]
        assert sum(window) <= rates_of(Settings())[Channel.SMS]
