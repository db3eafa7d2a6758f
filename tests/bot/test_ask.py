"""`ask`: the ranking as programs and people see it."""

import json
from pathlib import Path

import pytest

from bot.cli import main
from bot.commands.house import Doors
from bot.settings import Settings


def _closed(*_: object) -> object:
    raise AssertionError("asking opens no house")


@pytest.fixture(autouse=True)
def _nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments, Doors(_closed, _closed))  # type: ignore[arg-type]  # nobody opens them
    assert isinstance(left.value.code, int)
    return left.value.code


def test_the_ranking_is_told_as_json_best_first(capsys: pytest.CaptureFixture[str]) -> None:
    code = run("ask", "can i keep my number", "--language", "en", "--json")

    output = capsys.readouterr()
    ranked = json.loads(output.out)
    assert (code, output.err) == (0, "")
    assert all(set(one) == {"topic", "score", "why"} for one in ranked)
    assert ranked[0]["topic"] == "porting"
    assert ranked[0]["why"] == ["keep", "number"]
    assert [one["score"] for one in ranked] == sorted((o["score"] for o in ranked), reverse=True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("wo ist mein puk", "Answered at once: puk"),
        ("Welchen Tarif hab ich", "Offered: offers, contract"),
        ("😂", "No topic: a person answers"),
    ],
    ids=["clear", "several", "none"],
)
def test_people_read_what_a_customer_would_get(
    text: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("ask", text) == 0

    assert told in capsys.readouterr().out


def test_nothing_found_is_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("ask", "???", "--json") == 0

    assert json.loads(capsys.readouterr().out) == []


def test_a_language_without_topics_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("ask", "bonjour", "--language", "fr") == 1

    output = capsys.readouterr()
    assert output.out == ""
    expected = "fr: there are no topics in this language, only in de, en"
    assert output.err == f"statthotline: {expected}\n"
