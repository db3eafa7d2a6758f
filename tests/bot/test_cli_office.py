"""The commands about money, over a real database: what they print, and how they exit."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.app import open_house
from bot.carrier.book import Move
from bot.channels.channel import Inbound
from bot.cli import main
from bot.keys import Keys
from bot.premises import Premises
from bot.settings import Settings, load_settings
from flows.credit import CreditState
from flows.events import HotlineCalled, PortalRegistered, VideoWatched
from storage.memory import CreditRow
from tests.cast import ALICE

BY = ("--reason", "she wrote to us", "--as", "9001")
HEADER = "call_id;customer;start;duration;reason\n"
Output = pytest.CaptureFixture[str]


def inside(work: Callable[[Premises], Awaitable[None]]) -> None:
    """Do something in the house that the commands open."""

    async def run() -> None:
        async with open_house(load_settings()) as house:
            await work(house)

    asyncio.run(run())


async def enrol(house: Premises) -> None:
    """Let Alice join, register and watch; the film's credit is booked."""
    await house.turns.invite(ALICE, is_held_out=False)
    await speak(house, "JOIN", "JOIN")
    at = house.clock()
    for event in (PortalRegistered(at=at), VideoWatched(at=at, share=1)):
        await house.turns.decided(ALICE.number, event, "test")
    for state in (CreditState.REQUESTED, CreditState.CONFIRMED):
        seen = await credit(house, "video")
        await house.credits.move(Move(seen=seen, to=state, at=house.clock(), provider_id="T1"))


async def speak(house: Premises, *texts: str) -> None:
    address = ALICE.contacts[0].address
    for text in texts:
        name = f"{text} {house.clock().isoformat()}"
        await house.conversations.heard(Inbound("sms", name, address, text, house.clock()))


