"""Reading Telegram's updates: every row is one update and what is made of it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Inbound, Place, Reachability
from bot.channels.telegram_updates import Ignored, Read, Unreadable, read_update
from flows.customer import Address
from flows.intent import Intent
from tests.cast import BABAKS_TELEGRAM, NOON
from tests.fakes import telegram_payloads as payloads
from tests.fakes.telegram_rules import Fields

BABAK = 700002
WRITTEN = NOON - timedelta(minutes=5)


def read(update: Fields) -> Read:
    return read_update(json.dumps({"update_id": 17, **update}).encode(), NOON)


def message(**fields: object) -> Fields:
    return {"message": payloads.message(BABAK, 3, WRITTEN, "de-AT") | fields}


def heard(update: Fields) -> Inbound:
    inbound = read(update)
    assert isinstance(inbound, Inbound), inbound
    return inbound


def tap(data: str) -> Fields:
    return payloads.tapped("T1", BABAK, data, payloads.shown(BABAK, 9, WRITTEN, "…"))


def test_a_text_carries_everything_a_turn_needs() -> None:
    assert heard(message(text="Hallo")) == Inbound(
        source="telegram",
        provider_id="17",
        address=BABAKS_TELEGRAM,
        text="Hallo",
        at=WRITTEN,
        language="de",
        sender="Somebody",
    )


def test_only_a_tap_names_a_message_that_an_answer_may_replace() -> None:
    assert heard(message(text="Hallo")).message_ref is None
    assert heard(tap("v1:status")).message_ref == "700002:9"


STARTS = (
    ("/start", None, True, "without a code"),
    ("/start ", None, True, "with a blank only"),
    ("/START", None, True, "in capitals"),
    ("/start@statt_hotline_bot", None, True, "with the bot's name"),
    ("/start abcDEF_-123", "abcDEF_-123", False, "with a code"),
    ("/start@statt_hotline_bot abc", "abc", False, "with the bot's name and a code"),
    (f"/start {'x' * 64}", "x" * 64, False, "with the longest code"),
    (f"/start {'x' * 65}", None, True, "with a code that no link can carry"),
    ("/start hallo du", None, True, "with words"),
    ("/start ../../etc", None, True, "with signs that no link can carry"),
    ("/started", None, False, "another command"),
    ("bitte /start abc", None, False, "inside a sentence"),
)


@pytest.mark.parametrize(("text", "code", "is_start", "why"), STARTS)
def test_start_is_a_code_or_a_bare_beginning(
    text: str, code: str | None, *, is_start: bool, why: str
) -> None:
    inbound = heard(message(text=text))

    assert (inbound.code, inbound.is_start) == (code, is_start), why


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("/status", "/status"),
        ("/status@statt_hotline_bot", "/status"),
        ("/language@statt_hotline_bot en", "/language en"),
        ("mail an x@statt.example", "mail an x@statt.example"),
    ],
)
def test_a_command_keeps_its_slash_and_loses_the_bots_name(text: str, understood: str) -> None:
    assert heard(message(text=text)).text == understood


@pytest.mark.parametrize("intent", list(Intent))
def test_a_tap_means_its_intent_and_fits_into_a_button(intent: Intent) -> None:
    data = f"v1:{intent}"

    inbound = heard(tap(data))

    assert len(data.encode()) <= 64
    assert (inbound.intent, inbound.is_outdated) == (intent, False)
    assert (inbound.text, inbound.callback, inbound.message_ref) == ("", "T1", "700002:9")
    assert inbound.at == NOON  # a tap has no time of its own


@pytest.mark.parametrize(
    "data",
    ["", "v0:join", "v2:join", "v1:", "v1:JOIN", "v1:credit_me", "join", "v1:credit_me:7", "💥"],
)
def test_a_forged_or_older_button_is_outdated_and_means_nothing(data: str) -> None:
    inbound = heard(tap(data))

    assert (inbound.intent, inbound.text, inbound.is_outdated) == (None, "", True)


CONTACTS: tuple[tuple[Fields, str, str | None, str], ...] = (
    ({"user_id": BABAK}, "491713920012", "tel:+491713920012", "one's own"),
    ({"user_id": BABAK}, "+49 171 3920012", "tel:+491713920012", "one's own, written for people"),
    ({"user_id": 5}, "491713920012", None, "of somebody else"),
    ({}, "491713920012", None, "of the address book, without an account"),
    ({"user_id": BABAK}, "01713920012", None, "not international"),
    ({"user_id": BABAK}, "", None, "without a number"),
    ({"user_id": BABAK}, "4" * 16, None, "longer than any number"),
)


@pytest.mark.parametrize(("owner", "number", "proven", "why"), CONTACTS)
def test_a_contact_proves_a_number_only_if_it_is_ones_own(
    owner: Fields, number: str, proven: str | None, why: str
) -> None:
    contact: Fields = {"phone_number": number, "first_name": "Babak", **owner}

    inbound = heard(message(contact=contact))

    assert inbound.proven_phone == (Address(proven) if proven else None), why
    assert inbound.text == ""


@pytest.mark.parametrize(
    "passed_on",
    [payloads.FORWARDED, {"via_bot": {"id": 1, "is_bot": True, "first_name": "Other"}}],
)
def test_a_contact_that_was_passed_on_proves_nothing(passed_on: Fields) -> None:
    contact = payloads.contact("491713920012", BABAK)

    assert heard(message(**contact, **passed_on)).proven_phone is None


@pytest.mark.parametrize(
    "kind", ["sticker", "voice", "video_note", "photo", "document", "location", "dice"]
)
def test_what_is_no_text_is_heard_as_silence_so_that_it_can_be_answered(kind: str) -> None:
    inbound = heard(message(**{kind: {"file_id": "F"}}))

    assert (inbound.text, inbound.is_outdated) == ("", False)


def test_the_words_below_a_picture_count_as_said() -> None:
    assert heard(message(photo=[{"file_id": "F"}], caption="STOPP")).text == "STOPP"


IGNORED: tuple[tuple[Fields, str], ...] = (
    ({"edited_message": {"text": "STOPP"}}, "an edited message"),
    ({"channel_post": {"text": "hello"}}, "a post of a channel"),
    ({"message_reaction": {}}, "a reaction"),
    ({}, "nothing that we know"),
    (message(pinned_message={"message_id": 1}), "a note of Telegram's own"),
    (message(text="hi", chat={"id": -5, "type": "group"}), "a group"),
    (message(text="hi", chat={"id": -5, "type": "supergroup"}), "a supergroup"),
    (message(text="hi", **{"from": payloads.BOT}), "a bot"),
    (message(text="hi", **{"from": None}), "nobody"),
    ({"callback_query": {"id": "T", "from": payloads.person(5, "de")}}, "a tap without message"),
)


@pytest.mark.parametrize(("update", "why"), IGNORED)
def test_what_is_not_said_to_the_bot_alone_is_ignored(update: Fields, why: str) -> None:
    assert isinstance(read(update), Ignored), why


GROUP = {"id": -1005, "type": "supergroup", "is_forum": True}
OURS = payloads.shown(BABAK, 9, WRITTEN, "❓ Q7 · open") | {"chat": GROUP}


@pytest.mark.parametrize(
    ("said", "text", "replied_to"),
    [
        ({"text": "/here"}, "/here", ""),
        ({"text": "/answer@statt_hotline_bot Q7 yes"}, "/answer Q7 yes", ""),
        ({"text": "yes", "reply_to_message": OURS}, "yes", "❓ Q7 · open"),
    ],
)
def test_in_a_group_commands_and_replies_to_us_are_read(
    said: Fields, text: str, replied_to: str
) -> None:
    inbound = heard(message(chat=GROUP, message_thread_id=3, **said))

    assert inbound.address == BABAKS_TELEGRAM
    assert (inbound.text, inbound.replied_to) == (text, replied_to)
    assert inbound.place == Place(Address("telegram:-1005"), 3, is_forum=True)


@pytest.mark.parametrize(
    "said",
    [
        {"text": "hi"},
        {"text": "/here", "from": {"id": 1087968824, "is_bot": True, "first_name": "Group"}},
        {"text": "no", "reply_to_message": message(text="hi")["message"]},
    ],
    ids=["not to us", "an anonymous admin", "to somebody else"],
)
def test_in_a_group_nothing_else_is(said: Fields) -> None:
    assert isinstance(read(message(chat=GROUP, **said)), Ignored)


def test_a_managers_button_in_a_group_is_read() -> None:
    inbound = heard(payloads.tapped("T1", BABAK, "m1:q.take:7", OURS))

    assert (inbound.command, inbound.address) == ("q.take:7", BABAKS_TELEGRAM)
    assert inbound.place == Place(Address("telegram:-1005"), None, is_forum=True)


def test_a_tap_in_a_group_is_ignored() -> None:
    below = payloads.shown(BABAK, 9, WRITTEN, "…") | {"chat": {"id": -5, "type": "supergroup"}}

    assert isinstance(read(payloads.tapped("T1", BABAK, "v1:join", below)), Ignored)


@pytest.mark.parametrize(("status", "is_blocked"), [("kicked", True), ("member", False)])
def test_blocking_and_taking_back_is_noted(status: str, *, is_blocked: bool) -> None:
    change = read(payloads.membership(BABAK, status, WRITTEN))

    assert change == Reachability("telegram", "17", BABAKS_TELEGRAM, WRITTEN, is_blocked)


@pytest.mark.parametrize("status", ["left", "restricted", "administrator", "new one"])
def test_other_changes_of_membership_are_ignored(status: str) -> None:
    assert isinstance(read(payloads.membership(BABAK, status, WRITTEN)), Ignored)


def test_a_membership_in_a_group_blocks_nobody() -> None:
    group = {"id": -5, "type": "group"}
    change = {"chat": group, "date": 1, "new_chat_member": {"status": "kicked"}}

    assert isinstance(read({"my_chat_member": change}), Ignored)


def test_a_clock_ahead_of_ours_is_not_believed() -> None:
    assert heard(message(text="hi", date=int(NOON.timestamp()) + 3600)).at == NOON


LANGUAGES = (("de", "de"), ("de-AT", "de"), ("EN", "en"), ("pt-br", "pt"), ("", None), ("1", None))


@pytest.mark.parametrize(("code", "language"), LANGUAGES)
def test_the_apps_language_is_a_guess(code: str, language: str | None) -> None:
    assert heard(message(text="hi", **{"from": payloads.person(BABAK, code)})).language == language


GARBAGE = (
    (b"", "sha256-", "nothing"),
    (b"\xff\xfe\x00", "sha256-", "no UTF-8"),
    (b"[]", "sha256-", "no object"),
    (b'{"update_id":"x"}', "sha256-", "no number"),
    (b'{"update_id":17', "17", "cut off"),
    (b'{"update_id":17,"message":{}}', "17", "an empty message"),
    (b'{"update_id":17,"callback_query":{"id":"1"}}', "17", "a tap of nobody"),
    (b'{"update_id":17,"message":{"text":"\\ud800"}}', "17", "half a character"),
    (b'{"update_id":17,"x":' + b"[" * 9000 + b"]" * 9000 + b"}", "17", "too deep"),
    (
        b'{"update_id":17,"message":{"message_id":1,"date":99999999999999999,'
        b'"chat":{"id":1,"type":"private"},"from":{"id":1},"text":"hi"}}',
        "17",
        "a time that no calendar has",
    ),
)


@pytest.mark.parametrize(("raw", "name", "why"), GARBAGE)
def test_garbage_is_named_so_that_it_can_be_kept_and_passed_over(
    raw: bytes, name: str, why: str
) -> None:
    result = read_update(raw, NOON)

    assert isinstance(result, Unreadable), why
    assert result.provider_id.startswith(name)


@given(st.binary(max_size=200))
def test_no_bytes_make_reading_raise(raw: bytes) -> None:
    read_update(raw, NOON)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(["message_id", "date", "chat", "from", "text", "contact", "caption"])


@given(st.dictionaries(FIELDS, JSON))
def test_no_shape_of_a_message_makes_reading_raise(fields: Fields) -> None:
    read(message(**fields))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1))
def test_every_plane_of_unicode_arrives_as_it_was_written(text: str) -> None:
    if not text.startswith("/"):
        assert heard(message(text=text)).text == text


def test_no_nul_arrives_for_postgresql_keeps_none() -> None:
    assert heard(message(text="a\x00b")).text == "ab"


def test_a_moment_is_aware() -> None:
    assert heard(message(text="hi", date=0)).at == datetime(1970, 1, 1, tzinfo=UTC)


def test_more_than_anybody_can_write_is_cut() -> None:
    assert heard(message(text="ü" * 900_000)).text == "ü" * 4096
