"""Questions in the managers' chat: shown, answered once, taken over, handed back, closed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from bot.broadcasting.authority import Actor
from bot.channels.channel import Inbound, Message, Place
from bot.office.question_showing import QuestionShowing
from bot.office.questions import QuestionDesk
from bot.office.suggestions import Suggesting
from bot.setting_values import Role
from flows.customer import Address
from storage.outbox import Claim, OutboxState, Settle
from tests.bot.broadcast_house import MONA, OTTO, VERA, BroadcastHouse, broadcast_house
from tests.cast import ALICE, DAY, NOON

pytestmark = pytest.mark.anyio

ROLES = {"9001": Role.MANAGER, "9002": Role.APPROVER, "9003": Role.VIEWER}
NAMES = {"9001": "Mona", "9002": "Otto", "9003": "Vera"}


@dataclass(slots=True)
class Office:
    """A house, its managers, and everything that was queued for anybody so far."""

    house: BroadcastHouse
    said: int = 0

    @property
    def desk(self) -> QuestionDesk:
        return QuestionDesk(self.house.broadcasts)

    async def show(self) -> None:
        await QuestionShowing(self.house.broadcasts, ROLES).tick()

    async def manager(
        self, actor: Actor, text: str = "", command: str | None = None, replied_to: str = ""
    ) -> bool:
        """Let a manager write, tap or reply."""
        self.said += 1
        chat, name = Address(f"telegram:{actor.id}"), f"m{self.said}"
        inbound = Inbound("telegram", name, chat, text, NOON, command=command)
        inbound = structs.replace(inbound, sender=NAMES[actor.id], replied_to=replied_to)
        return await self.desk.heard(actor, inbound)

    async def new(self) -> dict[str, list[str]]:
        """Let all that was queued for managers since the last look arrive."""
        told: dict[str, list[str]] = {}
        for to, message in await self.messages():
            told.setdefault(to, []).append(message.text)
        return told

    async def messages(self) -> list[tuple[str, Message]]:
        """Let it arrive in its order, with the recipients."""
        store, now = self.house.programme.store, self.house.programme.clock()
        told: list[tuple[str, Message]] = []
        claim = Claim("telegram", "node", now, now + DAY, 50)
        while rows := (await store.claim(claim)).rows:
            for row in rows:
                await store.settle([Settle(row.id, OutboxState.ACCEPTED, now, ref=f"r{row.id}")])
                told.append((row.recipient, msgspec.json.decode(row.body, type=Message)))
        return told


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with broadcast_house(tmp_path) as house:
        await house.programme.join(ALICE)
        yield Office(house)


async def messages(office: Office) -> list[str]:
    """Give all that was ever said to Alice."""
    dossier = await office.house.programme.store.dossier(ALICE.number)
    assert dossier is not None
    return [msgspec.json.decode(m.body, type=Message).text for m in dossier.messages]


async def test_an_answer_reaches_the_customer_signed_and_once(office: Office) -> None:
    await office.house.programme.say("my cat ate the sim")
    await office.house.programme.say("HUMAN")
    await office.show()
    cards = await office.new()

    await office.manager(MONA, "Poor cat. A new SIM is on its way.", replied_to="❓ Q1 · open")

    assert set(cards) == {"telegram:9001", "telegram:9002"}
    [card] = cards["telegram:9001"]
    assert "my cat ate the sim" in card
    assert "Customer 100001 · SMS" in card
    said = await messages(office)
    assert said[-1] == "Poor cat. A new SIM is on its way.\n- Mona, Nordlicht Mobil"
    assert await office.house.programme.store.questions.waiting(10) == ()


async def test_of_two_who_answer_at_once_one_is_heard(office: Office) -> None:
    await office.house.programme.say("HUMAN")

    await asyncio.gather(
        office.manager(MONA, "/answer Q1 From Mona"), office.manager(OTTO, "/answer 1 From Otto")
    )

    said = await messages(office)
    assert len([text for text in said if text.startswith("From ")]) == 1
    told = await office.new()
    refusals = [text for texts in told.values() for text in texts if "was answered by" in text]
    assert len(refusals) == 1


async def test_the_same_message_again_changes_nothing(office: Office) -> None:
    await office.house.programme.say("HUMAN")
    inbound = Inbound("telegram", "m1", Address("telegram:9001"), "/answer Q1 Yes", NOON)

    for _ in range(3):
        await office.desk.heard(MONA, inbound)

    said = await messages(office)
    assert len([text for text in said if text.startswith("Yes")]) == 1
    assert len((await office.new())["telegram:9001"]) == 1


async def test_a_tap_on_answer_waits_for_the_words(office: Office) -> None:
    await office.house.programme.say("HUMAN")

    await office.manager(MONA, command="q.answer:1")
    await office.manager(MONA, "We will call you.")
    is_ours = await office.manager(MONA, "something else")

    assert "We will call you." in (await messages(office))[-1]
    assert not is_ours


async def test_whoever_takes_over_talks_with_the_customer_alone(office: Office) -> None:
    say = office.house.programme.say
    await say("HUMAN")
    await office.show()
    await office.manager(MONA, command="q.take:1")
    await office.new()

    await say("why is my bill so high")
    await office.show()
    shown = await office.new()
    await office.manager(OTTO, "/answer Q1 me too")
    await office.manager(MONA, "/answer Q1 Let me see.")
    await office.manager(MONA, "/answer Q1 It was roaming.")

    assert list(shown) == ["telegram:9001"]
    assert "why is my bill so high" in shown["telegram:9001"][0]
    said = [text.partition("\n")[0] for text in (await messages(office))[-2:]]
    assert said == ["Let me see.", "It was roaming."]
    assert "taken by Mona" in (await office.new())["telegram:9002"][0]


async def test_handed_back_the_bot_answers_again(office: Office) -> None:
    say = office.house.programme.say
    await say("HUMAN")
    await office.manager(MONA, command="q.take:1")

    await office.manager(MONA, command="q.back:1")
    await say("why is my bill so high")

    assert (await messages(office))[-1].startswith("Your bills")


async def test_what_is_closed_waits_no_longer_and_cannot_be_answered(office: Office) -> None:
    await office.house.programme.say("HUMAN")

    await office.manager(MONA, command="q.close:1")
    before = await messages(office)
    await office.manager(OTTO, "/answer Q1 too late")

    assert await office.house.programme.store.questions.waiting(10) == ()
    assert await messages(office) == before


async def test_for_a_day_what_the_customer_writes_back_goes_to_a_person(office: Office) -> None:
    say = office.house.programme.say
    await say("HUMAN")
    await office.manager(MONA, "/answer Q1 Which colour?")

    await say("the blue one")
    await office.show()

    assert [w.text for w in await office.house.programme.store.questions.waiting(10)] == [
        "HUMAN\nthe blue one"
    ]
    assert "Which colour?" in (await office.new())["telegram:9002"][0]


async def test_a_viewer_may_neither_read_nor_answer(office: Office) -> None:
    await office.house.programme.say("HUMAN")
    before = await messages(office)

    await office.manager(VERA, "/questions")
    await office.manager(VERA, "/answer Q1 hello")

    assert all(text.startswith("⛔") for text in (await office.new())["telegram:9003"])
    assert await messages(office) == before


async def test_the_queue_lists_what_waits(office: Office) -> None:
    await office.house.programme.say("my <b>cat</b>")
    await office.house.programme.say("MENSCH")

    await office.manager(MONA, "/questions")

    [listed] = (await office.new())["telegram:9001"]
    assert "Q1" in listed
    assert "my &lt;b&gt;cat&lt;/b&gt;" in listed


async def test_an_answer_too_long_for_sms_is_not_sent(office: Office) -> None:
    await office.house.programme.say("HUMAN")
    before = await messages(office)

    await office.manager(MONA, "/answer Q1 " + "long " * 400)

    assert "at most 10" in (await office.new())["telegram:9001"][0]
    assert await messages(office) == before
    assert len(await office.house.programme.store.questions.waiting(10)) == 1


async def test_each_act_is_kept_without_words_and_names(office: Office) -> None:
    await office.house.programme.say("HUMAN")

    await office.manager(MONA, "/answer Q1 secret")

    async with office.house.programme.store.snapshot() as snapshot:
        acts = await snapshot.acts(0, 10)
    assert [(act.actor, act.act) for act in acts] == [("9001", "question answer")]
    assert "secret" not in acts[0].about
    assert ALICE.number not in acts[0].about


async def test_to_whom_nobody_listens_words_wait(office: Office) -> None:
    await office.house.programme.say("HUMAN")

    await QuestionShowing(office.house.broadcasts, {}).tick()
    await office.show()
    await office.show()

    assert len((await office.new())["telegram:9001"]) == 1


GROUP = Place(Address("telegram:-1005"), 9, is_forum=True)


async def here(office: Office, actor: Actor, text: str, place: Place = GROUP) -> None:
    """Let a manager write in the group."""
    office.said += 1
    chat = Address(f"telegram:{actor.id}")
    inbound = Inbound("telegram", f"g{office.said}", chat, text, NOON, place=place)
    await office.desk.heard(actor, structs.replace(inbound, sender=NAMES[actor.id]))


async def test_in_a_group_each_customer_has_a_topic(office: Office) -> None:
    opened: list[tuple[str, str]] = []

    async def open_topic(chat: str, name: str) -> int:
        opened.append((chat, name))
        return 70 + len(opened)

    showing = QuestionShowing(office.house.broadcasts, ROLES, open_topic)
    await here(office, MONA, "/here")
    await office.house.programme.say("HUMAN")
    await showing.tick()
    await office.house.programme.say("HUMAN please")
    await showing.tick()

    told = await office.messages()
    assert [(to, message.thread) for to, message in told] == [
        ("telegram:-1005", 9),
        ("telegram:-1005", 71),
        ("telegram:-1005", 71),
    ]
    assert opened == [("-1005", "Q1")]

    await here(office, OTTO, "/answer Q1 Here we are.", replace(GROUP, thread=71))

    assert (await messages(office))[-1].startswith("Here we are.\n- Otto")
    [(to, told_back)] = await office.messages()
    assert (to, told_back.thread) == ("telegram:-1005", 71)


async def test_a_group_without_topics_has_all_in_one(office: Office) -> None:
    await here(office, MONA, "/here", Place(Address("telegram:-1006")))
    await office.house.programme.say("HUMAN")
    await office.show()

    assert [(to, message.thread) for to, message in (await office.messages())[1:]] == [
        ("telegram:-1006", None)
    ]


async def test_questions_come_back_to_each_ones_own_chat(office: Office) -> None:
    await here(office, MONA, "/here")
    await here(office, MONA, "/private")
    await office.house.programme.say("HUMAN")
    await office.show()

    assert set(await office.new()) == {"telegram:-1005", "telegram:9001", "telegram:9002"}


async def test_what_was_missed_is_suggested_on_monday_once(office: Office) -> None:
    suggesting = Suggesting(office.house.broadcasts, ROLES)
    early = await suggesting.tick()
    for _ in range(3):
        await office.house.programme.say("gibt es glasfaser in buxtehude")

    office.house.programme.clock.at = NOON + 7 * DAY
    await suggesting.tick()
    await suggesting.tick()

    told = await office.new()
    assert early is not None
    [words] = told["telegram:9001"]
    assert "glasfaser – 3 times" in words
    assert ALICE.number not in words