async def credit(house: Premises, step: str) -> CreditRow:
    dossier = await house.store.dossier(ALICE.number)
    assert dossier is not None
    return next(row for row in dossier.memory.credits if row.step == step)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the database that every test begins with, once."""
    path = tmp_path_factory.mktemp("template") / "bot.db"
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields:
            patch.delenv(name.upper(), raising=False)
        patch.setenv("DATABASE_URL", f"sqlite:///{path}")
        inside(enrol)
    return path


@pytest.fixture
def database(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    # Reading what every installed package brings takes longer than all the rest; test_cli does it.
    monkeypatch.setattr("bot.commands.belonging.distributions", tuple)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/bot.db")
    for name in ("bot.db", "secret.key"):
        shutil.copy(template.with_name(name), tmp_path / name)
    return tmp_path / "bot.db"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert isinstance(left.value.code, int)
    return left.value.code


def bend(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute("drop trigger journal_is_never_rewritten")
        db.execute(statement)


def id_of(step: str) -> str:
    found: list[str] = []

    async def look(house: Premises) -> None:
        found.append(str((await credit(house, step)).id))

    inside(look)
    return found[0]


# --- credits ------------------------------------------------------------------------------------


def test_check_and_verify_find_nothing_in_a_good_house(database: Path, capsys: Output) -> None:
    assert run("credits", "check", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "faults": [],
        "accounts": {"budget": -3600, "liability": 3000, "delivered": 600, "released": 0},
    }
    assert run("audit", "verify", "--json") == 0
    verified = json.loads(capsys.readouterr().out)
    assert (verified["ok"], verified["first_bad"]) == (True, None)


def test_check_and_verify_exit_with_1_for_a_fault(database: Path, capsys: Output) -> None:
    bend(database, "update accounts set megabytes = 1 where name = 'budget'")
    bend_again = "update journal set body = body || ' ' where n = 2"
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute(bend_again)

    assert run("credits", "check") == 1
    assert "account budget: kept are 1 MB" in capsys.readouterr().out
    assert run("audit", "verify", "--json") == 1
    assert json.loads(capsys.readouterr().out)["first_bad"] == "customer 100001, row 2"


def test_prove_shows_the_chain(database: Path, capsys: Output) -> None:
    video = id_of("video")

    assert run("credits", "prove", video, "--json") == 0

    shown = json.loads(capsys.readouterr().out)
    kinds = ["event", "terms", "consent", "request", "record", "message"]
    assert [link["kind"] for link in shown["chain"]] == kinds
    assert set(shown["chain"][0]) >= {"kind", "id", "at", "hash"}
    assert run("credits", "prove", video) == 0
    assert "600 MB for video" in capsys.readouterr().out


@pytest.mark.parametrize("id_", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_credit_is_refused_in_one_line(id_: str, database: Path, capsys: Output) -> None:
    for arguments in (("prove", id_), ("settle", id_, "booked", *BY), ("reverse", id_, *BY)):
        assert run("credits", *arguments) == 1
        output = capsys.readouterr()
        assert (output.out, output.err.count("\n")) == ("", 1)


def test_reconcile_compares_with_a_file_and_repairs_only_when_told(
    database: Path, capsys: Output
) -> None:
    lines = ["id;credit;status;amount", f"T1;{id_of('video')};completed;600"]
    lines.append(f"T2;{id_of('registration')};completed;600")
    Path("operator.csv").write_text("\n".join(lines))

    assert run("credits", "reconcile", "operator.csv", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["matched"]) == (False, 1)
    assert (found["missing"], found["orphan"]) == ([], [])
    assert [row["provider_id"] for row in found["mismatch"]] == ["T2"]
    assert run("credits", "reconcile", "operator.csv", "--repair", *BY, "--json") == 1
    assert json.loads(capsys.readouterr().out)["repaired"] == 1
    assert run("credits", "check") == 0
    capsys.readouterr()
    assert run("credits", "reconcile", "operator.csv", "--json") == 0
    assert json.loads(capsys.readouterr().out)["matched"] == 2


def test_reconcile_without_an_operator_says_so(database: Path, capsys: Output) -> None:
    assert run("credits", "reconcile") == 1
    assert "the operator's list cannot be read" in capsys.readouterr().err


def test_reverse_takes_a_credit_back_once(database: Path, capsys: Output) -> None:
    video = id_of("video")

    assert run("credits", "reverse", video, *BY) == 0
    assert run("credits", "reverse", video, *BY) == 1

    assert "it is being taken back already" in capsys.readouterr().err
    assert run("credits", "check") == 0


def test_what_the_operator_took_back_by_hand_is_reversed_at_once(
    database: Path, capsys: Output
) -> None:
    video = id_of("video")

    assert run("credits", "reverse", video, "--done", *BY) == 0
    assert run("credits", "reverse", video, "--done", *BY) == 1

    assert "only a confirmed one" in capsys.readouterr().err
    assert run("credits", "check") == 0


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (("--reason", "x", "--as", "7"), "nobody of TELEGRAM_MANAGERS has this id"),
        (("--reason", "x", "--as", "Mona"), "nobody of TELEGRAM_MANAGERS has this id"),
        (("--reason", " ", "--as", "9001"), "--reason: must not be empty"),
    ],
)
def test_who_decides_must_be_known_and_say_why(
    who: tuple[str, ...], expected: str, database: Path, capsys: Output
) -> None:
    assert run("credits", "reverse", id_of("video"), *who) == 1
    assert expected in capsys.readouterr().err


def test_a_viewer_decides_nothing(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("TELEGRAM_MANAGERS", "9003:viewer")

    assert run("decide", "1", "accept", "--reason", "x", "--as", "9003") == 1

    assert "a viewer decides nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("credits", "settle", "x", "perhaps", *BY),
        ("credits", "reverse", "x"),
        ("credits", "reconcile", "--repair"),
        ("decide", "1", "maybe", *BY),
        ("customer", "100001", "--accessible"),
        ("customer", "100001", "--accessible", "--reinstate", *BY),
    ],
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...], database: Path) -> None:
    assert run(*arguments) == 2


# --- decide, and customers ----------------------------------------------------------------------


def test_an_objection_is_decided_once(database: Path, capsys: Output) -> None:
    async def object_to_a_call(house: Premises) -> None:
        call = HotlineCalled(at=house.clock(), call_id="C1", duration_s=90, reason="bill")
        await house.turns.decided(ALICE.number, call, "test")
        await speak(house, "OBJECT")

    inside(object_to_a_call)

    assert run("decide", "1", "accept", *BY) == 0
    assert "The objection of customer 100001 is accepted" in capsys.readouterr().out
    assert run("decide", "1", "reject", *BY) == 1
    assert "1 was answered on" in capsys.readouterr().err
    assert run("decide", "seven", "reject", *BY) == 1


def test_a_customer_is_decided_about(database: Path, capsys: Output) -> None:
    assert run("customer", "0171 3920011", "--waive", "app", *BY) == 0
    assert run("customer", "100001", "--accessible", *BY) == 0
    assert run("customer", "100001", "--waive", "app", *BY) == 1
    assert run("customer", "100001", "--reinstate", *BY) == 1
    capsys.readouterr()
    assert run("customer", "100001", "--json") == 0

    shown = json.loads(capsys.readouterr().out)
    key = database.with_name("secret.key").read_bytes().strip()
    alias = Keys(key, str).alias("100001")
    assert shown["flags"] == ["accessible"]
    with closing(sqlite3.connect(database)) as db:
        acts = db.execute("select actor, act, about from audit").fetchall()
    assert [(act, about) for _, act, about in acts] == [
        ("waive app", f"customer {alias}: she wrote to us"),
        ("accessible", f"customer {alias}: she wrote to us"),
    ]
    assert "100001" not in str(acts)
    assert {actor.startswith("9001 by ") for actor, _, _ in acts} == {True}


# --- calls --------------------------------------------------------------------------------------


def calls(*lines: str) -> str:
    Path("calls.csv").write_text(HEADER + "\n".join(lines) + "\n")
    return "calls.csv"


def imported(capsys: Output, *arguments: str) -> dict[str, object]:
    capsys.readouterr()
    assert run("calls", *arguments, "--json") == 0
    report: dict[str, object] = json.loads(capsys.readouterr().out)
    return report


def test_the_same_file_twice_brings_nothing_new(database: Path, capsys: Output) -> None:
    path = calls(
        "C1;100001;01.10.2026 10:00;90;bill",
        "C1;100001;01.10.2026 10:00;90;bill",
        "C1;100001;01.10.2026 10:00;91;bill",
        "C2;999;01.10.2026 10:00;90;bill",
        "C3;100001;gestern;90;bill",
    )
    rejected = [
        {"line": 4, "reason": "another call was reported under this id before; it stands"},
        {"line": 6, "reason": "start: is no date with a time"},
    ]
    first = {"rows": 5, "accepted": 1, "duplicate": 1, "unknown_customer": 1, "held": 0}
    more = {"rejected": rejected, "complete_until": None}

    assert imported(capsys, path, "--dry-run") == {**first, **more}
    assert imported(capsys, path) == {**first, **more}
    assert imported(capsys, path) == {**first, **more, "accepted": 0, "duplicate": 2}
    assert run("calls", path) == 0
    assert "start: is no date with a time" in capsys.readouterr().out


def test_a_watermark_is_noted_only_if_every_line_was_understood(
    database: Path, capsys: Output
) -> None:
    good, bad = "C1;100001;01.10.2026 10:00;90;bill", "C2;100001;gestern;90;bill"
    until = ("--complete-until", "2026-10-02")
    noted = "2026-10-01T22:00:00+00:00"

    assert imported(capsys, calls(good, bad), *until)["complete_until"] is None
    assert imported(capsys, calls(good), *until, "--dry-run")["complete_until"] == noted
    assert watermarks(database) == []
    assert imported(capsys, calls(good), *until)["complete_until"] == noted
    assert watermarks(database) == ["hotline"]


def watermarks(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as db:
        return [feed for (feed,) in db.execute("select feed from watermarks")]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("gone.csv",), "No such file"),
        (("bad.csv",), "line 1 has no column start"),
        (("calls.csv", "--complete-until", "2999-01-01"), "lies ahead"),
        (("calls.csv", "--complete-until", "soon"), "must be a time such as"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    arguments: tuple[str, ...], expected: str, database: Path, capsys: Output
) -> None:
    calls()
    Path("bad.csv").write_text("a,b\n")

    assert run("calls", *arguments) == 1

    output = capsys.readouterr()
    assert expected in output.err
    assert (output.out, output.err.count("\n")) == ("", 1)


# --- questions ----------------------------------------------------------------------------------


def test_what_waits_for_a_person_is_listed(database: Path, capsys: Output) -> None:
    del database
    inside(lambda house: speak(house, "my letter has been eaten by a dog", "HUMAN"))

    codes = run("questions"), run("questions", "--json")

    shown, _, told = capsys.readouterr().out.partition("[")
    [question] = json.loads(f"[{told}")
    assert codes == (0, 0)
    assert "HUMAN" in shown
    assert question.keys() >= {"id", "customer", "at", "text", "state"}
    assert (question["customer"], question["state"]) == (ALICE.number, "open")
    assert question["text"] == "my letter has been eaten by a dog\nHUMAN"


def test_what_was_missed_is_listed_by_words(database: Path, capsys: Output) -> None:
    del database
    inside(lambda house: speak(house, *3 * ("gibt es glasfaser in buxtehude",)))

    assert run("questions", "--suggestions", "--json") == 0

    words = json.loads(capsys.readouterr().out)
    assert ("glasfaser", 3) in [(word["word"], word["asked"]) for word in words]
