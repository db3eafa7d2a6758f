"""The sandbox as it is started by `make run`, driven over its JSON doors alone."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

import pytest

from bot.carrier.pretend import TMF654
from bot.sandbox.sandbox import OPERATOR_AT
from tests.cast import BABAK
from tests.end_to_end.process import COMMAND, Answer, ask, environment, free_port, running

PHONE = BABAK.contacts[0].address.value


class Message(TypedDict):
    """One message as the door gives it."""

    channel: str
    direction: str
    text: str
    at: str
    buttons: list[str]


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The doors."""

    url: str

    def ask(self, door: str, **body: object) -> Answer:
        """Post to a door, or get what it shows if there is nothing to post."""
        sent = json.dumps({k.rstrip("_"): v for k, v in body.items()}).encode() if body else None
        return ask(f"{self.url}/simulator/{door}", sent, {"Content-Type": "application/json"})

    def write(self, text: str) -> None:
        assert self.ask("sms", **{"from": PHONE, "text": text}).status == 200

    def happen(self, kind: str, **said: object) -> object:
        body = {"type": kind, "customer": BABAK.number, "data": {}, **said}
        answer = self.ask("events", **body).json
        assert isinstance(answer, dict)
        return answer["result"]

    def wait(self, length: str) -> None:
        assert self.ask("clock", advance=length).status == 200

    def heard(self, pattern: str) -> list[Message]:
        """List what the bot said that fits a pattern."""
        shown: list[Message] = self.ask(f"phones/{quote(PHONE)}").json  # type: ignore[assignment]
        return [m for m in shown if m["direction"] == "out" and re.search(pattern, m["text"])]

    def state(self) -> str:
        people: list[dict[str, str]] = self.ask("customers").json  # type: ignore[assignment]
        return next(p["state"] for p in people if p["customer"] == BABAK.number)

    def bookings(self) -> list[tuple[int, datetime]]:
        """List what the operator has booked, and when."""
        answer = ask(f"{self.url}{OPERATOR_AT}{TMF654}/topupBalance").json
        assert isinstance(answer, list)
        return [
            (int(t["amount"]["amount"]), datetime.fromisoformat(t["confirmationDate"]))
            for t in answer
            if t["status"] == "completed"
        ]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder: Path = tmp_path_factory.mktemp("sandbox")
    env = environment(folder, PORT=str(free_port()))
    with running([str(COMMAND), "serve"], env, folder) as url:
        yield Sandbox(url)


def test_from_the_invitation_to_the_last_bonus_over_the_doors_alone(sandbox: Sandbox) -> None:
    assert len(sandbox.heard("3,6 GB")) == 1

    sandbox.write("JA")
    assert sandbox.state() == "asked"
    sandbox.write("JA")
    assert sandbox.state() == "steps"
    for kind in ("portal.registered", "video.watched", "app.installed"):
        assert sandbox.happen(kind, id=kind) == "applied"
        assert sandbox.happen(kind, id=kind) == "repeat"
        sandbox.happen(kind)
    sandbox.wait("PT1H")
    assert sandbox.state() == "streak"
    for _ in range(9):
        sandbox.happen("portal.activity")
        sandbox.wait("P1M")
    sandbox.wait("P12D")

    assert sandbox.state() == "done"
    told = sandbox.heard(r"\+(600|1800) MB")
    assert [re.findall(r"\+(\d+) MB", m["text"]) for m in told] == [["600"]] * 3 + [["1800"]]
    booked = sandbox.bookings()
    assert [megabytes for megabytes, _ in booked] == [600, 600, 600, 1800]
    for (_, booked_at), message in zip(booked, told, strict=True):
        assert (
            booked_at <= datetime.fromisoformat(message["at"]) < booked_at + timedelta(minutes=10)
        )
    reports = sandbox.heard(r"\d von 9 Monaten geschafft")
    assert [m["text"].partition(" von 9")[0][-1] for m in reports] == list("123456789")
