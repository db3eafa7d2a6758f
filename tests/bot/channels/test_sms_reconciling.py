"""What customers wrote while our door was closed is heard within the hour, once, in order."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.sms_reconciling import AGAIN, EVERY, NAME, InboundReconciler
from storage.errors import StorageError
from tests.bot.sms_house import SmsHouse, sms_house
from tests.cast import NOON

pytestmark = pytest.mark.anyio

ALICE = "+491713920011"
HOUR = timedelta(hours=1)


def reconciler(house: SmsHouse) -> InboundReconciler:
    """Start one, as after a restart."""
    store = house.store
    return InboundReconciler(house.sender, house.ear, house.clock, store.get, store.put)


def texts(house: SmsHouse) -> list[str]:
    """List what was heard."""
    return [inbound.text for inbound in house.ear.heard_texts.values()]


async def test_a_message_that_never_reached_us_is_heard_within_the_hour(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        hourly = reconciler(house)
        due = await hourly.tick()
        house.clock.at = NOON + timedelta(minutes=30)
        house.twilio.write(ALICE, "first")
        house.clock.at += timedelta(minutes=10)
        house.twilio.write(ALICE, "second")

        early = await hourly.tick()
        heard_early = texts(house)
        house.clock.at = NOON + EVERY
        await hourly.tick()

        assert due == early == NOON + EVERY
        assert heard_early == []
        assert texts(house) == ["first", "second"]


async def test_a_message_that_reached_us_keeps_its_one_name(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        hourly = reconciler(house)
        await house.twilio.text(ALICE, "JOIN")

        await hourly.tick()

        assert house.ear.times == 2
        assert texts(house) == ["JOIN"]


async def test_a_clock_that_ran_ahead_for_a_while_hides_no_message(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        hourly = reconciler(house)
        house.clock.at = NOON + timedelta(days=2)
        await hourly.tick()
        house.clock.at = NOON
        house.twilio.write(ALICE, "while it was put right")
        house.clock.at += HOUR

        await hourly.tick()

        assert texts(house) == ["while it was put right"]


async def test_what_we_sent_or_others_received_is_not_heard(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        hourly = reconciler(house)
        await house.say("Hello")
        await house.pass_time(HOUR)
        other = house.twilio.write(ALICE, "for somebody else", MessagingServiceSid="MG1")
        other.to = "+4915792300009"
        house.twilio.write("12345", "a parcel service")

        await hourly.tick()

        assert texts(house) == []


async def test_a_page_is_not_the_end_of_the_list(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.largest_page = 7
        for n in range(30):
            house.twilio.write(ALICE, str(n))

        await reconciler(house).tick()

        assert texts(house) == [str(n) for n in range(30)]


async def test_old_messages_are_not_read_again_every_hour(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        hourly = reconciler(house)
        house.clock.at = NOON - HOUR
        house.twilio.write(ALICE, "long ago")
        house.clock.at = NOON
        await hourly.tick()
        house.clock.at = NOON + EVERY

        await hourly.tick()

        assert house.ear.times == 1


async def test_after_a_day_without_us_nothing_is_missing(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        await reconciler(house).tick()
        house.clock.at = NOON + timedelta(hours=2)
        house.twilio.write(ALICE, "in the dark")
        house.clock.at = NOON + timedelta(days=3)

        await reconciler(house).tick()

        assert texts(house) == ["in the dark"]


async def test_a_list_that_cannot_be_had_is_asked_for_again_soon(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.write(ALICE, "JOIN")
        hourly = reconciler(house)
        house.twilio.is_listing = False

        due = await hourly.tick()
        house.twilio.is_listing = True
        house.clock.at = NOON + AGAIN
        await hourly.tick()

        assert due == NOON + AGAIN
        assert texts(house) == ["JOIN"]


async def test_what_could_not_be_stored_is_read_again(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.write(ALICE, "JOIN")
        hourly = reconciler(house)
        house.ear.is_broken = True

        with pytest.raises(StorageError):
            await hourly.tick()
        house.ear.is_broken = False
        await hourly.tick()

        assert texts(house) == ["JOIN"]
        assert await house.store.get(NAME) == NOON.isoformat()
