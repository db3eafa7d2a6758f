"""However the sending goes wrong: one message written, one SMS sent."""

import asyncio
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from flows.customer import Contact
from storage.changes import PutContact
from storage.outbox import OutboxState
from tests.bot.relay_bench import ALICES
from tests.bot.sms_house import sms_house
from tests.cast import ALICE, BABAK, NOON
from tests.fakes.twilio import WITHOUT_CALLBACK, Mode
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
TROUBLES = [mode for mode in Mode if mode is not Mode.LOST]


@pytest.mark.parametrize("mode", TROUBLES, ids=lambda mode: mode.name.lower())
async def test_there_is_one_sms_for_one_message(mode: Mode, tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.plan.extend([mode] * 3)
        house.twilio.delay_s = 0.0 if mode is not Mode.CALLBACK_FIRST else 0.05

        row = await house.say("600 MB credited.", may_resend=True)
        await house.pass_time(HOUR)

        assert [sms.body for sms in house.twilio.sent] == ["600 MB credited."]
        message = await house.message(row)
        assert message.ref == house.twilio.sent[0].sid
        has_receipt = mode not in WITHOUT_CALLBACK
        assert message.state is (OutboxState.DELIVERED if has_receipt else OutboxState.ACCEPTED)
        assert house.count("statthotline_proven_doubles_total", lane="sms") == 0


@pytest.mark.parametrize("seed", range(5 * SOAK))
async def test_a_relay_killed_at_any_moment_sends_each_message_once(
    seed: int, tmp_path: Path
) -> None:
    chance = Random(seed)  # noqa: S311 (a test's dice)
    async with sms_house(tmp_path, rate=None) as house:
        texts = [f"Message {n}" for n in range(12)]
        for n, text in enumerate(texts):
            await house.say(text, (ALICE, BABAK)[n % 2], may_resend=True)
        house.twilio.plan.extend(chance.choices(TROUBLES, k=30))

        for _ in range(4):
            working = asyncio.create_task(house.relay.tick())
            await asyncio.sleep(chance.random() * 0.1)
            house.kill_relay()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await house.twilio.settled()
        await house.pass_time(3 * HOUR)

        assert sorted(sms.body for sms in house.twilio.sent) == sorted(texts)
        assert house.count("statthotline_proven_doubles_total", lane="sms") == 0


async def test_a_stop_between_planning_and_sending_skips_what_is_unasked(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        unasked = await house.say("Two steps are open.")
        asked = await house.say("You will hear no more from us.", is_unasked=False)
        await house.change(PutContact(ALICE.number, Contact(ALICES, opted_out_at=NOON)))

        await house.pass_time(HOUR)

        message = await house.message(unasked)
        assert (message.state, message.reason) == (OutboxState.SKIPPED, "opted_out")
        assert (await house.message(asked)).state is OutboxState.DELIVERED
        assert [sms.body for sms in house.twilio.sent] == ["You will hear no more from us."]
