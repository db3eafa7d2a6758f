"""The doors for Twilio: what is stored is acknowledged, and what is not genuine changes nothing."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from bot.deadlines import Deadline
from bot.web.sms import LARGEST_BODY, NOTHING, SmsDesk, routes
from storage.errors import StorageError
from storage.outbox import Receipt
from tests.bot.relay_bench import HandClock
from tests.bot.sms_house import HELP_COMES, Ear, account_at, emergency, sms_house
from tests.fakes.twilio_payloads import NUMBER, SERVICE, SID, sign

pytestmark = pytest.mark.anyio

PUBLIC = "https://bot.example"
ALICE = "+491713920011"
MESSAGE = "SM" + "0" * 31 + "1"
FORM = {
    "MessageSid": MESSAGE,
    "AccountSid": SID,
    "MessagingServiceSid": SERVICE,
    "From": ALICE,
    "To": NUMBER,
    "Body": "JOIN",
    "FromCity": "",
}
STATUS = {"MessageSid": MESSAGE, "MessageStatus": "sent", "AccountSid": SID, "To": ALICE}


class Door:
    """The two routes, called without a network between."""

    def __init__(self, *, longest_turn_s: float = 4.0) -> None:
        self.ear = Ear()
        self.receipts: list[tuple[Receipt, str]] = []
        self.is_broken = False
        desk = SmsDesk(
            account_at(PUBLIC, "https://api.twilio.com"),
            self.ear,
            self._noted,
            emergency,
            HandClock(),
            Deadline(longest_turn_s),
        )
        transport = httpx.ASGITransport(Starlette(routes=routes(desk)))
        self.client = httpx.AsyncClient(transport=transport, base_url=PUBLIC)

    async def _noted(self, receipt: Receipt, number: str) -> None:
        if self.is_broken:
            raise StorageError
        self.receipts.append((receipt, number))

    async def call(
        self, path: str, form: Mapping[str, str], *, signature: str | None = None
    ) -> httpx.Response:
        """Post a form with a proper signature, or with another one."""
        proper = sign(f"{PUBLIC}{path}", form)
        return await self.raw(
            path, urlencode(form).encode(), proper if signature is None else signature
        )

    async def raw(self, path: str, body: bytes, signature: str | None) -> httpx.Response:
        """Post whatever bytes."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if signature is not None:
            headers["X-Twilio-Signature"] = signature
        return await self.client.post(path, content=body, headers=headers)


async def test_a_message_is_answered_with_nothing_once_it_is_heard() -> None:
    door = Door()

    answer = await door.call("/sms/inbound", FORM)

    assert (answer.status_code, answer.text) == (200, NOTHING)
    assert answer.headers["content-type"].startswith("text/xml")
    assert [inbound.text for inbound in door.ear.heard_texts.values()] == ["JOIN"]


async def test_a_repeat_is_answered_like_the_first() -> None:
    door = Door()

    answers = [await door.call("/sms/inbound", FORM) for _ in range(3)]
    together = await asyncio.gather(*(door.call("/sms/inbound", FORM) for _ in range(3)))

    assert {(a.status_code, a.text) for a in (*answers, *together)} == {(200, NOTHING)}
    assert len(door.ear.heard_texts) == 1


@pytest.mark.parametrize("path", ["/sms/inbound", "/sms/status?t=tag-1"])
async def test_what_is_not_signed_is_forbidden_and_leaves_nothing(path: str) -> None:
    door = Door()

    without = await door.raw(path, urlencode(FORM | STATUS).encode(), None)
    forged = await door.call(path, FORM | STATUS, signature="bm90IHR3aWxpbw==")
    garbled = await door.raw(path, b"\xff\xfe\xfd", "bm90IHR3aWxpbw==")

    assert [answer.status_code for answer in (without, forged, garbled)] == [403] * 3
    assert door.ear.times == 0
    assert door.receipts == []


