"""`customer --export` and `--erase`: everything to whoever asks for it, and then nothing."""

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from bot.cli import main

Output = pytest.CaptureFixture[str]
CUSTOMERS = (
    "customer,phone,email,language,basis,name\n"
    "100001,+49 171 3920011,,en,consent,Alice Lindqvist\n"
    "100002,0171 3920012,babak@mail.example,de,existing_customer,Babak Amini\n"
)
ERASE = ("--erase", "--reason", "she wrote to us", "--as", "9001")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> Path:
    """Invite two customers in a sandbox of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///data/bot.db")
    Path("customers.csv").write_text(CUSTOMERS)
    assert run("invite", "customers.csv") == 0
    Path("customers.csv").unlink()
    capsys.readouterr()
    return tmp_path / "data" / "bot.db"


def test_an_export_is_written_for_its_owner_only(database: Path, capsys: Output) -> None:
    assert run("customer", "0171 3920011", "--export", "alice.zip") == 0
    assert run("customer", "100001", "--export", "alice.json") == 0

    assert "rows about customer 100001" in capsys.readouterr().out
    whole = json.loads(Path("alice.json").read_bytes())
    assert whole["customer"][0]["attributes"]["name"] == "Alice Lindqvist"
    assert [message["line"] for message in whole["messages"]] == ["Invitation"]
    with zipfile.ZipFile("alice.zip") as archive:
        assert {"data.json", "contacts.csv", "messages.csv"} <= set(archive.namelist())
    assert {Path(name).stat().st_mode & 0o077 for name in ("alice.zip", "alice.json")} == {0}


def test_what_cannot_be_is_refused_in_a_line(database: Path, capsys: Output) -> None:
    for arguments, code, told in (
        (("100001", "--export", "alice.pdf"), 1, "must end in .zip or .json"),
        (("100001", "--export", "nowhere/alice.zip"), 1, "nowhere/alice.zip"),
        (("4711", *ERASE), 1, "4711"),
        (("100001", "--erase"), 2, "--reason"),
        (("100001", *ERASE[:-1], "9003"), 1, "a viewer decides nothing"),
    ):
        assert run("customer", *arguments) == code
        assert told in capsys.readouterr().err


def test_an_erasure_says_what_stays_and_leaves_no_name_in_any_file(
    database: Path, capsys: Output
) -> None:
    assert run("customer", "+491713920011", "--export", "alice.json", *ERASE) == 0

    told = capsys.readouterr().out
    assert "Customer 100001 is erased" in told
    assert "keyed hashes" in told
    Path("alice.json").unlink()
    files = [path.read_bytes() for path in database.parent.rglob("*") if path.is_file()]
    names = (b"100001", b"1713920011", b"Lindqvist")
    assert [name for name in names for held in files if name in held] == []
    assert any(b"Amini" in held for held in files)
    assert run("customer", "100001") == 1
    assert run("audit", "verify") == 0
    assert run("credits", "check") == 0


def test_whoever_was_erased_is_imported_and_not_invited(database: Path, capsys: Output) -> None:
    assert run("customer", "100001", *ERASE) == 0
    Path("customers.csv").write_text(CUSTOMERS)
    capsys.readouterr()

    assert run("invite", "customers.csv", "--json") == 0

    report = json.loads(capsys.readouterr().out)
    assert (report["accepted"], report["duplicate"], report["invited"]) == (1, 1, 0)
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("select count(*) from outbox where customer = '100001'").fetchone() == (
            0,
        )
