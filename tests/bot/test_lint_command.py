"""`statthotline lint`: every text with its encoding, segments and price; a fault is an exit 1."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from bot.cli import main
from bot.commands.lint import lint
from messages.lint import every_line
from messages.segments import count

SHIPPED = files("flows").joinpath("campaign.toml").read_text("utf-8")


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run the command; gives its exit code and what it writes."""
    with pytest.raises(SystemExit) as left:
        main(["lint", *words])
    assert isinstance(left.value.code, int)
    return left.value.code, capsys.readouterr().out


def test_the_shipped_wording_has_no_fault_and_every_line_its_price(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out = told(capsys, "--json")

    found = json.loads(out)
    assert (code, found["ok"], found["faults"]) == (0, True, [])
    assert len(found["lines"]) == 2 * len(every_line())
    for line in found["lines"]:
        length = count(line["text"])
        measured = (line["encoding"], line["segments"], line["units"])
        assert measured == ("GSM-7", length.segments, length.units)
        assert line["cost_cents"] == 7.5 * length.segments


def test_a_name_with_an_emoji_is_found_and_priced(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "campaign.toml"
    place.write_text(SHIPPED.replace("Nordlicht Mobil", "Nordlicht 🌟"), "utf-8")
    monkeypatch.setenv("CAMPAIGN", str(place))

    code, out = told(capsys)
    plain, starred = lint(None), lint(place)

    assert code == 1
    assert "not in GSM-7: 🌟" in out
    assert "UCS-2" in out
    assert len(starred.faults) > 10
    assert sum(line.cost_cents for line in starred.lines) > 1.3 * sum(
        line.cost_cents for line in plain.lines
    )


def test_a_campaign_that_cannot_be_read_is_told_in_a_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN", str(tmp_path / "none.toml"))

    with pytest.raises(SystemExit) as left:
        main(["lint"])

    assert left.value.code == 1
    assert capsys.readouterr().err.count("\n") == 1