async def test_a_message_for_somebody_else_is_forbidden() -> None:
    door = Door()
    other = FORM | {"To": "+4915792300009", "MessagingServiceSid": "MG" + "0" * 32}

    answer = await door.call("/sms/inbound", other)

    assert (answer.status_code, door.ear.times) == (403, 0)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"From": "12345"}, "the sender is not a phone number"),
        ({"MessageSid": "SM1"}, "the message has no SID"),
    ],
)
async def test_an_unreadable_message_gets_a_clear_answer(
    fields: dict[str, str], sentence: str
) -> None:
    door = Door()

    with capture_logs() as logged:
        answer = await door.call("/sms/inbound", FORM | fields)

    assert (answer.status_code, answer.text, door.ear.times) == (400, sentence, 0)
    assert [(line["event"], line["reason"]) for line in logged] == [("sms_unreadable", sentence)]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_nothing_but_a_post_is_heard(method: str) -> None:
    door = Door()

    answer = await door.client.request(method, "/sms/inbound")

    assert answer.status_code == 405


async def test_a_body_beyond_the_limit_is_not_read() -> None:
    door = Door()

    answer = await door.call("/sms/inbound", FORM | {"Body": "a" * LARGEST_BODY})

    assert (answer.status_code, door.ear.times) == (413, 0)


@pytest.mark.parametrize("body", ["a" * 1600, "👩‍👩‍👧 " * 50, "مرحبا שלום", "", "<&>\"'"])
async def test_long_and_strange_texts_are_heard_as_they_are(body: str) -> None:
    door = Door()

    answer = await door.call("/sms/inbound", FORM | {"Body": body})

    assert answer.status_code == 200
    assert [inbound.text for inbound in door.ear.heard_texts.values()] == [body]


async def test_without_a_database_twilio_is_asked_to_come_again() -> None:
    door = Door()
    door.ear.is_broken = True

    answer = await door.call("/sms/inbound", FORM)

    assert answer.status_code == 503


async def test_without_a_database_an_emergency_is_answered_at_once() -> None:
    door = Door()
    door.ear.is_broken = True

    answer = await door.call("/sms/inbound", FORM | {"Body": "FIRE!"})

    assert answer.status_code == 200
    assert f"<Response><Message>{HELP_COMES}</Message></Response>" in answer.text


async def test_a_database_that_hangs_is_as_good_as_none() -> None:
    door = Door(longest_turn_s=0.01)
    door.ear.is_hanging = True

    assert (await door.call("/sms/inbound", FORM | {"Body": "fire"})).status_code == 200
    assert (await door.call("/sms/inbound", FORM)).status_code == 503


async def test_a_status_is_noted_with_its_tag_and_number() -> None:
    door = Door()

    answer = await door.call("/sms/status?t=tag-1", STATUS)

    [(receipt, number)] = door.receipts
    assert (answer.status_code, answer.text) == (200, NOTHING)
    assert (receipt.tag, receipt.ref, receipt.status, number) == ("tag-1", MESSAGE, "sent", ALICE)


async def test_a_status_that_cannot_be_stored_is_asked_for_again() -> None:
    door = Door()
    door.is_broken = True

    assert (await door.call("/sms/status?t=tag-1", STATUS)).status_code == 503


async def test_the_fake_and_our_doors_agree_over_a_real_network(tmp_path: Path) -> None:
    async with sms_house(tmp_path) as house:
        written = house.twilio.write(ALICE, "STATUS bitte, 1 + 1 = 2 €")

        first = await house.twilio.deliver(written)
        again = await house.twilio.deliver(written)
        stopped = await house.twilio.text(ALICE, "STOP", OptOutType="STOP")

        assert [first, again, stopped] == [(200, NOTHING)] * 3
        texts = [(i.text, i.was_answered) for i in house.ear.heard_texts.values()]
        assert texts == [("STATUS bitte, 1 + 1 = 2 €", False), ("STOP", True)]
