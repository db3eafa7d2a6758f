"""The poller: nothing lost, nothing twice, nobody delayed, and it never dies."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.channels.channel import Inbound
from tests.bot.channels.telegram_polling import polling, until
from tests.cast import NOON
from tests.fakes.notebook import Notebook
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_troubles import Misbehaviour, Trouble

BABAK, ALICE = 700002, 700001
POISON = b'{"update_id":%d,"callback_query":{"id":"1"}}'
BATCH_POISON = b'{"update_id":%d,"message":{"text":"\\ud800"}}'  # half a character: no valid JSON


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    server = FakeTelegram(lambda: NOON)
    await server.start()
    yield server
    await server.stop()


# --- The common way -----------------------------------------------------------------------------


async def test_what_was_said_is_heard_in_order_and_then_confirmed(fake: FakeTelegram) -> None:
    for n in range(5):
        fake.say(BABAK, str(n))

    async with polling(fake) as play:
        await until(lambda: fake.queue.pending == 0)

    assert play.notebook.texts == list("01234")
    assert play.pauses == []


async def test_a_long_poll_hears_at_once(fake: FakeTelegram) -> None:
    async with polling(fake) as play:
        await until(lambda: len(fake.calls) == 1)

        fake.say(BABAK, "now")

        async with asyncio.timeout(1):
            await until(lambda: play.notebook.texts == ["now"])


async def test_every_call_names_the_updates_it_wants(fake: FakeTelegram) -> None:
    async with polling(fake):
        fake.say(BABAK, "hi")
        await until(lambda: fake.queue.pending == 0)

    wanted = ["message", "callback_query", "my_chat_member"]
    assert [asked["allowed_updates"] for _, asked in fake.calls] == [wanted] * len(fake.calls)


async def test_taps_contacts_and_blocking_are_told_apart(fake: FakeTelegram) -> None:
    fake.forge_tap(BABAK, "v1:status")
    fake.share_contact(BABAK, "491713920012")
    fake.share_contact(BABAK, "491713920011", owner=ALICE)
    fake.show(BABAK, "sticker")
    fake.block(BABAK)
    fake.unblock(BABAK)

    async with polling(fake) as play:
        await until(lambda: fake.queue.pending == 0)

    proven = [str(i.proven_phone) if i.proven_phone else None for i in play.notebook.heard_ones]
    assert proven == [None, "tel:+491713920012", None, None]
    assert [change.is_blocked for change in play.notebook.changes] == [True, False]


async def test_what_comes_twice_is_heard_once(fake: FakeTelegram) -> None:
    async with polling(fake) as play:
        fake.say(BABAK, "hi")
        await until(lambda: fake.queue.pending == 0)
        body = b'{"update_id":1001,"message":{"message_id":1,"date":1,"text":"hi",'
        fake.queue.repeat(body + b'"chat":{"id":700002,"type":"private"},"from":{"id":700002}}}')
        await until(lambda: play.notebook.repeats == 1)

    assert play.notebook.texts == ["hi"]


async def test_a_message_and_a_tap_that_changed_places_are_both_heard(fake: FakeTelegram) -> None:
    fake.say(BABAK, "typed")
    fake.forge_tap(BABAK, "v1:status")
    fake.queue.swap_last_two()

    async with polling(fake) as play:
        await until(lambda: fake.queue.pending == 0)

    assert play.notebook.texts == ["", "typed"]


async def test_ids_that_start_anew_after_a_silent_week_are_heard(fake: FakeTelegram) -> None:
    async with polling(fake, long_poll_s=0) as play:
        fake.say(BABAK, "before")
        await until(lambda: play.notebook.texts == ["before"])
        play.is_leader = False
        await until(lambda: len(play.pauses) > 1)

        fake.queue.next_id = 5
        fake.say(BABAK, "after")
        play.is_leader = True

        await until(lambda: play.notebook.texts == ["before", "after"])


async def test_without_the_lease_nothing_is_fetched(fake: FakeTelegram) -> None:
    fake.say(BABAK, "hi")

    async with polling(fake) as play:
        play.is_leader = False
        await until(lambda: len(play.pauses) > 3)
        fetched = len(fake.calls)
        await until(lambda: len(play.pauses) > 6)

    assert len(fake.calls) == fetched


# --- Chats side by side -------------------------------------------------------------------------


@dataclass(slots=True)
class SlowListener(Notebook):
    """Answers Babak only when he is let go."""

    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def heard(self, inbound: Inbound) -> None:
        if inbound.address.value == str(BABAK):
            await self.let_go.wait()
        await Notebook.heard(self, inbound)


async def test_a_slow_chat_delays_no_other_and_confirms_nothing_early(fake: FakeTelegram) -> None:
    listener = SlowListener()
    fake.say(BABAK, "slow 1")
    fake.say(BABAK, "slow 2")
    fake.say(ALICE, "fast")

    async with polling(fake, listener):
        await until(lambda: listener.texts == ["fast"])
        assert fake.queue.pending == 3
        listener.let_go.set()
        await until(lambda: fake.queue.pending == 0)

    assert listener.texts == ["fast", "slow 1", "slow 2"]


async def test_poison_is_kept_aside_and_delays_nobody(fake: FakeTelegram) -> None:
    fake.say(BABAK, "before")
    poison = fake.push_raw(POISON)
    fake.say(BABAK, "after")

    async with polling(fake) as play:
        await until(lambda: fake.queue.pending == 0)

    assert play.notebook.texts == ["before", "after"]
    assert play.notebook.unreadable == [(str(poison), "ValidationError")]
    assert play.pauses == []


async def test_poison_that_breaks_its_whole_batch_is_isolated(fake: FakeTelegram) -> None:
    for n in range(3):
        fake.say(BABAK, f"before {n}")
    poison = fake.push_raw(BATCH_POISON)
    for n in range(150):
        fake.say(BABAK, f"after {n}")

    async with polling(fake) as play:
        await until(lambda: fake.queue.pending == 0)

    assert len(play.notebook.texts) == 153
    assert play.notebook.unreadable == [(str(poison), "breaks its batch")]
    assert (play.pauses, len(fake.calls) < 15) == ([], True)


async def test_a_turn_that_breaks_is_kept_aside_and_delays_nobody(fake: FakeTelegram) -> None:
    notebook = Notebook(broken_by="boom")
    broken = fake.say(BABAK, "boom")
    fake.say(BABAK, "fine")

    async with polling(fake, notebook):
        await until(lambda: fake.queue.pending == 0)

    assert notebook.texts == ["fine"]
    assert notebook.unreadable == [(str(broken), "turn failed: ValueError")]


# --- When something is down ---------------------------------------------------------------------


async def test_what_could_not_be_stored_comes_again_in_its_order(fake: FakeTelegram) -> None:
    notebook = Notebook(cannot_store=3)
    for n in range(4):
        fake.say(BABAK, str(n))

    async with polling(fake, notebook) as play:
        await until(lambda: fake.queue.pending == 0)

    assert notebook.texts == list("0123")
    assert len(play.pauses) == 3


async def test_what_was_stored_beside_it_is_not_handled_twice(fake: FakeTelegram) -> None:
    notebook = Notebook(cannot_store=1)
    fake.say(BABAK, "fails first")
    fake.say(ALICE, "stored")

    async with polling(fake, notebook):
        await until(lambda: fake.queue.pending == 0)

    assert sorted(notebook.texts) == ["fails first", "stored"]


NETWORK = (
    Misbehaviour(Trouble.HANG_UP, method="getupdates"),
    Misbehaviour(Trouble.DROP, method="getupdates"),
    Misbehaviour(Trouble.GARBLE, method="getupdates"),
    Misbehaviour(Trouble.DENY, method="getupdates"),
    Misbehaviour(Trouble.REFUSE, method="getupdates", status=502),
    Misbehaviour(Trouble.REFUSE, method="getupdates", status=401),
    Misbehaviour(Trouble.REFUSE, method="getupdates", status=409),
)


@pytest.mark.parametrize("trouble", NETWORK, ids=lambda m: f"{m.trouble}-{m.status}")
async def test_no_trouble_of_the_network_loses_or_doubles_anything(
    fake: FakeTelegram, trouble: Misbehaviour
) -> None:
    fake.misbehave(trouble, trouble)
    for n in range(5):
        fake.say(BABAK, str(n))

    async with polling(fake) as play:
        await until(lambda: fake.queue.pending == 0)

    assert play.notebook.texts == list("01234")
    assert play.notebook.repeats == 0


async def test_pauses_grow_and_shrink_again(fake: FakeTelegram) -> None:
    down = Misbehaviour(Trouble.REFUSE, method="getupdates", status=502)
    fake.misbehave(*[down] * 8)
    fake.say(BABAK, "hi")

    async with polling(fake) as play:
        await until(lambda: fake.queue.pending == 0)
        fake.misbehave(down)
        fake.say(BABAK, "again")
        await until(lambda: len(play.pauses) == 9)

    assert play.pauses == [0.75, 1.5, 3.0, 6.0, 12.0, 22.5, 22.5, 22.5, 0.75]


async def test_a_flood_wait_is_obeyed_to_the_second(fake: FakeTelegram) -> None:
    fake.misbehave(
        Misbehaviour(Trouble.REFUSE, method="getupdates", status=429, parameters={"retry_after": 7})
    )

    async with polling(fake) as play:
        await until(lambda: len(play.pauses) == 1)

    assert play.pauses == [7.0]


async def test_a_second_poller_and_a_webhook_are_backed_off_from(fake: FakeTelegram) -> None:
    fake.queue.webhook["url"] = "http://127.0.0.1:9/"

    async with polling(fake) as play:
        await until(lambda: len(play.pauses) >= 3)
        fake.queue.webhook.clear()
        fake.say(BABAK, "hi")
        await until(lambda: play.notebook.texts == ["hi"])

    assert play.pauses[0] == 22.5


async def test_a_server_that_is_gone_is_waited_for(fake: FakeTelegram) -> None:
    port = int(fake.url.rpartition(":")[2])

    async with polling(fake) as play:
        await until(lambda: len(fake.calls) == 1)
        await fake.stop()
        await until(lambda: len(play.pauses) > 2)
        fake.say(BABAK, "back")
        await fake.start(port)
        await until(lambda: play.notebook.texts == ["back"])
