"""`receipt` believes what was signed, and nothing that was altered since."""

import hashlib
from pathlib import Path

import pytest

from bot.cli import main
from bot.keys import Keys
from bot.turns.consent_receipt import Receipts
from flows.customer import Channel, Consent
from tests.cast import ALICE, NOON

OWN_KEY = "a key that is long enough to be one of ours"
WORDS = "With JOIN, we check …"
RECEIPTS = Receipts(Keys(OWN_KEY.encode(), lambda: ""))


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Save a receipt as a browser does."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET_KEY", OWN_KEY)
    digest = hashlib.sha256(WORDS.encode()).hexdigest()
    consent = Consent(NOON, "2027-01", digest, "page:f1", Channel.PAGE, "en")
    file = tmp_path / "consent.txt"
    file.write_text(RECEIPTS.write(ALICE.number, "Nordlicht Mobil", consent, WORDS), "utf-8")
    return file


def test_a_genuine_receipt_is_told_from_an_altered_one(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as genuine:
        main(["receipt", str(saved)])
    said = capsys.readouterr().out
    saved.write_text(saved.read_text("utf-8").replace("2026", "2027", 1), "utf-8")
    with pytest.raises(SystemExit) as altered:
        main(["receipt", str(saved)])

    assert genuine.value.code in (0, None)
    assert "genuine" in said
    assert ALICE.number in said
    assert altered.value.code == 1
    assert "altered" in capsys.readouterr().err


def test_with_the_key_no_database_is_needed(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as checked:
        main(["receipt", str(saved), "--key", RECEIPTS.public_key])
    with pytest.raises(SystemExit) as other:
        main(["receipt", str(saved), "--key", "AAAA"])

    assert (checked.value.code or 0, other.value.code) == (0, 1)
    assert not (saved.parent / "data").exists()
    assert "another key" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe"])
def test_what_is_no_receipt_is_refused_in_one_line(
    saved: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    saved.write_bytes(content)

    with pytest.raises(SystemExit) as refused:
        main(["receipt", str(saved), "--key", RECEIPTS.public_key])

    assert refused.value.code == 1
    assert capsys.readouterr().err.count("\n") == 1
