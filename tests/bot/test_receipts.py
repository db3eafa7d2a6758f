"""Receipts: in any order, for addresses that close, for halted lanes, and the proof of a double."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import Fault, Refused
from bot.lanes import HALTED
from storage.store import OutboxState, Receipt
from tests.bot.relay_bench import ALICES, BABAKS
from tests.bot.sms_house import SmsHouse, sms_house
from tests.cast import BABAK, NOON
from tests.fakes.twilio import Mode

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


async def test_an_opt_out_that_comes_by_callback_closes_the_address(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.late.append(21610)
        await house.say("600 MB credited.")

        await house.pass_time(HOUR)

        assert set(house.ear.refusals_of(ALICES)) == {Refused(Fault.OPTED_OUT, "21610")}
        assert house.receipts(status="failed", code="21610") == 1


async def test_a_suspended_account_that_shows_by_callback_halts_the_lane(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.late.append(30002)
        await house.say("600 MB credited.")
        await house.relay.tick()
        await house.twilio.settled()
        await house.say("To Babak.", BABAK)

        await house.pass_time(HALTED - timedelta(seconds=1))
        sent_meanwhile = [sms.to for sms in house.twilio.sent]
        await house.pass_time(timedelta(minutes=1))

        assert sent_meanwhile == [ALICES.value]
        assert [sms.to for sms in house.twilio.sent] == [ALICES.value, BABAKS.value]


async def test_a_bad_text_closes_no_address(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.late.append(30007)
        await house.say("Buy now.")

        await house.pass_time(HOUR)

        assert house.ear.refusals == []
        assert house.receipts(status="failed", code="30007") == 1


async def test_a_lost_message_that_turns_up_after_its_repetition_is_counted_as_a_double(
    tmp_path: Path,
) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.plan.append(Mode.DROP_SILENT)
        house.twilio.is_listing_sent = False
        row = await house.say("600 MB credited.", may_resend=True)
        await house.pass_time(HOUR)
        first, second = house.twilio.sent

        await house.twilio.report(first, "sent")
        await house.twilio.report(first, "delivered")

        assert house.count("statthotline_proven_doubles_total", lane="sms") == 1
        assert (await house.message(row)).ref == second.sid


async def test_a_message_that_was_not_sent_is_resent_and_proves_no_double(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.plan.append(Mode.LOST)
        row = await house.say("600 MB credited.", may_resend=True)

        await house.pass_time(HOUR)

        assert len(house.twilio.sent) == 1
        assert (await house.message(row)).state is OutboxState.DELIVERED
        assert house.count("statthotline_proven_doubles_total", lane="sms") == 0


async def test_a_reminder_of_unknown_outcome_is_never_repeated(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.plan.append(Mode.LOST)
        row = await house.say("Two steps are open.")

        await house.pass_time(24 * HOUR)

        assert house.twilio.sent == []
        assert (await house.message(row)).state is OutboxState.UNKNOWN


async def test_a_receipt_for_nobody_is_passed_over(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        await note(house, Receipt("delivered", 5, NOON, tag="no-such-tag", ref="SM1"))
        await note(house, Receipt("teleported", -1, NOON, tag=None, ref="SM1"))

        assert house.receipts(status="delivered", code="") == 1
        assert house.receipts(status="other", code="") == 1


async def note(house: SmsHouse, receipt: Receipt) -> None:
    """Note a receipt as the door would."""
    await house.desk.noted(receipt, "")
