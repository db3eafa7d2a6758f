"""STATUS shows what is left of the volume: read beside the turn, briefly, and for members only."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from bot.carrier.carrier import Subscriber, Volume
from bot.channels.channel import Inbound, Message
from bot.credits.remaining import Remaining
from flows.customer import Address
from flows.intent import Intent
from flows.lines import VolumeLeft
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import ALICE, BABAK, BABAKS_TELEGRAM, NOON, STRANGER

pytestmark = pytest.mark.anyio

HER = ALICE.contacts[0].address
MAY = datetime.fromisoformat("2027-05-01T00:00:00+02:00")
APRIL = MAY - timedelta(seconds=1)


@dataclass
class Operator:
    """An operator that tells what it was told to, perhaps slowly."""

    volume: Volume | None = field(default_factory=lambda: Volume(2437, MAY))
    takes_s: float = 0
    asked: list[Subscriber] = field(default_factory=list)

    async def remaining(self, subscriber: Subscriber) -> Volume | None:
        self.asked.append(subscriber)
        await asyncio.sleep(self.takes_s)
        return self.volume


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ProgrammeHouse]:
    async with programme_house(tmp_path) as house:
        await house.join(ALICE)
        yield house


def remaining(house: ProgrammeHouse, operator: Operator | None) -> Remaining:
    return Remaining(house.store, house.clock, operator, waits_s=0.05)


async def test_a_members_volume_is_told_in_round_figures(house: ProgrammeHouse) -> None:
    operator = Operator()

    left = await remaining(house, operator).of(HER)

    assert left == VolumeLeft(2400, APRIL)
    assert operator.asked == [Subscriber("100001", "+491713920011")]


async def test_a_small_rest_is_told_exactly(house: ProgrammeHouse) -> None:
    left = await remaining(house, Operator(Volume(37))).of(HER)

    assert left == VolumeLeft(37, None)


async def test_the_operator_is_asked_once_in_a_few_minutes(house: ProgrammeHouse) -> None:
    operator = Operator()
    knows = remaining(house, operator)

    for minutes in (0, 4, 5):
        house.clock.at = NOON + timedelta(minutes=minutes)
        await knows.of(HER)

    assert len(operator.asked) == 2


async def test_a_slow_operator_is_not_waited_for_and_not_asked_again_at_once(
    house: ProgrammeHouse,
) -> None:
    operator = Operator(takes_s=5)
    knows = remaining(house, operator)

    assert await knows.of(HER) is None
    assert await knows.of(HER) is None

    assert len(operator.asked) == 1


async def test_nobody_but_members_is_asked_about(house: ProgrammeHouse) -> None:
    operator = Operator()
    await house.invite(BABAK)
    knows = remaining(house, operator)

    for address in (STRANGER, BABAK.contacts[0].address, BABAKS_TELEGRAM):
        assert await knows.of(address) is None

    assert operator.asked == []


async def test_without_an_operator_nothing_is_known(house: ProgrammeHouse) -> None:
    assert await remaining(house, None).of(HER) is None


# --- In a conversation --------------------------------------------------------------------------


async def hear(
    house: ProgrammeHouse, text: str, left: Remaining, intent: Intent | None = None
) -> str:
    """Let Alice write, and give what she is answered."""
    inbound = Inbound("sms", f"{text} {house.clock()}", HER, text, house.clock(), intent=intent)
    await replace(house.conversations, left=left.of).heard(inbound)
    last = (await house.dossier()).messages[-1]
    return msgspec.json.decode(last.body, type=Message).text


@pytest.mark.parametrize("text", ["STATUS", "status?", "Statuss"])
async def test_status_shows_it_in_one_message(text: str, house: ProgrammeHouse) -> None:
    before = len((await house.dossier()).messages)

    answer = await hear(house, text, remaining(house, Operator()))

    first, _, rest = answer.partition("\n\n")
    assert first == "2.4 GB of data left until 30 Apr 2027."
    assert rest.startswith("Where you stand")
    assert len((await house.dossier()).messages) == before + 1


async def test_a_tap_on_status_shows_it_too(house: ProgrammeHouse) -> None:
    answer = await hear(house, "", remaining(house, Operator()), Intent.STATUS)

    assert answer.startswith("2.4 GB of data left")


async def test_without_an_answer_status_simply_lacks_it(house: ProgrammeHouse) -> None:
    answer = await hear(house, "STATUS", remaining(house, Operator(takes_s=5)))

    assert answer.startswith("Where you stand")


@pytest.mark.parametrize("text", ["NEXT", "SUPPORT", "My status symbol is not a phone, is it, or?"])
async def test_nothing_else_asks_the_operator(text: str, house: ProgrammeHouse) -> None:
    operator = Operator()

    await hear(house, text, remaining(house, operator))

    assert operator.asked == []


async def test_the_journal_keeps_nothing_of_it(house: ProgrammeHouse) -> None:
    await hear(house, "STATUS", remaining(house, Operator()))

    assert "24" not in (await house.dossier()).journal[-1].effects
    assert "megabytes" not in (await house.dossier()).journal[-1].body


async def test_a_stranger_learns_nothing(house: ProgrammeHouse) -> None:
    operator = Operator()
    said = Inbound("sms", "m1", Address(STRANGER.uri), "STATUS", NOON)

    await replace(house.conversations, left=remaining(house, operator).of).heard(said)

    assert operator.asked == []
