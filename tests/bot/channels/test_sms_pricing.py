"""Prices: fetched a day at a time, for what has ended and has none yet."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.sms_pricing import AGAIN, EVERY, GIVEN_UP, NOT_YET, PriceReader
from tests.bot.sms_house import SmsHouse, sms_house
from tests.cast import BABAK, DAY, NOON
from tests.fakes.twilio import Mode

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


def reader(house: SmsHouse) -> PriceReader:
    """Start a reader of prices."""
    return PriceReader(house.sender, house.store.deliveries, house.clock)


async def unpriced(house: SmsHouse) -> bool:
    """Tell whether a price is still open."""
    deliveries, now = house.store.deliveries, house.clock()
    return await deliveries.unpriced("sms", NOON - DAY, now) is not None


async def test_the_prices_of_a_day_are_fetched_at_once(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        await house.say("600 MB credited.")
        await house.say("To Babak.", BABAK)
        await house.pass_time(HOUR)
        for sms in house.twilio.sent:
            sms.price = "-0.0750"
        requests = house.twilio.listed
        house.clock.at += NOT_YET

        due = await reader(house).tick()

        assert due == house.clock() + EVERY
        assert house.twilio.listed == requests + 1
        assert not await unpriced(house)


async def test_what_has_no_price_yet_is_asked_for_again_and_at_last_given_up(
    tmp_path: Path,
) -> None:
    async with sms_house(tmp_path) as house:
        await house.say("600 MB credited.")
        await house.pass_time(HOUR)
        prices, before = reader(house), house.twilio.listed
        house.clock.at += NOT_YET

        while house.clock() < NOON + 2 * GIVEN_UP:
            due = await prices.tick()
            assert due is not None
            house.clock.at = due

        assert GIVEN_UP / EVERY <= house.twilio.listed - before <= GIVEN_UP / EVERY + 1
        assert await unpriced(house)


async def test_nothing_is_asked_where_every_price_is_known(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        house.twilio.plan.append(Mode.SILENT)  # it has no end either
        await house.say("600 MB credited.")
        await house.pass_time(2 * DAY)
        before = house.twilio.listed

        await reader(house).tick()

        assert house.twilio.listed == before


async def test_a_list_that_cannot_be_had_is_asked_for_soon_again(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        await house.say("600 MB credited.")
        await house.pass_time(HOUR + NOT_YET)
        house.twilio.is_listing = False
        prices = reader(house)

        assert await prices.tick() == house.clock() + AGAIN
        assert await prices.tick() == house.clock() + AGAIN  # nothing is due in between
