"""STOPP is for good: it survives erasure, imports and the provider's word; only START opens."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.channels.channel import Fault, Message
from bot.sending.relay import Relay
from bot.turns.saying import encode
from flows.customer import Address, Contact
from storage.changes import Enqueue
from tests.bot.sms_premises import SmsPremises, around, sms_premises
from tests.cast import ALICE, STRANGER

pytestmark = pytest.mark.anyio

PHONE, MAIL = ALICE.contacts[0].address, Address("mailto:alice@example.org")
BOTH = replace(ALICE, contacts=(Contact(MAIL), Contact(PHONE)))
HOUR = timedelta(hours=1)


async def broadcast(house: SmsPremises, text: str = "News.", to: Address = PHONE) -> None:
    """Queue something unasked."""
    row = Enqueue(
        "sms", 5, to.uri, "Broadcast", encode(Message(text)), house.now, house.now, ALICE.number
    )
    await house.change(row)
    await house.work()


async def test_after_erasure_and_import_somebody_is_still_out_until_they_say_start(
    tmp_path: Path,
) -> None:
    async with sms_premises(tmp_path) as house:
        await house.invite()
        await house.work()
        await house.write("STOP")
        await house.work()
        before = house.texts()

        assert await house.premises.rights.erase(ALICE.number, "manager")
        imported = await house.invite()
        await broadcast(house)
        said_hello = await house.write("hello")
        await house.work()

        assert (imported, said_hello) == ("not_invited", 200)
        assert house.texts() == before
        [row] = (await house.dossier()).messages
        assert (row.state.value, row.reason) == ("skipped", "opted_out")

        await house.write("START")
        await broadcast(house, "More news.")

        assert house.texts()[-1] == "More news."


@pytest.mark.parametrize("out", [PHONE, MAIL])
async def test_an_import_finds_a_stop_at_whichever_address_it_was_said(
    out: Address, tmp_path: Path
) -> None:
    async with sms_premises(tmp_path) as house:
        await house.premises.conversations.refused(out, Fault.OPTED_OUT)

        would = await house.premises.turns.would_invite(BOTH, is_held_out=False)
        answer = await house.invite(BOTH)

        assert (would, answer) == ("not_invited", "not_invited")
        customer = (await house.dossier()).memory.customer
        assert customer is not None
        assert [c.address for c in customer.contacts if c.opted_out_at] == [out]


async def test_the_providers_word_counts_even_for_nobody_we_know(tmp_path: Path) -> None:
    async with sms_premises(tmp_path) as house:
        await house.premises.conversations.refused(PHONE, Fault.OPTED_OUT)

        assert await house.invite() == "not_invited"


@pytest.mark.parametrize("is_late", [False, True])
async def test_21610_opts_out_whether_it_comes_at_once_or_by_callback(
    tmp_path: Path, *, is_late: bool
) -> None:
    async with sms_premises(tmp_path) as house:
        (house.twilio.late if is_late else house.twilio.plan).append(21610)
        await house.invite()
        await house.work()
        assert await house.premises.rights.erase(ALICE.number, "manager")

        assert await house.invite() == "not_invited"
        assert house.rows("select source from suppressions") == [("provider",)]


async def test_a_hash_stops_what_is_queued_though_the_contact_is_open(tmp_path: Path) -> None:
    async with sms_premises(tmp_path) as house:
        await house.invite(is_held_out=True)
        await house.write("STOP")  # to somebody held out we are strangers

        await broadcast(house)

        assert "News." not in house.texts()


async def test_a_stop_that_comes_while_a_message_waits_for_its_slot_takes_it_back(
    tmp_path: Path,
) -> None:
    async with sms_premises(tmp_path) as house:
        await house.invite()
        written: list[int] = []

        async def until(moment: datetime) -> None:
            if not written:
                written.append(await house.write("STOP"))
            await house.clock.until(moment)

        still = around(house.premises, house.clock, house.metrics, lambda: 0.5)
        ahead = replace(still, until=until, horizon_s=0.1)
        await Relay(house.store, house.lanes, ahead).tick()
        before = house.texts()
        await house.work()

        dossier = await house.store.dossier(ALICE.number)
        assert (written, before) == ([200], [])
        assert [sms.count("START") for sms in house.texts()] == [1]  # the confirmation alone
        assert dossier is not None
        assert dossier.messages[0].reason == "opted_out"


async def test_a_stranger_who_says_stop_and_start_may_be_invited(tmp_path: Path) -> None:
    async with sms_premises(tmp_path) as house:
        for word in ("STOP", "hello", "START"):
            await house.write(word, PHONE)
            await house.work()

        assert await house.invite() == "invited"
        assert len(house.texts()) == 2  # the confirmation, and the neutral answer to START


async def test_an_import_of_somebody_who_never_stopped_is_not_held_up(tmp_path: Path) -> None:
    async with sms_premises(tmp_path) as house:
        await house.premises.conversations.refused(STRANGER, Fault.OPTED_OUT)

        assert await house.invite(BOTH) == "invited"
