"""What Twilio posts: only what it signed for us is read, and it is read as it was meant."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from bot.channels.channel import Inbound
from bot.channels.sms_reading import (
    Call,
    Form,
    UnreadableMessageError,
    genuine,
    is_for_us,
    pairs_of,
    read_inbound,
    read_status,
    signature_of,
)
from flows.intent import Intent
from storage.outbox import Receipt
from tests.bot.relay_bench import ALICES
from tests.bot.sms_house import account_at
from tests.cast import NOON
from tests.fakes.twilio_payloads import NUMBER, SERVICE, SID, TOKEN, sign

PUBLIC = "https://bot.example"
ACCOUNT = account_at(PUBLIC, "https://api.twilio.com")
MESSAGE = "SM" + "0" * 31 + "1"
FORM = {
    "MessageSid": MESSAGE,
    "AccountSid": SID,
    "MessagingServiceSid": SERVICE,
    "From": "+491713920011",
    "To": NUMBER,
    "Body": "Ja gerne, 1+1 & mehr",
    "FromCity": "",
    "NumMedia": "0",
}


def call(form: Mapping[str, str] = FORM, *, token: str = TOKEN, query: bytes = b"") -> Call:
    url = f"{PUBLIC}/sms/inbound" + (f"?{query.decode()}" if query else "")
    return Call(b"/sms/inbound", query, urlencode(form).encode(), sign(url, form, token))


def test_a_signed_form_is_genuine_with_its_blank_fields() -> None:
    assert genuine(call(), ACCOUNT) == FORM


def test_the_query_is_signed_as_it_was_called() -> None:
    signed = call(query=b"t=a%2Bb&x=1")

    assert genuine(signed, ACCOUNT) == FORM
    assert genuine(replace(signed, query=b"t=a+b&x=1"), ACCOUNT) is None
    assert genuine(replace(signed, query=b"x=1&t=a%2Bb"), ACCOUNT) is None


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        (replace(call(), signature=None), "no signature"),
        (replace(call(), signature=""), "an empty one"),
        (replace(call(), signature="ä"), "no ASCII"),
        (call(token="another"), "another token"),  # noqa: S106
        (call(token=""), "an empty token signs nothing"),
        (replace(call(), body=call().body + b"&Extra=1"), "a field more"),
        (replace(call(), body=call().body.replace(b"FromCity=&", b"")), "a blank field less"),
        (replace(call(), body=call().body[:-5]), "cut off"),
        (replace(call(), body=b"\xff\xfe"), "no UTF-8"),
        (replace(call(), body=b"Body=%ff"), "no UTF-8 inside"),
        (replace(call(), raw_path=b"/sms/inbound/"), "another address"),
        (replace(call(), raw_path=b"/sms/\xff"), "no ASCII address"),
        (call(FORM | {"AccountSid": "AC" + "0" * 32}), "another account, well signed"),
    ],
)
def test_what_twilio_did_not_sign_for_us_is_nothing(forged: Call, why: str) -> None:
    assert genuine(forged, ACCOUNT) is None, why


@pytest.mark.parametrize("token", [TOKEN, "the-next"])
def test_while_tokens_rotate_both_sign(token: str) -> None:
    rotating = replace(ACCOUNT, secondary_token="the-next")  # noqa: S106

    assert genuine(call(token=token), rotating) == FORM


def test_without_a_token_nothing_is_genuine() -> None:
    bare = replace(ACCOUNT, token="", secondary_token="")

    assert genuine(call(token=""), bare) is None


def test_a_plus_that_became_a_blank_is_mended() -> None:
    lost = replace(call(), body=call().body.replace(b"From=%2B", b"From=+"))

    form = genuine(lost, ACCOUNT)

    assert form is not None
    assert form["From"] == "+491713920011"


def test_a_field_sent_twice_is_no_trouble() -> None:
    doubled = replace(call(), body=call().body + b"&NumMedia=0")

    assert genuine(doubled, ACCOUNT) == FORM


@pytest.mark.parametrize(
    ("form", "is_ours"),
    [
        (FORM, True),
        (FORM | {"MessagingServiceSid": ""}, True),
        (FORM | {"To": "+4915792300009"}, True),
        (FORM | {"To": "+4915792300009", "MessagingServiceSid": "MG" + "0" * 32}, False),
        ({}, False),
    ],
)
def test_a_message_is_for_us_by_number_or_service(form: Form, *, is_ours: bool) -> None:
    assert is_for_us(form, ACCOUNT) is is_ours


def test_a_message_is_read() -> None:
    assert read_inbound(FORM, NOON) == Inbound(
        source="sms",
        provider_id=MESSAGE,
        address=ALICES,
        text="Ja gerne, 1+1 & mehr",
        at=NOON,
    )


@pytest.mark.parametrize(
    ("opt_out_type", "intent"),
    [("STOP", Intent.OPT_OUT), ("START", Intent.OPT_IN), ("HELP", Intent.HELP), ("NEW", None)],
)
def test_where_twilio_answered_we_know_it(opt_out_type: str, intent: Intent | None) -> None:
    inbound = read_inbound(FORM | {"OptOutType": opt_out_type}, NOON)

    assert (inbound.was_answered, inbound.intent) == (True, intent)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"Body": ""}, ""),
        ({"Body": "", "NumMedia": "2", "MediaUrl0": "https://example.org/1"}, ""),
        ({"Body": "a" * 1600, "NumSegments": "11"}, "a" * 1600),
        ({"Body": "👩‍👩‍👧 שלום"}, "👩‍👩‍👧 שלום"),
        ({"Body": "J\x00A"}, "JA"),
        ({"From": " 491713920011"}, FORM["Body"]),
        ({"MessageSid": "MM" + "a" * 32}, FORM["Body"]),
    ],
)
def test_odd_messages_are_read_too(fields: dict[str, str], text: str) -> None:
    inbound = read_inbound(FORM | fields, NOON)

    assert (inbound.text, inbound.address) == (text, ALICES)


@pytest.mark.parametrize(
    "fields",
    [
        {"From": "12345"},
        {"From": ""},
        {"From": "NordlichtMobil"},
        {"From": "whatsapp:+491713920011"},
        {"From": "+49171392001\u0661"},
        {"MessageSid": ""},
        {"MessageSid": "SM123"},
        {"MessageSid": "SM" + "0" * 33},
    ],
)
def test_a_message_without_a_sane_sender_or_sid_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(UnreadableMessageError):
        read_inbound(FORM | fields, NOON)


STATUS = {"MessageSid": MESSAGE, "MessageStatus": "undelivered", "ErrorCode": "30003"}


def test_a_status_is_read() -> None:
    assert read_status(STATUS | {"NumSegments": "2"}, "tag-1", NOON) == Receipt(
        status="undelivered",
        rank=5,
        at=NOON,
        tag="tag-1",
        ref=MESSAGE,
        code="30003",
        segments=2,
    )


@pytest.mark.parametrize("segments", ["0", "", "x", "-1", "1e3", "²", "100"])
def test_a_count_of_segments_that_cannot_be_is_left_out(segments: str) -> None:
    assert read_status(STATUS | {"NumSegments": segments}, None, NOON).segments is None


def test_a_status_nobody_knows_is_kept() -> None:
    receipt = read_status(STATUS | {"MessageStatus": "teleported"}, "", NOON)

    assert (receipt.status, receipt.rank, receipt.tag) == ("teleported", -1, None)


@pytest.mark.parametrize("status", ["", "x" * 41, "zugestellt✓"])
def test_a_status_that_is_none_is_refused(status: str) -> None:
    with pytest.raises(UnreadableMessageError):
        read_status(STATUS | {"MessageStatus": status}, None, NOON)


@given(body=st.binary(max_size=200), signature=st.text(max_size=40))
def test_no_request_whatever_raises(body: bytes, signature: str) -> None:
    assert genuine(Call(b"/sms/inbound", b"", body, signature), ACCOUNT) is None


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_every_text_comes_through_as_it_was_written(text: str) -> None:
    form = genuine(call(FORM | {"Body": text}), ACCOUNT)

    assert form is not None
    assert read_inbound(form, NOON).text == text.replace("\x00", "")


PAIRS = st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=30)), max_size=12)


@given(PAIRS)
def test_forms_are_read_as_the_standard_library_reads_them(pairs: list[tuple[str, str]]) -> None:
    body = urlencode(pairs)

    assert pairs_of(body) == parse_qsl(body, keep_blank_values=True) == pairs


@pytest.mark.parametrize("body", ["", "&&a=1&&", "a", "a=b=c", "a=%zz", "a=%", "=b", "a+b=c%20d"])
def test_odd_forms_are_read_alike_too(body: str) -> None:
    assert pairs_of(body) == parse_qsl(body, keep_blank_values=True, errors="strict")


@given(PAIRS, st.text(max_size=10))
def test_we_sign_as_the_sdk_does(pairs: list[tuple[str, str]], query: str) -> None:
    url = f"{PUBLIC}/sms/status?t={quote_plus(query)}"
    every = {name: [value for other, value in pairs if other == name] for name, _ in pairs}

    assert signature_of(url, pairs, TOKEN).decode() == _sdks(url, every)


def _sdks(url: str, form: Mapping[str, list[str]]) -> str:
    """Let Twilio's own validator sign; it asks for all values of a name in this way."""

    class Fields(dict[str, list[str]]):
        def getall(self, name: str) -> list[str]:
            return self[name]

    return str(RequestValidator(TOKEN).compute_signature(url, Fields(form)))
