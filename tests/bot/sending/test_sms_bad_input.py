"""Whatever arrives at the SMS door: a clear answer, nothing lost, nothing said twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.web.sms import LARGEST_BODY, NOTHING
from tests.bot.sms_premises import SmsPremises, sms_premises
from tests.cast import ALICE
from tests.fakes.twilio_payloads import Sms, sign

pytestmark = pytest.mark.anyio

PHONE = ALICE.contacts[0].address.value
EMOJI = "👩‍👩‍👧‍👦" * 40
RIGHT_TO_LEFT = "أريد معرفة الرصيد \u202e\u200f שלום"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[SmsPremises]:
    async with sms_premises(tmp_path) as opened:
        await opened.join()
        await opened.work()
        yield opened


async def call(
    house: SmsPremises, body: bytes, signature: str | None, url: str | None = None
) -> tuple[int, str]:
    """Call the door as anybody could."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if signature is not None:
        headers["X-Twilio-Signature"] = signature
    async with (
        aiohttp.ClientSession() as session,
        session.post(url or house.twilio.inbound_url, data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


def signed(house: SmsPremises, sms: Sms) -> tuple[bytes, str]:
    """Give a message as Twilio would post it."""
    return urlencode(sms.form).encode(), sign(house.twilio.inbound_url, sms.form)


async def test_what_is_forged_changes_nothing(house: SmsPremises) -> None:
    stop = house.twilio.write(PHONE, "STOP")
    body, signature = signed(house, stop)
    before = house.counts()
    elsewhere = house.twilio.inbound_url.replace("inbound", "status")
    forgeries = [
        (body, None, None),
        (body, "", None),
        (body, "bm90IHR3aWxpbyBhdCBhbGw=", None),
        (body.replace(b"STOP", b"START"), signature, None),
        (body + b"&Body=START", signature, None),
        (body[: len(body) // 2], signature, None),
        (body.replace(b"FromCity=&", b""), signature, None),
        (b"&".join(reversed(body.split(b"&"))).replace(b"STOP", b"POST"), signature, None),
        (b"\xff\xfe\xfd", signature, None),
        (b"", signature, None),
        (body, signature, elsewhere),
        (body, signature, house.twilio.inbound_url + "?t=1"),
    ]

    answers = [(await call(house, *forgery))[0] for forgery in forgeries]
    huge, _ = await call(house, body + b"&x=" + b"x" * LARGEST_BODY, signature)
    await house.work()

    assert answers == [403] * len(forgeries)
    assert huge == 413
    assert house.counts() == before


async def test_the_order_of_the_fields_is_not_signed_and_does_not_matter(
    house: SmsPremises,
) -> None:
    before = len(house.texts())
    body, signature = signed(house, house.twilio.write(PHONE, "STATUS"))

    answer = await call(house, b"&".join(reversed(body.split(b"&"))), signature)
    await house.work()

    assert answer == (200, NOTHING)
    assert len(house.texts()) == before + 1


async def test_a_message_that_comes_doubled_and_again_is_answered_once(house: SmsPremises) -> None:
    before = len(house.texts())
    said = house.twilio.write(PHONE, "STATUS")

    together = await asyncio.gather(*(house.twilio.deliver(said) for _ in range(5)))
    await house.work()
    replayed = await house.twilio.deliver(said)
    house.clock.at += timedelta(days=200)
    much_later = await house.twilio.deliver(said)
    await house.work()

    assert {*together, replayed, much_later} == {(200, NOTHING)}
    answers = [sms for sms in house.sent() if sms.created < house.now - timedelta(days=100)]
    assert len(answers) == before + 1
    assert len(house.rows(f"select 1 from inbox where id = '{said.sid}'")) == 1  # noqa: S608


async def test_messages_in_the_wrong_order_are_each_answered_once(house: SmsPremises) -> None:
    before = len(house.texts())
    first, second = (house.twilio.write(PHONE, text) for text in ("STATUS", "SUPPORT"))

    for sms in (second, first, second):
        assert (await house.twilio.deliver(sms))[0] == 200
        await house.work()

    assert len(house.texts()) == before + 2


@pytest.mark.parametrize(
    "text",
    ["a" * 1600, "ä€" * 800, EMOJI, RIGHT_TO_LEFT, "", " ", "\x00STATUS\x00", "<&>\"'\r\n\t", "💥"],
    ids=["long", "umlauts", "emoji", "right-to-left", "empty", "blank", "nul", "markup", "one"],
)
async def test_every_text_is_answered_once(house: SmsPremises, text: str) -> None:
    before = len(house.texts())

    assert await house.write(text) == 200
    await house.work()

    assert len(house.texts()) == before + 1


async def test_pictures_without_words_do_no_harm(house: SmsPremises) -> None:
    before = len(house.texts())
    media = {"NumMedia": "2", "MediaUrl0": "https://api.twilio.com/1", "NumSegments": "7"}

    answer = await house.twilio.text(PHONE, "", **media, SomethingNew="1")
    await house.work()

    assert answer == (200, NOTHING)
    assert len(house.texts()) == before + 1


async def test_a_plus_that_got_lost_on_the_way_is_put_back(house: SmsPremises) -> None:
    before = len(house.texts())
    body, signature = signed(house, house.twilio.write(PHONE, "STATUS"))

    answer = await call(house, body.replace(b"%2B", b"+"), signature)
    await house.work()

    assert answer == (200, NOTHING)
    assert len(house.texts()) == before + 1


@pytest.mark.parametrize(
    "fields",
    [{"From": "12345"}, {"From": ""}, {"From": "Nordlicht"}, {"MessageSid": "", "SmsSid": ""}],
    ids=["short", "none", "a name", "no sid"],
)
async def test_who_cannot_be_answered_gets_a_clear_no(
    house: SmsPremises, fields: dict[str, str]
) -> None:
    before = house.counts()

    status, sentence = await house.twilio.text(PHONE, "STATUS", **fields)

    assert (status, house.counts()) == (400, before)
    assert sentence.startswith("the ")
