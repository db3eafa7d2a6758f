"""The outgoing half of SMS: what is sent, what an answer means, and finding what was lost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bot.channels.channel import (
    Accepted,
    Fault,
    Message,
    NotSent,
    Outcome,
    Parcel,
    Refused,
    Unknown,
)
from bot.channels.sms import ListingFailedError, SmsSender
from bot.channels.sms_form import MessageForm, callback_url, validity
from flows.customer import Address
from storage.outbox import fresh_tag
from tests.bot.relay_bench import ALICES, HandClock
from tests.bot.sms_house import account_at
from tests.cast import NOON
from tests.fakes.twilio import FakeTwilio, Mode
from tests.fakes.twilio_payloads import NUMBER, SERVICE

pytestmark = pytest.mark.anyio

PUBLIC = "https://bot.example"
PARCEL = Parcel(ALICES, Message("600 MB credited."), "tag-1", timedelta(hours=2))
NOWHERE = "http://127.0.0.1:9"  # the port of "discard", where nobody listens


async def nothing_taken(refs: Sequence[str]) -> frozenset[str]:
    return frozenset()


async def send(parcel: Parcel, *plan: Mode | int) -> Outcome:
    async with FakeTwilio(HandClock(), calls_back=False) as twilio:
        twilio.plan.extend(plan)
        sender = SmsSender(account_at(PUBLIC, twilio.origin), nothing_taken, timeout_s=0.2)
        try:
            return await sender.send(parcel)
        finally:
            await sender.close()


async def test_a_message_goes_out_by_the_service_with_its_tag_and_how_long_it_is_worth() -> None:
    async with FakeTwilio(HandClock(), calls_back=False) as twilio:
        sender = SmsSender(account_at(PUBLIC, twilio.origin), nothing_taken)

        outcome = await sender.send(PARCEL)
        await sender.close()

        [sms] = twilio.sent
        assert outcome == Accepted(sms.sid)
        assert dict(sms.form) == {
            "To": "+491713920011",
            "Body": "600 MB credited.",
            "MessagingServiceSid": SERVICE,
            "StatusCallback": "https://bot.example/sms/status?t=tag-1#rc=3&rp=all",
            "ValidityPeriod": "7200",
        }


async def test_without_a_service_a_message_goes_out_from_our_number() -> None:
    async with FakeTwilio(HandClock(), calls_back=False) as twilio:
        sender = SmsSender(account_at(PUBLIC, twilio.origin, service=None), nothing_taken)

        await sender.send(structs.replace(PARCEL, valid_for=None))
        await sender.close()

        form = twilio.sent[0].form
        assert form["From"] == NUMBER
        assert "MessagingServiceSid" not in form
        assert "ValidityPeriod" not in form


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [
        (Mode.TOO_MANY, NotSent("too many requests", timedelta(seconds=1), "lane")),
        (Mode.LOST, Unknown("500/20500")),
        (Mode.ERROR, Unknown("500/20500")),
        (Mode.DROP, Unknown("ServerDisconnectedError")),
        (Mode.STALL, Unknown("TimeoutError")),
        (Mode.UNPARSABLE, Unknown("an answer without a SID")),
        (21211, Refused(Fault.ADDRESS, "21211")),
        (21610, Refused(Fault.OPTED_OUT, "21610")),
        (20003, Refused(Fault.ACCOUNT, "20003")),
        (21408, Refused(Fault.SENDER, "21408")),
    ],
)
async def test_every_trouble_has_its_outcome(trouble: Mode | int, outcome: Outcome) -> None:
    assert await send(PARCEL, trouble) == outcome


async def test_a_refused_connection_sent_nothing() -> None:
    sender = SmsSender(account_at(PUBLIC, NOWHERE), nothing_taken)

    outcome = await sender.send(PARCEL)
    await sender.close()

    assert outcome == NotSent("ClientConnectorError")


async def test_wrong_credentials_stop_the_account() -> None:
    async with FakeTwilio(HandClock(), calls_back=False) as twilio:
        account = replace(account_at(PUBLIC, twilio.origin), token="an-old-one")  # noqa: S106
        sender = SmsSender(account, nothing_taken)

        outcome = await sender.send(PARCEL)
        await sender.close()

        assert outcome == Refused(Fault.ACCOUNT, "20003")
        assert twilio.sent == []


@pytest.mark.parametrize(
    ("to", "text", "refusal"),
    [
        ("tel:0171123456", "Hello", Refused(Fault.ADDRESS, "number")),
        ("tel:+49 171 1234567", "Hello", Refused(Fault.ADDRESS, "number")),
        ("tel:+491713920011", " \n", Refused(Fault.OURS, "empty")),
        ("tel:+491713920011", "a" * 1601, Refused(Fault.OURS, "long")),
    ],
)
async def test_what_cannot_be_sent_never_reaches_twilio(
    to: str, text: str, refusal: Refused
) -> None:
    sender = SmsSender(account_at(PUBLIC, NOWHERE), nothing_taken)

    assert await sender.send(Parcel(Address(to), Message(text), "tag-1")) == refusal


async def test_the_longest_body_may_leave() -> None:
    longest = structs.replace(PARCEL, message=Message("a" * 1600))

    assert isinstance(await send(longest), Accepted)


def test_a_callback_names_the_attempt_and_nobody() -> None:
    expected = "https://bot.example/sms/status?t=T#rc=3&rp=all"

    assert callback_url("https://bot.example/", "T") == expected


@pytest.mark.parametrize(
    ("valid_for", "seconds"),
    [
        (timedelta(seconds=-5), 10),
        (timedelta(seconds=3), 10),
        (timedelta(hours=2, seconds=0.9), 7200),
        (timedelta(days=3), 36000),
    ],
)
def test_the_validity_stays_within_what_twilio_takes(valid_for: timedelta, seconds: int) -> None:
    assert validity(valid_for) == seconds


@given(
    st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True),
    st.text(min_size=1, max_size=60),
    st.sampled_from([None, timedelta(hours=2)]),
    st.sampled_from([{"MessagingServiceSid": SERVICE}, {"From": NUMBER}]),
)
def test_a_form_is_read_as_it_was_meant(
    number: str, text: str, valid_for: timedelta | None, sender: dict[str, str]
) -> None:
    tag = fresh_tag()
    form = MessageForm("https://bot.example/a b/", sender).fill_in(number, text, tag, valid_for)

    assert form.isascii()
    assert ";" not in form  # which some take for the end of a field
    assert dict(parse_qsl(form, keep_blank_values=True)) == {
        "To": number,
        "Body": text,
        "StatusCallback": callback_url("https://bot.example/a b", tag),
        **({"ValidityPeriod": "7200"} if valid_for else {}),
        **sender,
    }


async def looked_up(twilio: FakeTwilio, taken: frozenset[str], posted_at: datetime) -> str | None:
    async def owned(refs: Sequence[str]) -> frozenset[str]:
        return taken & set(refs)

    sender = SmsSender(account_at(PUBLIC, twilio.origin), owned)
    found = await sender.look_up(PARCEL, posted_at)
    await sender.close()
    return found.ref if found else None


async def sent_twice(twilio: FakeTwilio, clock: HandClock) -> None:
    """Send the same words at noon and a minute later."""
    sender = SmsSender(account_at(PUBLIC, twilio.origin), nothing_taken)
    for at in (NOON, NOON + timedelta(minutes=1)):
        clock.at = at
        await sender.send(PARCEL)
    await sender.close()


async def test_a_lost_message_is_found_by_number_words_and_moment() -> None:
    clock = HandClock()
    async with FakeTwilio(clock, calls_back=False) as twilio:
        await sent_twice(twilio, clock)
        first, second = (sms.sid for sms in twilio.sent)

        assert await looked_up(twilio, frozenset(), NOON) == first
        assert await looked_up(twilio, frozenset({first}), NOON) == second
        assert await looked_up(twilio, frozenset(), NOON + timedelta(seconds=30)) == second
        assert await looked_up(twilio, frozenset({first, second}), NOON) is None
        assert await looked_up(twilio, frozenset(), NOON + timedelta(minutes=5)) is None


async def test_a_message_of_other_words_or_from_the_customer_is_not_ours() -> None:
    async with FakeTwilio(HandClock(), calls_back=False) as twilio:
        sender = SmsSender(account_at(PUBLIC, twilio.origin), nothing_taken)
        await sender.send(structs.replace(PARCEL, message=Message("Something else.")))
        await sender.close()
        twilio.write("+491713920011", PARCEL.message.text)

        assert await looked_up(twilio, frozenset(), NOON) is None


async def test_a_list_that_cannot_be_had_says_nothing() -> None:
    sender = SmsSender(account_at(PUBLIC, NOWHERE), nothing_taken)

    with pytest.raises(ListingFailedError):
        await sender.look_up(PARCEL, NOON)
    await sender.close()


def test_an_account_never_shows_its_tokens() -> None:
    assert "the-token" not in repr(account_at(PUBLIC, NOWHERE))
