"""Live facts are read beside the turn, briefly, and told to nobody but their owner."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from bot.carrier.carrier import Bill, BillLine, Subscriber, Volume
from bot.channels.channel import Inbound, Message
from bot.credits.live_facts import LiveFacts
from flows.customer import Address
from flows.intent import Intent
from flows.lines import BillTold, Change, FactMissing, Line, OutageTold, VolumeLeft
from messages.topics import Fact
from storage.changes import PutIncident
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import ALICE, BABAK, NOON, STRANGER
from tests.storage.keepers import change

pytestmark = pytest.mark.anyio

HER = ALICE.contacts[0].address
AT_HOME = replace(ALICE, attributes=(("area", "10115"),))
MAY = datetime.fromisoformat("2027-05-01T00:00:00+02:00")
APRIL = MAY - timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
BILL = Bill(
    id="b2",
    number="2",
    billed_at=NOON,
    state="sent",
    cents=2756,
    currency="EUR",
    lines=(BillLine("Plan", 2499, is_recurring=True), BillLine("Calls", 557), BillLine("-", -300)),
    previous_cents=2260,
    previous_lines=(
        BillLine("Plan", 2499, is_recurring=True),
        BillLine("Extras", 61),
        BillLine("-", -300),
    ),
)


@dataclass
class Operator:
    """An operator that tells what it was told to, perhaps slowly."""

    volume: Volume | None = field(default_factory=lambda: Volume(2437, MAY))
    bill: Bill | None = BILL
    takes_s: float = 0
    asked: list[Subscriber] = field(default_factory=list)

    async def remaining(self, subscriber: Subscriber) -> Volume | None:
        self.asked.append(subscriber)
        await asyncio.sleep(self.takes_s)
        return self.volume

    async def last_bill(self, subscriber: Subscriber) -> Bill | None:
        self.asked.append(subscriber)
        await asyncio.sleep(self.takes_s)
        return self.bill


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ProgrammeHouse]:
    async with programme_house(tmp_path) as house:
        await house.join(ALICE)
        yield house


def facts(house: ProgrammeHouse, operator: Operator | None, *, has_bills: bool = True) -> LiveFacts:
    return LiveFacts(house.store, house.clock, operator, has_bills, waits_s=0.05)


async def test_volume_is_told_in_round_figures(house: ProgrammeHouse) -> None:
    operator = Operator()

    left = await facts(house, operator).about(ALICE, Fact.VOLUME)

    assert left == VolumeLeft(2400, APRIL)
    assert operator.asked == [Subscriber("100001", "+491713920011")]


async def test_a_small_rest_is_told_exactly(house: ProgrammeHouse) -> None:
    left = await facts(house, Operator(Volume(37))).about(ALICE, Fact.VOLUME)

    assert left == VolumeLeft(37, None)


async def test_a_bill_is_told_with_what_changed_most(house: ProgrammeHouse) -> None:
    told = await facts(house, Operator()).about(ALICE, Fact.BILL)

    changes = (Change("Calls", 557), Change("Extras", -61))
    assert told == BillTold(NOON, 2756, "EUR", 496, changes)


@pytest.mark.parametrize(
    ("bill", "expected"),
    [
        (replace(BILL, previous_cents=None), BillTold(NOON, 2756, "EUR", None, ())),
        (replace(BILL, previous_cents=2756), BillTold(NOON, 2756, "EUR", 0, ())),
        (replace(BILL, previous_lines=()), BillTold(NOON, 2756, "EUR", 496, ())),
        (replace(BILL, cents=None), FactMissing("bill")),
        (None, FactMissing("bill")),
    ],
)
async def test_of_a_bill_only_what_is_known_is_told(
    bill: Bill | None, expected: Line, house: ProgrammeHouse
) -> None:
    assert await facts(house, Operator(bill=bill)).about(ALICE, Fact.BILL) == expected


async def test_where_an_operator_shows_no_bills_there_is_no_such_fact(
    house: ProgrammeHouse,
) -> None:
    assert await facts(house, Operator(), has_bills=False).about(ALICE, Fact.BILL) is None
    assert await facts(house, None).about(ALICE, Fact.VOLUME) is None


async def test_the_operator_is_asked_once_in_a_few_minutes_and_the_time_is_told(
    house: ProgrammeHouse,
) -> None:
    operator = Operator()
    knows, told = facts(house, operator), []

    for minutes in (0, 4, 5):
        house.clock.at = NOON + minutes * MINUTE
        told.append(await knows.about(ALICE, Fact.VOLUME))

    assert told == [
        VolumeLeft(2400, APRIL),
        VolumeLeft(2400, APRIL, read_at=NOON),
        VolumeLeft(2400, APRIL),
    ]
    assert len(operator.asked) == 2


async def test_a_slow_operator_is_not_waited_for_and_not_asked_again_at_once(
    house: ProgrammeHouse,
) -> None:
    operator = Operator(takes_s=5)
    knows = facts(house, operator)

    assert await knows.about(ALICE, Fact.VOLUME) == FactMissing("volume")
    assert await knows.about(ALICE, Fact.VOLUME) == FactMissing("volume")

    assert len(operator.asked) == 1


async def test_what_was_read_lately_stands_in_for_what_cannot_be_read(
    house: ProgrammeHouse,
) -> None:
    operator = Operator()
    knows = facts(house, operator)
    await knows.about(ALICE, Fact.VOLUME)
    operator.volume = None

    house.clock.at = NOON + 30 * MINUTE
    lately = await knows.about(ALICE, Fact.VOLUME)
    house.clock.at = NOON + 300 * MINUTE
    too_old = await knows.about(ALICE, Fact.VOLUME)

    assert lately == VolumeLeft(2400, APRIL, read_at=NOON)
    assert too_old == FactMissing("volume")


async def test_what_is_known_of_one_customer_is_told_to_no_other(house: ProgrammeHouse) -> None:
    operator = Operator()
    knows = facts(house, operator)
    await knows.about(ALICE, Fact.VOLUME)
    operator.volume = None

    assert await knows.about(BABAK, Fact.VOLUME) == FactMissing("volume")


async def test_an_outage_is_told_where_the_customer_lives(house: ProgrammeHouse) -> None:
    knows = facts(house, None)
    await change(house.store, PutIncident("i1", "10115", (), NOON, None))
    house.clock.at = NOON + MINUTE

    elsewhere = replace(ALICE, attributes=(("area", "20095"),))
    assert await knows.about(AT_HOME, Fact.OUTAGE) == OutageTold(NOON)
    assert await knows.about(elsewhere, Fact.OUTAGE) == OutageTold(None)
    assert await knows.about(ALICE, Fact.OUTAGE) == FactMissing("outage")


async def test_an_outage_that_is_over_is_none(house: ProgrammeHouse) -> None:
    await change(house.store, PutIncident("i1", "10115", (), NOON, NOON + MINUTE))
    house.clock.at = NOON + 2 * MINUTE

    assert await facts(house, None).about(AT_HOME, Fact.OUTAGE) == OutageTold(None)


# --- In a conversation --------------------------------------------------------------------------


async def hear(
    house: ProgrammeHouse, text: str, knows: LiveFacts, intent: Intent | None = None
) -> str:
    """Let Alice write, and give what she is answered."""
    inbound = Inbound("sms", f"{text} {house.clock()}", HER, text, house.clock(), intent=intent)
    await replace(house.conversations, facts=knows).heard(inbound)
    last = (await house.dossier()).messages[-1]
    return msgspec.json.decode(last.body, type=Message).text


@pytest.mark.parametrize("text", ["STATUS", "status?", "Statuss"])
async def test_status_shows_it_in_one_message(text: str, house: ProgrammeHouse) -> None:
    before = len((await house.dossier()).messages)

    answer = await hear(house, text, facts(house, Operator()))

    first, _, rest = answer.partition("\n\n")
    assert first == "2.4 GB of data left until 30 Apr 2027."
    assert rest.startswith("Where you stand")
    assert len((await house.dossier()).messages) == before + 1


async def test_a_tap_on_status_shows_it_too(house: ProgrammeHouse) -> None:
    answer = await hear(house, "", facts(house, Operator()), Intent.STATUS)

    assert answer.startswith("2.4 GB of data left")


async def test_without_an_answer_status_simply_lacks_it(house: ProgrammeHouse) -> None:
    answer = await hear(house, "STATUS", facts(house, Operator(takes_s=5)))

    assert answer.startswith("Where you stand")


@pytest.mark.parametrize("text", ["NEXT", "SUPPORT", "My status symbol is not a phone, is it, or?"])
async def test_nothing_else_asks_the_operator(text: str, house: ProgrammeHouse) -> None:
    operator = Operator()

    await hear(house, text, facts(house, operator))

    assert operator.asked == []


async def test_the_journal_keeps_nothing_of_it(house: ProgrammeHouse) -> None:
    await hear(house, "STATUS", facts(house, Operator()))

    assert "24" not in (await house.dossier()).journal[-1].effects
    assert "megabytes" not in (await house.dossier()).journal[-1].body


async def test_a_question_is_answered_with_its_fact(house: ProgrammeHouse) -> None:
    answer = await hear(house, "why is my bill so high", facts(house, Operator()))

    first, _, rest = answer.partition("\n\n")
    assert first == (
        "Bill of 1 Dec 2026: 27.56 EUR, 4.96 EUR more than the one before:"
        " Calls +5.57 EUR, Extras -0.61 EUR."
    )
    assert rest.startswith("Your bills")


@pytest.mark.parametrize("operator", [Operator(takes_s=5), Operator(bill=None)])
async def test_without_the_fact_the_answer_comes_and_says_so(
    operator: Operator, house: ProgrammeHouse
) -> None:
    answer = await hear(house, "why is my bill so high", facts(house, operator))

    first, _, rest = answer.partition("\n\n")
    assert first == "I cannot look up your bill just now."
    assert rest.startswith("Your bills")


async def test_a_stranger_learns_nothing(house: ProgrammeHouse) -> None:
    operator = Operator()
    said = Inbound("sms", "m1", Address(STRANGER.uri), "STATUS", NOON)

    await replace(house.conversations, facts=facts(house, operator)).heard(said)

    assert operator.asked == []
