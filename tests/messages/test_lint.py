"""The shipped wording keeps every rule, and each rule finds what breaks it."""

from dataclasses import replace
from pathlib import Path

import pytest

from flows.customer import Channel
from flows.intent import Intent
from flows.lines import Line
from messages.lint import every_line, lint
from messages.rules import JUDGES, Fault, Rendering, Rule, Tone
from messages.samples import EXTREMES
from messages.wording import Wordbook, Wording
from tests.messages.speaking import TERMS, with_words, wordbook

# Macros with a fault each, what the fault is, and where it is found.
BROKEN: tuple[tuple[str, str, Rule, str], ...] = (
    ("kept", "{% macro kept(x) %}Gut.{% endmacro %}", Rule.WORDED, "the parameters must be: "),
    ("keptt", "{% macro keptt() %}Gut.{% endmacro %}", Rule.WORDED, "there is no such line"),
    ("kept", "{% macro kept() %}{{ nobody }}{% endmacro %}", Rule.WORDED, "'nobody' is undefined"),
    (
        "kept",
        "{% macro kept() %}Gut \U0001f600{% endmacro %}",
        Rule.ENCODED,
        "not in GSM-7: \U0001f600",
    ),
    (
        "kept",
        "{% macro kept() %}" + "Gut " * 80 + "{% endmacro %}",
        Rule.SHORT,
        "3 segments, at most 2",
    ),
    (
        "step_reminder",
        "{% macro step_reminder(steps, megabytes) %}{{ brand }} STOPP"
        + " Gut" * 40
        + "{% endmacro %}",
        Rule.SHORT,
        "2 segments, at most 1",
    ),
    (
        "step_reminder",
        "{% macro step_reminder(steps, megabytes) %}{{ brand }}: Es fehlt etwas.{% endmacro %}",
        Rule.STOPPABLE,
        "does not say STOPP",
    ),
    (
        "reinstated",
        "{% macro reinstated() %}Wieder da.{% endmacro %}",
        Rule.SIGNED,
        "does not name Nordlicht Mobil",
    ),
    (
        "help",
        "{% macro help(is_member) %}{{ brand }}: STATUS{% endmacro %}",
        Rule.REACHABLE,
        "no 030 23125 100",
    ),
    (
        "emergency",
        "{% macro emergency() %}Rufen Sie 112.{% endmacro %}",
        Rule.RESCUING,
        "does not name 112 and 110",
    ),
    (
        "emergency",
        "{% macro emergency() %}112, 110. Ihre 600 MB bleiben.{% endmacro %}",
        Rule.RESCUING,
        "says more than where help is",
    ),
    (
        "kept",
        "{% macro kept() %}Bitte nicht anrufen!{% endmacro %}",
        Rule.KIND,
        "says: nicht anrufen",
    ),
    ("kept", "{% macro kept() %}Jetzt sind Sie MUTIG.{% endmacro %}", Rule.KIND, "says: mutig"),
    ("kept", "{% macro kept() %}Gut. Neue Angebote!{% endmacro %}", Rule.HONEST, "says: Angebote"),
    ("kept", "{% macro kept() %}<b>Gut{% endmacro %}", Rule.MARKED_UP, "<b> is not closed"),
    (
        "kept",
        "{% macro kept() %}<h1>Gut</h1>{% endmacro %}",
        Rule.MARKED_UP,
        "<h1> is unknown to Telegram",
    ),
    ("kept", "{% macro kept() %}Gut</b>{% endmacro %}", Rule.MARKED_UP, "</b> closes nothing"),
)


def test_the_shipped_wording_has_no_fault() -> None:
    assert lint(TERMS, wordbook()) == ()


@pytest.mark.parametrize(("name", "macro", "rule", "detail"), BROKEN)
def test_a_fault_is_found_and_named(
    tmp_path: Path, name: str, macro: str, rule: Rule, detail: str
) -> None:
    faults = lint(TERMS, with_words(tmp_path, macro))

    assert (rule, "de", name, detail) in {(f.rule, f.language, f.line, f.detail) for f in faults}


def test_every_rule_is_shown_to_find_something() -> None:
    shown = {rule for _, _, rule, _ in BROKEN}

    assert shown | {Rule.LABELLED} == set(Rule)


def test_a_fault_is_found_in_english_too(tmp_path: Path) -> None:
    macro = "{% macro kept() %}You must not call us.{% endmacro %}"

    faults = lint(TERMS, with_words(tmp_path, macro, "en"))

    assert {(f.rule, f.language, f.detail) for f in faults} == {
        (Rule.KIND, "en", "says: must not call")
    }


def test_a_choice_without_a_label_is_found() -> None:
    line = next(line for line in EXTREMES if Intent.OBJECT in line.offers)
    mute = Rendering(line, "de", Channel.TELEGRAM, Wording("Gut"))

    found = JUDGES[Rule.LABELLED](mute, TERMS, Tone())

    assert found is not None
    assert "object" in found


def test_a_line_that_a_language_lacks_is_found(tmp_path: Path) -> None:
    messages = replace(TERMS.messages, languages=("de", "tr"))
    (tmp_path / "tr").mkdir()
    (tmp_path / "tr" / "wording.j2").write_text("{% macro kept() %}Tamam.{% endmacro %}")
    terms = replace(TERMS, messages=messages)

    faults = lint(terms, Wordbook.load(terms, tmp_path))

    missing = [f for f in faults if f.detail == "the macro is missing"]
    assert len(missing) == len(every_line()) - 1
    assert {f.language for f in missing} == {"tr"}


def test_a_long_name_shows_where_it_no_longer_fits() -> None:
    operator = replace(TERMS.operator, brand="Nordlicht Mobilfunk und Festnetz Gesellschaft")
    terms = replace(TERMS, operator=operator)

    faults = lint(terms, Wordbook.load(terms))

    assert (Rule.SHORT, "invitation") in {(f.rule, f.line) for f in faults}


def test_a_fault_says_where_it_stands() -> None:
    fault = Fault(Rule.SHORT, "de", "kept", "3 segments, at most 2", Channel.SMS)

    assert str(fault) == "de/kept (sms): 3 segments, at most 2"


def test_every_line_is_known_by_its_class() -> None:
    assert len(every_line()) == len({line.__name__ for line in every_line()})
    assert all(issubclass(line, Line) for line in every_line())
