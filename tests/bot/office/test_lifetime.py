"""The campaign's life: paused as a whole, begun and ended, as managers see and do it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.inviting.waves import Pausable, Waves
from bot.office.lifetime import Lifetime
from tests.bot.broadcast_house import broadcast_house
from tests.bot.office.chat import Chat, button
from tests.cast import ALICE, NOON, TERMS

pytestmark = pytest.mark.anyio


async def test_a_paused_campaign_is_silent_and_catches_up_once(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        chat, clock = Chat(house), house.programme.clock
        [person] = await house.people(1)
        await house.started()
        await house.engine.tick()

        [paused] = await chat.says("9001", "/pause campaign")
        [card] = await chat.says("9001", "/broadcast B1")
        await house.programme.say("STATUS", person)
        [stats] = await chat.says("9003", "/stats")
        clock.at += timedelta(hours=2)
        await house.engine.tick()
        during = [await house.relay(), await house.relay()]
        await chat.says("9001", "/resume campaign")
        await house.run_out()

        assert "wait: 1." in paused.text
        assert "the campaign is paused: /resume campaign" in card.text
        assert "The campaign is paused." in stats.text
        assert during == [1, 0]  # who asks is answered
        assert [text for _, text in house.sent[1:]] == ["Hallo 200000!"]
        refused = await chat.says("9001", "/resume campaign")
        assert any("not paused" in message.text for message in refused)


async def test_the_campaign_and_its_invitations_are_not_paused_within_one_another(
    tmp_path: Path,
) -> None:
    async with broadcast_house(tmp_path) as house:
        chat = Chat(house)

        said = [
            (await chat.says("9001", command))[0].text
            for command in (
                "/pause invitations",
                "/pause campaign",
                "/resume invitations",
                "/pause campaign",
                "/pause invitations",
                "/resume campaign",
            )
        ]

        assert [("⛔" in text) for text in said] == [False, True, False, False, True, False]


async def test_an_interrupted_resumption_is_finished_by_the_worker(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        programme = house.programme
        await programme.invite(ALICE)
        waves = Waves(programme.store, programme.clock, programme.poke, programme.house.terms)
        await waves.pause()
        await programme.store.put("invitations.later_s", "60.0")
        await programme.store.put("invitations.paused_at", "")  # killed here

        await waves.tick()
        programme.clock.at += timedelta(minutes=1)

        assert await house.relay() == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"is_draft": True}, "is a draft"),
        ({"ends_at": NOON - timedelta(days=1)}, "has ended on"),
    ],
)
async def test_a_campaign_that_is_not_open_writes_to_nobody_new(
    tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    async with broadcast_house(tmp_path, replace(TERMS, **change)) as house:
        await house.populate(2)
        chat = Chat(house)
        file = "customer,phone,email,language,basis\n999,+491713920055,,de,consent\n"
        [report] = await chat.says("9001", file=file)
        await chat.says("9001", "/broadcast state:steps")
        await chat.says("9001", "Hallo")
        await chat.says("9001", "Hi")
        await chat.says("9002", command="approve:B1:")

        [invited] = await chat.says("9001", command=button(report, "Invite"))
        [started] = await chat.says("9001", "/start B1")

        assert why in invited.text
        assert why in started.text


async def test_each_turn_of_the_campaigns_life_is_kept(tmp_path: Path) -> None:
    begins = NOON + timedelta(days=2)
    terms = replace(TERMS, starts_at=begins, ends_at=NOON + timedelta(days=9))
    async with broadcast_house(tmp_path, terms) as house:
        programme = house.programme
        waves = Waves(programme.store, programme.clock, programme.poke, programme.house.terms)
        life = Lifetime(house.broadcasts, waves)

        next_at = await life.tick()
        await life.tick()
        await programme.invite(ALICE)
        programme.clock.at = begins - timedelta(minutes=1)
        early = await house.relay()
        programme.clock.at = begins
        await life.tick()
        in_time = await house.relay()
        await waves.pause(Pausable.CAMPAIGN)
        await life.tick()
        programme.clock.at = NOON + timedelta(days=10)
        await waves.resume(Pausable.CAMPAIGN)
        await life.tick()

        async with programme.store.snapshot() as snapshot:
            kept = [row.act for row in await snapshot.acts(0, 100)]
        assert (next_at, early, in_time) == (begins, 0, 1)
        assert [act for act in kept if act.startswith("campaign")] == [
            "campaign scheduled", "campaign active", "campaign paused", "campaign ended",
        ]  # fmt: skip
