"""What Twilio posts: only what it signed for us is read, and it is read as it was meant."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from twilio.request_validator import RequestValidator

from bot.channels.channel import Inbound
from bot.channels.sms_reading import (
    Call,
    Form,
    UnreadableMessageError,
    genuine,
    is_for_us,
    read_inbound,
    read_status,
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
    assert genuine(structs.replace(signed, query=b"t=a+b&x=1"), ACCOUNT) is None
    assert genuine(structs.replace(signed, query=b"x=1&t=a%2Bb"), ACCOUNT) is None


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        (structs.replace(call(), signature=""), "no signature"),
        (structs.replace(call(), signature="ä"), "no ASCII"),
        (call(token="another"), "another token"),  # noqa: S106
        (call(token=""), "an empty token signs nothing"),
        (structs.replace(call(), body=call().body + b"&Extra=1"), "a field more"),
        (
            structs.replace(call(), body=call().body.replace(b"FromCity=&", b"")),
            "a blank field less",
        ),
        (structs.replace(call(), body=call().body[:-5]), "cut off"),
        (structs.replace(call(), body=b"\xff\xfe"), "no UTF-8"),
        (structs.replace(call(), body=b"Body=%ff"), "no UTF-8 inside"),
        (structs.replace(call(), raw_path=b"/sms/inbound/"), "another address"),
        (structs.replace(call(), raw_path=b"/sms/\xff"), "no ASCII address"),
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
    lost = structs.replace(call(), body=call().body.replace(b"From=%2B", b"From=+"))

    form = genuine(lost, ACCOUNT)

    assert form is not None
    assert form["From"] == "+491713920011"


def test_a_field_sent_twice_is_no_trouble() -> None:
    doubled = structs.replace(call(), body=call().body + b"&NumMedia=0")

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


# --- Twilio's own judgement ----------------------------------------------------------------------

PAIRS = st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=30)), max_size=12)
BYTES = "%&=+ aä\x00\x01~C30"  # what stands between fields, and what stands for something else


@given(PAIRS, st.text(max_size=10))
def test_what_the_sdk_signs_is_read_as_the_standard_library_reads_it(
    pairs: list[tuple[str, str]], query: str
) -> None:
    body = urlencode([*pairs, ("AccountSid", SID)]).encode()

    assert _heard(body, quote_plus(query).encode()) == _read(body)


@given(st.text(BYTES, max_size=40))
def test_odd_forms_are_read_alike_too(odd: str) -> None:
    body = f"{odd}&AccountSid={SID}".encode("latin-1")

    assert _heard(body) == _read(body)


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "&&a=1&&",
        "a",
        "a=b=c",
        "a&b=1=2",
        "a=%zz",
        "a=%",
        "a+b=c%20d",
        "a=1&a=2&a=1",
        "a10=1&a1=2",
        "ä=ö",
        "a=Ã%A4",
        "a=%00",
        "a=x%01y%00z",
        "a\x00b",
        "a\x01b\x00c&d=e=f",
    ],
)
def test_these_odd_forms_are_read_alike(odd: str) -> None:
    body = f"{odd}&AccountSid={SID}".encode("latin-1")

    assert _heard(body) == _read(body)


@given(PAIRS, st.integers(0, 400), st.sampled_from("%&=+a0"))
def test_a_changed_character_is_no_longer_what_was_signed(
    pairs: list[tuple[str, str]], at: int, other: str
) -> None:
    body = urlencode([*pairs, ("AccountSid", SID)]).encode()
    changed = body[: at % len(body)] + other.encode() + body[at % len(body) + 1 :]

    heard = genuine(Call(b"/sms/inbound", b"", changed, _signature(body)), ACCOUNT)

    # Only the border between a name and its value, and the order of fields, are not signed.
    assert heard is None or _signature(changed) == _signature(body)


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        (b"a=xyz", b"a=x%01y%00z"),
        (b"a=xyz", b"a=x\x01y\x00z"),
        (b"a=b&c=d", b"a=b%01c%00d"),
        (b"a=%C3%A4", b"a=\xc3%A4"),
    ],
)
def test_no_other_form_passes_for_what_was_signed(signed: bytes, sent: bytes) -> None:
    account = f"&AccountSid={SID}".encode()

    call = Call(b"/sms/inbound", b"", sent + account, _signature(signed + account))

    assert genuine(call, ACCOUNT) is None


def _heard(body: bytes, query: bytes = b"") -> Form | None:
    """Let the SDK sign a request, and hear it."""
    return genuine(Call(b"/sms/inbound", query, body, _signature(body, query)), ACCOUNT)


def _read(body: bytes) -> Form | None:
    """Read a form by the standard library alone; None where it is no UTF-8."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except ValueError:
        return None


def _signature(body: bytes, query: bytes = b"") -> str:
    """Let Twilio's own validator sign; it asks for all values of a name in this way."""

    class Fields(dict[str, list[str]]):
        def getall(self, name: str) -> list[str]:
            return self[name]

    every = Fields()
    for name, value in parse_qsl(body.decode(errors="replace"), keep_blank_values=True):
        every.setdefault(name, []).append(value)
    url = f"{PUBLIC}/sms/inbound" + (f"?{query.decode()}" if query else "")
    return str(RequestValidator(TOKEN).compute_signature(url, every))
