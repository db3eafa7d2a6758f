"""Every door of the running bot, knocked at by somebody else: refused, and nothing is kept."""

import base64
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from bot.web.events import LISTENERS
from tests.end_to_end.process import ask
from tests.end_to_end.real import PHONE, Bot, later, serving, signed, until
from tests.fakes.telegram_payloads import message
from tests.fakes.twilio_payloads import NUMBER, SID, sign

pytestmark = pytest.mark.anyio

SECRET = "only-telegram-knows-this"  # noqa: S105 - opens only this test's door
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/cloudevents+json"}
EVENT = {
    "specversion": "1.0",
    "id": "E-1",
    "source": "crm",
    "type": "statthotline.portal.registered.v1",
    "subject": "100001",
    "time": "2026-12-01T10:00:00Z",
}
SMS = {"MessageSid": "SM1", "AccountSid": SID, "From": PHONE, "To": NUMBER, "Body": "JOIN"}
LISTENER = f"/tmf/listener/{LISTENERS[0]}"
RESTLESS = {"kept", "leases", "lanes"}  # what workers keep of themselves


def encoded(form: Mapping[str, str]) -> bytes:
    return "&".join(f"{k}={v}" for k, v in form.items()).replace("+", "%2B").encode()


def counts(folder: Path) -> dict[str, int]:
    """Count the rows of every table."""
    with closing(sqlite3.connect(folder / "bot.db")) as db:
        named = db.execute("select name from sqlite_schema where type = 'table'").fetchall()
        names = sorted(name for (name,) in named if name not in RESTLESS)
        return {n: db.execute(f"select count(*) from {n}").fetchone()[0] for n in names}  # noqa: S608


def forged(bot: Bot) -> list[tuple[str, bytes, dict[str, str], int]]:
    """List what others may send: path, body, headers, and how it is to be answered."""
    inbound, status = f"{bot.url}/sms/inbound", f"{bot.url}/sms/status?t=TAG"
    body, event = encoded(SMS), json.dumps(EVENT).encode()
    other = FORM | {"X-Twilio-Signature": sign(inbound, SMS | {"Body": "STOP"})}
    elsewhere = FORM | {"X-Twilio-Signature": sign(status, SMS)}
    stranger = SMS | {"AccountSid": "AC" + "f" * 32}
    theirs = FORM | {"X-Twilio-Signature": sign(inbound, stranger)}
    update = json.dumps({"update_id": 1, "message": message(1, 1, later(), "de")}).encode()
    telegram = {"Content-Type": "application/json"}
    wrong = telegram | {"X-Telegram-Bot-Api-Secret-Token": SECRET[:-1]}
    return [
        ("/sms/inbound", body, FORM, 403),
        ("/sms/inbound", body, FORM | {"X-Twilio-Signature": ""}, 403),
        ("/sms/inbound", body, FORM | {"X-Twilio-Signature": "\xff\xfe not base64"}, 403),
        ("/sms/inbound", body, other, 403),
        ("/sms/inbound", body, elsewhere, 403),
        ("/sms/inbound", encoded(stranger), theirs, 403),
        ("/sms/inbound", b"\xff\xfe\x00%zz&&=", FORM, 403),
        ("/sms/inbound", b"", FORM, 403),
        ("/sms/status?t=TAG", body, FORM, 403),
        ("/sms/status?t=TAG", body, other, 403),
        ("/telegram/webhook", update, telegram, 401),
        ("/telegram/webhook", update, wrong, 401),
        ("/telegram/webhook", b"\xff{", wrong, 401),
        ("/events", event, JSON, 401),
        ("/events", event, JSON | signed("{}"), 401),
        ("/events", event, JSON | {"Authorization": f"Bearer {base64.b64encode(b'x')!r}"}, 401),
        ("/events", b"\xff\xfe", JSON | signed("{}"), 401),
        (LISTENER, event, JSON, 401),
        (LISTENER, event, JSON | signed("{}"), 401),
        (LISTENER, event, JSON | {"Authorization": "Bearer "}, 401),
        ("/simulator/sms", json.dumps({"from": PHONE, "text": "JA"}).encode(), JSON, 404),
        ("/pretend/tmf-api/prepayBalanceManagement/v4/topupBalance", b"{}", JSON, 404),
    ]


def garbled() -> list[tuple[str, str]]:
    """List bodies that bear a good signature and make no sense."""
    blank = {**EVENT, "id": "", "subject": ""}
    timeless = {**EVENT, "time": "2026-12-01T10:00:00"}
    nameless = {k: v for k, v in EVENT.items() if k != "id"}
    pairs = [("/events", body) for body in ("", "{", "null", "[]", '"x"', "{}", "\0")]
    pairs += [("/events", json.dumps(event)) for event in (blank, timeless, nameless)]
    return pairs + [(LISTENER, body) for body in ("", "{", "null", "[]", "{}", json.dumps(EVENT))]


async def test_nobody_else_gets_in_and_nothing_is_kept(tmp_path: Path) -> None:
    async with serving(tmp_path, TELEGRAM_MODE="webhook", TELEGRAM_WEBHOOK_SECRET=SECRET) as bot:
        await until(lambda: bool(bot.telegram.commands))
        before = counts(tmp_path)

        for path, body, headers, status in forged(bot):
            answer = await bot.ask(path, body, headers)
            assert (answer.status, path, body) == (status, path, body)
            assert answer.body.count(b"\n") == 0
        for path, text in garbled():
            answer = await bot.ask(path, text.encode(), JSON | signed(text))
            assert (answer.status, path, text) == (400, path, text)
        for path in ("/sms/inbound", "/sms/status", "/telegram/webhook", "/events", LISTENER):
            assert ask(bot.url + path).status == 405
        for path in ("/", "/simulator/", "/simulator/customers"):
            assert ask(bot.url + path).status == 404

        assert counts(tmp_path) == before
