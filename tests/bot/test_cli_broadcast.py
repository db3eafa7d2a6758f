"""`statthotline broadcast`, over a real database: what each command says, and how it exits."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.app import open_house
from bot.broadcasting.engine import BroadcastEngine
from bot.cli import main
from bot.premises import Premises
from bot.settings import Settings, load_settings
from tests.cast import ALICE, BABAK

Output = pytest.CaptureFixture[str]
DRAFT = ("draft", "--audience", "state:invited", "--text", "de=Hallo {customer}", "--text", "en=Hi")
AS_MONA = ("--as", "9001")
AS_OTTO = ("--as", "9002")
AS_VERA = ("--as", "9003")


@pytest.fixture(autouse=True)
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people are invited; the clock stands at the machine's."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr("bot.commands.belonging.distributions", tuple)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/bot.db")

    async def invite(premises: Premises) -> None:
        for customer in (ALICE, BABAK):
            await premises.turns.invite(customer, is_held_out=False)

    inside(invite)


def inside(work: Callable[[Premises], Awaitable[None]]) -> None:
    """Do something in the house that the commands open."""

    async def run_() -> None:
        async with open_house(load_settings()) as premises:
            await work(premises)

    asyncio.run(run_())


async def work(premises: Premises) -> None:
    """Let the engine do what `serve` would."""
    await BroadcastEngine(premises.broadcasts, premises.clock).tick()


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(("broadcast", *arguments))
    assert isinstance(left.value.code, int)
    return left.value.code


def told(capsys: Output, *arguments: str) -> dict[str, object]:
    """Run a command for programs."""
    capsys.readouterr()
    assert run(*arguments, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_from_the_draft_to_the_report(tmp_path: Path, capsys: Output) -> None:
    assert told(capsys, *DRAFT, *AS_MONA) == {"id": "B1"}
    preview = told(capsys, "preview", "B1", *AS_VERA)
    assert (preview["planned"], preview["excluded"]) == (2, {})
    assert told(capsys, "test", "B1", "--to", "0171 3920099", *AS_MONA)["sent"] == 2
    told(capsys, "approve", "B1", "--hash", str(preview["hash"]), *AS_OTTO)
    assert told(capsys, "start", "B1", *AS_MONA)["state"] == "running"
    inside(work)

    shown = told(capsys, "show", "B1", "--csv", "report.csv")

    assert (shown["planned"], shown["approved_by"]) == (2, "9002")
    lines = (tmp_path / "report.csv").read_text().splitlines()
    assert lines[0].startswith("customer,state,reason")
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["100001", "planned"],
        ["100002", "planned"],
    ]


def test_it_is_paused_watched_resumed_and_cancelled(capsys: Output) -> None:
    told(capsys, *DRAFT, *AS_MONA)
    told(capsys, "approve", "B1", *AS_OTTO)
    told(capsys, "start", "B1")
    inside(work)

    assert told(capsys, "pause", "B1")["state"] == "paused"
    assert told(capsys, "show", "B1", "--watch")["state"] == "paused"
    assert told(capsys, "resume", "B1")["state"] == "running"
    assert told(capsys, "cancel", "B1")["states"] == {
        "planned": 0, "claimed": 0, "accepted": 0, "delivered": 0, "failed": 0, "skipped": 2,
        "unknown": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("approve", "B1", *AS_MONA), "takes the role approver"),
        (("start", "B1", *AS_VERA), "takes the role manager"),
        (("start", "B1"), "a second person approves it first"),
        (("show", "B99"), "no such broadcast"),
        (("show", "B" + "9" * 40), "no such broadcast"),
        (("resume", "invitations"), "not paused"),
        (("preview", "B1", "--as", "77"), "nobody of TELEGRAM_MANAGERS"),
        (("show", "B1", "--csv", "no/such/folder.csv"), "No such file"),
    ],
)
def test_what_cannot_be_is_refused_with_one_line(
    arguments: tuple[str, ...], why: str, capsys: Output
) -> None:
    told(capsys, *DRAFT, *AS_MONA)

    assert run(*arguments) == 1

    said = capsys.readouterr().err
    assert why in said
    assert said.count("\n") == 1


def test_invitations_are_paused_and_resumed(tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "new.csv").write_text("customer,phone,email,language,basis\n9,,,de,consent\n")

    paused = told(capsys, "pause", "invitations", *AS_MONA)
    with pytest.raises(SystemExit) as refused:
        main(("invite", "new.csv"))
    why = capsys.readouterr().err
    resumed = told(capsys, "resume", "invitations", *AS_MONA)

    assert (paused["waiting"], resumed["waiting"], resumed["paused_at"]) == (2, 2, None)
    assert refused.value.code == 1
    assert "invitations are paused" in why


def test_the_campaign_is_paused_and_shown(capsys: Output) -> None:
    assert told(capsys, "pause", "campaign", *AS_MONA)["waiting"] == 2

    shown = told(capsys, "show", "campaign", *AS_VERA)
    assert run("show", "campaign") == 0
    said = capsys.readouterr().out

    assert shown["state"] == "paused"
    assert "paused since" in said
    assert told(capsys, "resume", "campaign", *AS_MONA)["waiting"] == 2
    assert told(capsys, "show", "campaign")["state"] == "active"


def test_every_command_has_an_example(capsys: Output) -> None:
    names = ("draft", "preview", "test", "approve", "start", "pause", "resume", "cancel", "show")

    for name in (*names, "list", "retry-failed"):
        assert run(name, "--help") == 0
        assert "Example: statthotline broadcast" in capsys.readouterr().out
