"""Bad weather on PostgreSQL: connections are lost in COMMIT, whatever is being committed."""

import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from storage.errors import StorageError
from tests.bot.sms_premises import SmsPremises, sms_premises
from tests.cast import ALICE
from tests.fakes.twilio_payloads import Sms
from tests.fakes.wire import Cut, Wire
from tests.postgres import fast
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

PHONE = ALICE.contacts[0].address.value
REFUSED, TAKEN = 503, 200
QUESTIONS = 5 * SOAK
LONG = timedelta(minutes=30)  # beyond every lease, and every look at what became of a message


@pytest.fixture
def _quiet() -> Iterator[None]:
    """Print no traceback for each of the many connections that are lost."""
    with capture_logs():
        yield


async def until_taken(house: SmsPremises, said: Sms) -> list[int]:
    """Repeat a message as the provider does; gives our answers."""
    answers = [(await house.twilio.deliver(said))[0]]
    while answers[-1] == REFUSED:
        answers.append((await house.twilio.deliver(said))[0])
    assert answers[-1] == TAKEN
    return answers


async def work(house: SmsPremises, length: timedelta = timedelta(seconds=2)) -> None:
    """Let what is due be done, as workers do that no lost connection ends."""
    end = house.now + length
    while house.now < end:
        with suppress(StorageError):
            await house.work(end - house.now)


@pytest.mark.usefixtures("_quiet")
async def test_whatever_commit_loses_its_connection_everybody_is_answered_once(
    tmp_path: Path,
) -> None:
    chance = random.Random(SOAK)  # noqa: S311 - of no consequence
    database = await (await fast()).database(tmp_path)
    async with Wire(database) as wire, sms_premises(tmp_path, database=wire.url) as house:
        await house.invite()
        await house.work()
        answers = set[int]()

        for _ in range(QUESTIONS):
            said = house.twilio.write(PHONE, "SUPPORT")
            wire.cuts.extend(chance.choices(tuple(Cut), k=chance.randrange(1, 4)))
            answers |= set(await until_taken(house, said))
            await work(house)
        wire.cuts.clear()
        await work(house, LONG)

        assert answers == {REFUSED, TAKEN}
        assert len(house.texts()) == 1 + QUESTIONS
        await house.check()


@pytest.mark.usefixtures("_quiet")
async def test_what_is_refused_while_it_is_gone_is_repeated_or_listed(tmp_path: Path) -> None:
    database = await (await fast()).database(tmp_path)
    async with Wire(database) as wire, sms_premises(tmp_path, database=wire.url) as house:
        await house.invite()
        await house.work()
        await house.reconcile()

        wire.break_off()
        asked = [house.twilio.write(PHONE, "SUPPORT") for _ in range(3)]
        refused = {(await house.twilio.deliver(said))[0] for said in asked}
        with pytest.raises(StorageError):
            await house.reconcile()
        wire.mend()
        taken = {(await house.twilio.deliver(said))[0] for said in asked[1:]}
        await house.reconcile()
        await house.work()

        assert (refused, taken) == ({REFUSED}, {TAKEN})
        assert len(house.texts()) == 1 + len(asked)
        await house.check()
