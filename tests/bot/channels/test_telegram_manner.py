"""How a message arrives in Telegram: with confetti at the goal, and without a sound at night."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.channels.channel import Accepted, Message, Parcel
from bot.channels.telegram_uploads import Gallery
from flows.customer import Address
from messages.cards import Card
from tests.bot.channels.telegram_stage import Stage, staged
from tests.bot.channels.test_telegram_uploads import Drawer
from tests.cast import BABAKS_TELEGRAM
from tests.fakes.telegram_troubles import Misbehaviour, Trouble

pytestmark = pytest.mark.anyio

EFFECT = "message_effect_id"
GOAL = Card("Nordlicht Mobil", "Geschafft!", "+1,8 GB", "3,6 GB insgesamt", 9, 9, is_goal=True)
LAST_STEP = Card("Nordlicht Mobil", "Schritt 3 von 3", "+600 MB", "App", 3, 3)
REACHED = Message("Neun Monate: 1,8 GB sind gutgeschrieben.", card=GOAL)


@pytest.fixture(params=[True, False], ids=["with pictures", "without"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    drawer = Drawer()
    async with staged(gallery=Gallery(drawer, drawer) if request.param else None) as stage:
        yield stage


async def test_the_goal_comes_with_confetti_and_no_other_milestone_does(stage: Stage) -> None:
    await stage.send(REACHED)
    await stage.send(replace(REACHED, card=LAST_STEP))
    await stage.send(Message("Hallo"))

    assert [EFFECT in asked for _, asked in stage.fake.calls] == [True, False, False]


async def test_where_an_effect_is_refused_the_message_goes_without(stage: Stage) -> None:
    for method in ("sendmessage", "sendphoto"):
        said = "Bad Request: MESSAGE_EFFECT_ID_INVALID"
        stage.fake.misbehave(Misbehaviour(Trouble.REFUSE, method, description=said))

    assert isinstance(await stage.send(REACHED), Accepted)
    assert [EFFECT in asked for _, asked in stage.fake.calls] == [True, False]
    assert [sent.text for sent in stage.fake.sent] == [REACHED.text]


async def test_a_group_and_an_edit_have_no_effects(stage: Stage) -> None:
    await stage.send("Hallo")
    await stage.send(replace(REACHED, replaces="700002:1"))
    await stage.send(REACHED, to=Address("telegram:-100200"))

    assert not any(EFFECT in asked for _, asked in stage.fake.calls)


async def test_what_shall_wake_nobody_makes_no_sound(stage: Stage) -> None:
    for is_silent in (True, False):
        await stage.sender.send(Parcel(BABAKS_TELEGRAM, REACHED, "t1", is_silent=is_silent))

    assert ["disable_notification" in asked for _, asked in stage.fake.calls] == [True, False]
