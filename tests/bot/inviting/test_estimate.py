"""The estimate: an invitation counts as many segments as it will take."""

from dataclasses import replace

import pytest

from bot.inviting.estimate import ComposedEstimate
from bot.keys import Keys
from bot.terms import Terms
from bot.turns.house import BotName, House
from bot.turns.routing import Lanes
from flows.customer import Address, Channel, Contact, Customer
from messages.wording import Wordbook
from tests.cast import ALICE, BABAK, NOON, TERMS

BOTH = Lanes(((Channel.SMS, "sms"), (Channel.EMAIL, "email")))
MAILBOX = Contact(Address("mailto:alice@mail.example"))


def estimate(lanes: Lanes = BOTH) -> ComposedEstimate:
    house = House(
        terms=Terms(TERMS, {}),
        wordbook=Wordbook.load(TERMS),
        lanes=lanes,
        keys=Keys(b"key", fresh=lambda: "Zm9vYmFyMTIzNDU2Nzg5X1"),
        clock=lambda: NOON,
        telegram_bot=BotName("nordlicht_bonus_bot"),
    )
    return ComposedEstimate(house)


@pytest.mark.parametrize("customer", [ALICE, BABAK], ids=["en", "de"])
def test_an_invitation_by_sms_takes_one_or_two_segments(customer: Customer) -> None:
    counted = estimate()

    assert counted.segments(customer) in (1, 2)
    assert counted.segments(customer) == estimate().segments(customer)


def test_an_invitation_by_email_takes_none() -> None:
    assert estimate().segments(replace(ALICE, contacts=(MAILBOX,))) == 0


def test_nobody_is_reached_by_a_channel_that_is_off() -> None:
    assert estimate(Lanes(())).segments(ALICE) == 0
