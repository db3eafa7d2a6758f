"""What a call to Telegram came to: every known error, and what it means for the relay."""

from datetime import timedelta

import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)

from bot.channels.channel import Accepted, Fault, NotSent, Outcome, Refused, Unknown
from bot.channels.telegram_outcomes import Floods, classify
from bot.channels.telegram_request import FloodWait, NothingLeft, OutcomeUnknown, Unwritable

WAIT = timedelta(seconds=7)

CERTAIN: tuple[tuple[Exception, Outcome], ...] = (
    (FloodWait(WAIT), NotSent("flood_wait", WAIT, "recipient")),
    (FloodWait(None), NotSent("flood_wait", timedelta(seconds=1), "recipient")),
    (ChatMigrated(-100123), Refused(Fault.MOVED, "migrated", "-100123")),
    (BadRequest("Message is not modified: it is the same"), Accepted("7:1:tag")),
    (NothingLeft("ClientConnectorError"), NotSent("ClientConnectorError")),
    (OutcomeUnknown("ServerDisconnectedError"), Unknown("ServerDisconnectedError")),
    (TimedOut(), Unknown("Timed out")),
    (NetworkError("Bad Gateway"), Unknown("Bad Gateway")),
    (NetworkError("Internal Server Error (500)"), Unknown("Internal Server Error (500)")),
    (TelegramError("unreadable answer"), Unknown("unreadable answer")),
    (KeyError("result"), Unknown("ok was false")),
)

REFUSALS: tuple[tuple[Exception, Fault, str], ...] = (
    (Forbidden("Forbidden: bot was blocked by the user"), Fault.BLOCKED, "blocked"),
    (Forbidden("Forbidden: user is deactivated"), Fault.ADDRESS, "deactivated"),
    (Forbidden("Forbidden: bot was kicked from the group chat"), Fault.BLOCKED, "kicked"),
    (
        Forbidden("Forbidden: bot can't initiate conversation with a user"),
        Fault.BLOCKED,
        "never_started",
    ),
    (Forbidden("Forbidden: bot can't send messages to bots"), Fault.ADDRESS, "is_a_bot"),
    (Forbidden("Forbidden: a reason of next year"), Fault.BLOCKED, "forbidden"),
    (BadRequest("Bad Request: chat not found"), Fault.ADDRESS, "chat_not_found"),
    (BadRequest("Bad Request: CHAT NOT FOUND"), Fault.ADDRESS, "chat_not_found"),
    (BadRequest("Bad Request: user not found"), Fault.ADDRESS, "user_not_found"),
    (BadRequest("Bad Request: PEER_ID_INVALID"), Fault.ADDRESS, "chat_not_found"),
    (BadRequest("Bad Request: group chat was deactivated"), Fault.ADDRESS, "chat_deactivated"),
    (BadRequest("Bad Request: USER_IS_BLOCKED"), Fault.BLOCKED, "blocked"),
    (
        BadRequest("Bad Request: not enough rights to send text messages"),
        Fault.BLOCKED,
        "no_rights",
    ),
    (BadRequest("Bad Request: have no rights to send a message"), Fault.BLOCKED, "no_rights"),
    (BadRequest("Bad Request: message to edit not found"), Fault.OURS, "not_editable"),
    (BadRequest("Bad Request: message can't be edited"), Fault.OURS, "not_editable"),
    (BadRequest("Bad Request: MESSAGE_ID_INVALID"), Fault.OURS, "not_editable"),
    (BadRequest("Bad Request: query is too old and response timeout"), Fault.OURS, "tap_too_old"),
    (BadRequest("Bad Request: can't parse entities: no end"), Fault.OURS, "unparsable_text"),
    (BadRequest("Bad Request: message is too long"), Fault.CONTENT, "too_long"),
    (BadRequest("Bad Request: message text is empty"), Fault.CONTENT, "empty"),
    (
        BadRequest("Bad Request: there is no text in the message to edit"),
        Fault.OURS,
        "not_editable",
    ),
    (BadRequest("Bad Request: message caption is too long"), Fault.CONTENT, "too_long"),
    (BadRequest("Bad Request: MESSAGE_EFFECT_ID_INVALID"), Fault.OURS, "wrong_effect"),
    (
        BadRequest("Bad Request: wrong file identifier/HTTP URL specified"),
        Fault.OURS,
        "wrong_file",
    ),
    (
        BadRequest("Bad Request: wrong file_id or the file is temporarily unavailable"),
        Fault.OURS,
        "wrong_file",
    ),
    (
        BadRequest("Bad Request: wrong remote file identifier specified: can't unserialize it"),
        Fault.OURS,
        "wrong_file",
    ),
    (BadRequest("Bad Request: BUTTON_DATA_INVALID"), Fault.OURS, "button"),
    (BadRequest("Bad Request: inline keyboard button URL is invalid"), Fault.OURS, "button"),
    (BadRequest("Bad Request: a reason of next year"), Fault.CONTENT, "bad_request"),
    (InvalidToken("Unauthorized"), Fault.ACCOUNT, "token"),
    (EndPointNotFound("Not Found"), Fault.ACCOUNT, "token"),
    (Conflict("terminated by other getUpdates request"), Fault.ACCOUNT, "conflict"),
    (Unwritable("UnicodeEncodeError"), Fault.OURS, "unwritable"),
)


@pytest.mark.parametrize(("error", "outcome"), CERTAIN)
def test_an_error_has_one_outcome(error: Exception, outcome: Outcome) -> None:
    assert classify(error, edited="7:1:tag") == outcome


@pytest.mark.parametrize(("error", "fault", "code"), REFUSALS)
def test_a_refusal_names_whose_fault_it_is(error: Exception, fault: Fault, code: str) -> None:
    outcome = classify(error)

    assert isinstance(outcome, Refused)
    assert (outcome.fault, outcome.code) == (fault, code)


def test_what_an_unreadable_answer_quotes_is_cut() -> None:
    outcome = classify(NetworkError("Parsing failed: " + "x" * 5000))

    assert isinstance(outcome, Unknown)
    assert len(outcome.why) <= 120


def test_a_bug_of_ours_is_no_outcome() -> None:
    with pytest.raises(ZeroDivisionError):
        classify(ZeroDivisionError())


# --- Flood waits --------------------------------------------------------------------------------


class Watch:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


TOLD = NotSent("flood_wait", WAIT, "recipient")


def test_a_flood_wait_holds_its_chat_until_it_is_over() -> None:
    watch = Watch()
    floods = Floods(watch)

    floods.note("7", TOLD)
    watch.now += 3

    assert floods.wait("7") == NotSent("flood_wait", timedelta(seconds=4), "recipient")
    assert floods.wait("8") is None
    watch.now += 4
    assert floods.wait("7") is None


def test_three_chats_at_once_hold_the_lane() -> None:
    watch = Watch()
    floods = Floods(watch)

    holds = [floods.note(chat, TOLD).holds for chat in ("7", "7", "8", "9")]

    assert holds == ["recipient", "recipient", "recipient", "lane"]
    assert floods.wait("10") == NotSent("flood_wait", WAIT, "lane")


def test_three_chats_over_a_while_hold_only_themselves() -> None:
    watch = Watch()
    floods = Floods(watch)

    for chat in ("7", "8", "9"):
        floods.note(chat, TOLD)
        watch.now += 3

    assert floods.wait("10") is None


def test_what_names_no_wait_holds_nobody() -> None:
    floods = Floods(Watch())

    floods.note("7", NotSent("ClientConnectorError"))

    assert floods.wait("7") is None
