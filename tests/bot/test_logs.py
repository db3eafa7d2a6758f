"""Logs: what is written is JSON with a turn's id, and names or opens nothing."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.logs import Outages, Redaction, configure, turn_of
from bot.setting_values import LogLevel

BOT_TOKEN = "4711471147:AAE-geheimgeheimgeheimgeheimgeheim"  # noqa: S105 - must never be shown
PERSONAL = "Zm9vYmFyMTIzNDU2Nzg5X1"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Log into a text, and leave no trace of it for other tests."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure(LogLevel.INFO, secrets=["geheim wie nichts"], stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("tel:+491713920011", "tel:…011"),
        ("+49 171 39200 11 called", "…011 called"),
        ("0171/39200-11", "…011"),
        ("01713920011", "…011"),
        ("From=%2B491713920011&To=x", "From=…011&To=x"),
        ("telegram:700002123", "telegram:…123"),
        ("to alice.miller@mail.example", "to …@mail.example"),
        (f"POST /bot{BOT_TOKEN}/sendMessage", "POST /bot[hidden]/sendMessage"),
        ("key whsec_Z2VoZWlt+/= is old", "key [hidden] is old"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [hidden]"),
        ("postgresql://bot:geheim@db/bot", "postgresql://[hidden]@db/bot"),
        (f"https://t.me/nordbot?start={PERSONAL}", "https://t.me/nordbot?start=[hidden]"),
        (f"/start {PERSONAL}", "/start [hidden]"),
        (f"GET /p/{PERSONAL}/film", "GET /p/[hidden]/film"),
        (f"minted {PERSONAL} now", "minted [hidden] now"),
        ("geheim wie nichts", "[hidden]"),
        ("2026-12-01T11:00:00+00:00", "2026-12-01T11:00:00+00:00"),
        ("SM0123456789abcdef0123456789abcdef", "SM0123456789abcdef0123456789abcdef"),
        ("invitation_reminders_sent", "invitation_reminders_sent"),
        ("refused with 30003 after 12345 ms", "refused with 30003 after 12345 ms"),
    ],
    ids=str,
)
def test_what_names_or_opens_is_not_shown(said: str, shown: str) -> None:
    assert Redaction(["geheim wie nichts"]).text(said) == shown


def test_fields_are_redacted_at_every_depth_and_by_their_names() -> None:
    event = Redaction()(
        None,
        "info",
        {
            "event": "send",
            "to": ["tel:+491713920011"],
            "body": {"chat_id": 700002123, "bot_token": "x", "is_secret": True},
            "rows": 12,
            "took_s": 0.25,
        },
    )

    assert event == {
        "event": "send",
        "to": ["tel:…011"],
        "body": {"chat_id": "…123", "bot_token": "[hidden]", "is_secret": True},
        "rows": 12,
        "took_s": 0.25,
    }


def test_a_line_is_json_and_carries_its_turn(written: io.StringIO) -> None:
    log = structlog.stdlib.get_logger("statthotline.test")

    with turn_of("t-1"):
        log.info("heard", address="tel:+491713920011")
    log.info("idle")

    heard, idle = map(json.loads, written.getvalue().splitlines())
    assert (heard["event"], heard["turn"], heard["level"]) == ("heard", "t-1", "info")
    assert heard["address"] == "tel:…011"
    assert "turn" not in idle


def test_what_libraries_log_is_redacted_too(written: io.StringIO) -> None:
    logging.getLogger("aiohttp.client").warning("no answer from %s", "+491713920011")

    assert json.loads(written.getvalue())["event"] == "no answer from …011"


@pytest.mark.parametrize("library", ["httpx", "twilio.http_client", "telegram.Bot"])
def test_talkative_libraries_are_heard_from_warnings_on(library: str, written: io.StringIO) -> None:
    logging.getLogger(library).info("POST https://api.example/")
    logging.getLogger(library).warning("refused")

    assert [json.loads(line)["event"] for line in written.getvalue().splitlines()] == ["refused"]


def test_a_traceback_is_one_line_without_numbers(written: io.StringIO) -> None:
    try:
        int("+491713920011 or so")
    except ValueError:
        structlog.stdlib.get_logger().exception("failed")

    (line,) = written.getvalue().splitlines()
    assert json.loads(line)["exception"].endswith("'…011 or so'")


def test_nothing_below_the_level_is_written(written: io.StringIO) -> None:
    structlog.stdlib.get_logger().debug("detail")

    assert written.getvalue() == ""


def test_what_an_outage_makes_everybody_say_is_said_once_and_counted() -> None:
    moments = iter((0.0, 1.0, 2.0, 61.0, 62.0))
    outages = Outages(elapsed=lambda: next(moments, 63.0))
    said = []
    for _ in range(5):
        try:
            said.append(outages(None, "error", {"event": "sms_not_stored", "sid": "SM1"}))
        except structlog.DropEvent:
            continue

    assert said == [
        {"event": "sms_not_stored", "sid": "SM1"},
        {"event": "sms_not_stored", "sid": "SM1", "unsaid": 2},
    ]
    assert outages(None, "error", {"event": "send_refused"}) == {"event": "send_refused"}


def test_an_outage_is_written_once(written: io.StringIO) -> None:
    for _ in range(3):
        structlog.get_logger("bot").error("update_not_kept", why="StorageError")

    assert written.getvalue().count("update_not_kept") == 1
