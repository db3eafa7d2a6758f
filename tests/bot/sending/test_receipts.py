"""Receipts: in any order, for addresses that close, for halted lanes, and the proof of a double."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import Fault, Refused
from bot.sending.lanes import HALTED, LATER
from bot.sending.receipts import ENOUGH
from storage.outbox import OutboxState, Receipt
from tests.bot.relay_bench import ALICES, BABAKS, MINUTE
from tests.bot.sms_house import SmsHouse, sms_house
from tests.cast import ALICE, BABAK, NOON
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


# --- What may not last, and what carriers filter ------------------------------------------------


async def test_a_phone_that_was_off_is_written_to_again_hours_later(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.late.append(30003)
        row = await house.say("600 MB credited.")

        await house.pass_time(LATER - MINUTE)
        sent_meanwhile = len(house.twilio.sent)
        await house.pass_time(HOUR)

        first, second = house.twilio.sent
        assert (sent_meanwhile, first.body) == (1, second.body)
        message = await house.message(row)
        assert (message.state, message.ref) == (OutboxState.DELIVERED, second.sid)
        assert house.count("statthotline_proven_doubles_total", lane="sms") == 0


@pytest.mark.parametrize(("code", "times"), [(30003, 3), (30017, 3), (30008, 2), (30005, 1)])
async def test_what_fails_again_and_again_is_given_up(
    code: int, times: int, tmp_path: Path
) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.late.extend([code] * 5)
        row = await house.say("600 MB credited.")

        await house.pass_time(24 * HOUR)

        assert len(house.twilio.sent) == times
        assert (await house.message(row)).state is OutboxState.FAILED


async def test_a_message_that_would_come_too_late_is_not_sent_again(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.late.append(30003)
        row = await house.say("Ends tonight.", use_by=NOON + HOUR)

        await house.pass_time(24 * HOUR)

        assert len(house.twilio.sent) == 1
        assert (await house.message(row)).state is OutboxState.FAILED


async def test_old_receipts_do_not_touch_a_message_that_waits_to_leave_again(
    tmp_path: Path,
) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.late.append(30003)
        row = await house.say("600 MB credited.")
        await house.pass_time(HOUR)
        [first] = house.twilio.sent

        for status in ("queued", "sending", "sent", "failed", "undelivered"):
            await house.twilio.report(first, status)
        waiting = await house.message(row)
        await house.pass_time(2 * HOUR)
        await house.twilio.report(first, "failed")

        assert waiting.state is OutboxState.READY
        assert len(house.twilio.sent) == 2
        assert (await house.message(row)).state is OutboxState.DELIVERED


async def test_a_failure_that_turns_out_to_have_arrived_is_not_repeated(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.late.append(30003)
        row = await house.say("600 MB credited.")
        await house.pass_time(HOUR)
        [first] = house.twilio.sent

        await house.twilio.report(first, "delivered")
        await house.pass_time(24 * HOUR)

        assert len(house.twilio.sent) == 1
        assert (await house.message(row)).state is OutboxState.DELIVERED


async def test_a_soft_failure_that_overtakes_our_own_answer_still_repeats(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.late.append(30003)
        house.twilio.plan.append(Mode.CALLBACK_FIRST)
        row = await house.say("600 MB credited.")

        await house.pass_time(3 * HOUR)

        assert len(house.twilio.sent) == 2
        assert (await house.message(row)).state is OutboxState.DELIVERED


async def test_more_than_one_filtered_message_in_a_hundred_sounds_the_alarm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with sms_house(tmp_path, rate=None) as house:
        for n in range(ENOUGH):
            await house.say(f"Message {n}", (ALICE, BABAK)[n % 2])
        house.twilio.late.append(30007)
        await house.pass_time(HOUR)
        calm = capsys.readouterr().out
        await house.say("One more.")
        house.twilio.late.append(30007)
        await house.pass_time(HOUR)

        assert "messages_filtered" not in calm
        assert "messages_filtered" in capsys.readouterr().out
        assert house.count("statthotline_filtered_share", lane="sms") == 2 / (ENOUGH + 1)
