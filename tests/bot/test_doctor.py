"""`doctor`: it finds what stands in the way, says how it is mended, and shows no secret."""

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.cli import main
from bot.commands.doctor import diagnose
from storage.migrate import migrate_sqlite
from tests.bot.carrier.serving import served
from tests.bot.channels.test_email import Postbox
from tests.fakes.telegram import TOKEN as BOT_TOKEN
from tests.fakes.twilio_payloads import SID, TOKEN

pytestmark = pytest.mark.anyio

Output = pytest.CaptureFixture[str]
SECRETS = (TOKEN, BOT_TOKEN, "carrier-token-1")


@dataclass
class World:
    """Twilio, Telegram, the operator and our own door, each answering as it is told."""

    url: str = ""
    twilio: int = 200
    sms_url: str | None = None  # None: ours
    telegram: int = 200
    webhook: str = ""
    operator: int = 200
    door: int = 403
    asked: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.answer, methods=["GET", "POST"])])

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        self.asked.append(f"{request.method} {path}")
        if path.endswith("IncomingPhoneNumbers.json"):
            url = f"{self.url}/sms/inbound" if self.sms_url is None else self.sms_url
            return JSONResponse({"incoming_phone_numbers": [{"sms_url": url}]})
        if "Accounts" in path:
            return JSONResponse({}, self.twilio)
        if "getWebhookInfo" in path:
            return JSONResponse({"ok": True, "result": {"url": self.webhook}}, self.telegram)
        if "topupBalance" in path:
            return JSONResponse([], self.operator)
        return Response(status_code=self.door)


@asynccontextmanager
async def world(monkeypatch: pytest.MonkeyPatch, folder: Path) -> AsyncIterator[World]:
    """Set everything to a world in which all is well."""
    found = World()
    loop = asyncio.get_running_loop()
    mail = await loop.create_server(lambda: SMTP(Postbox()), "127.0.0.1", 0)
    async with served(found.app()) as url:
        found.url = url
        for name, value in {
            "DATABASE_URL": "sqlite:///bot.db",
            "PUBLIC_URL": url,
            "TWILIO_ACCOUNT_SID": SID,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_FROM": "+4915735990001",
            "TWILIO_API_BASE_URL": url,
            "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
            "TELEGRAM_API_BASE_URL": url,
            "SMTP_URL": f"smtp://127.0.0.1:{mail.sockets[0].getsockname()[1]}",
            "EMAIL_FROM": "bot@nordlicht.example",
            "CARRIER_URL": f"{url}/prepayBalanceManagement/v4",
            "CARRIER_TOKEN": "carrier-token-1",
            "EVENTS_SECRET": "whsec_d2hhdCBib3RoIG9mIHVzIGtub3cgYW5kIG9ubHkgd2U=",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(folder)
        yield found
    mail.close()


async def faults() -> list[str]:
    """Let the doctor look, and give what was found."""
    return [fault.what for fault in (await asyncio.to_thread(diagnose)).faults]


async def test_where_all_is_well_nothing_is_found_and_nothing_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(monkeypatch, tmp_path) as there:
        assert await faults() == []

        assert len(there.asked) == 5
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - not even a database


async def test_every_fault_is_named_with_what_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    async with world(monkeypatch, tmp_path) as there:
        there.twilio, there.telegram, there.operator, there.door = 401, 401, 403, 404
        monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:9")
        monkeypatch.delenv("EVENTS_SECRET")

        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(main, ["doctor", "--json"])

    told = capsys.readouterr().out
    found = json.loads(told)
    assert (ended.value.code, found["ok"]) == (1, False)
    whats = " | ".join(fault["what"] for fault in found["faults"])
    for word in ("Twilio", "Telegram", "mail server", "charging system", "PUBLIC_URL", "/events"):
        assert word in whats
    assert all(fault["mend"] for fault in found["faults"])
    assert [secret for secret in SECRETS if secret in told] == []


async def test_updates_and_messages_that_go_elsewhere_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(monkeypatch, tmp_path) as there:
        there.webhook, there.sms_url = "https://old.example/telegram/webhook", ""

        assert [what.split()[0] for what in await faults()] == ["Twilio", "Telegram"]


def test_the_sandbox_needs_nothing_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///bot.db")

    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--json"])

    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "faults": [], "advice": []}


@pytest.mark.parametrize(
    ("content", "word"),
    [("newer", "version 999"), ("stamped", "may not send"), ("garbled", "not a database")],
)
def test_a_database_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///bot.db")
    if content == "garbled":
        Path("bot.db").write_bytes(b"nothing of the kind" * 100)
    else:
        with closing(sqlite3.connect("bot.db", isolation_level=None)) as db:
            migrate_sqlite(db)
            if content == "newer":
                db.execute("insert into versions (number, name) values (999, 'newer.sql')")
            else:
                db.execute("insert into kept (name, value) values ('fence', 'it is a copy')")

    [fault] = diagnose().faults

    assert word in fault.what


@pytest.mark.parametrize(("name", "value"), [("PORT", "99999999"), ("CAMPAIGN", "nowhere.toml")])
def test_a_wrong_setting_is_a_fault_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)

    [fault] = diagnose().faults

    assert value in fault.what or name in fault.what
