"""Lint of topics: what is shipped is clean, and every rule finds its fault."""

from dataclasses import replace
from pathlib import Path

import pytest

from flows.campaign import Campaign
from flows.customer import Channel
from messages.rules import Rule, Tone
from messages.segments import count, normalise
from messages.topic_rules import lint_topics
from messages.topics import load, shipped
from tests.messages.speaking import TERMS

TONES = {"de": Tone(banned=("nicht anrufen", "verboten")), "en": Tone(banned=("do not call",))}
LONG = replace(
    TERMS.operator,
    brand="Nordlicht Mobilfunk",
    hotline="0049 30 23125 100",
    portal_url="https://portal.nordlicht.example/mein-nordlicht/privatkunden/anmelden",
)


def faults(folder: Path, written: str, terms: Campaign = TERMS) -> set[tuple[Rule, str]]:
    """Lay some keys over the German topics and lint."""
    (folder / "de").mkdir()
    (folder / "de" / "topics.toml").write_text(written, "utf-8")
    found = lint_topics(load(folder), terms, TONES)
    assert all(fault.line in str(fault) for fault in found)
    return {(fault.rule, f"{fault.language}/{fault.line}: {fault.detail}") for fault in found}


@pytest.mark.parametrize("operator", [TERMS.operator, LONG], ids=["sample", "long"])
def test_what_is_shipped_has_no_fault(operator: object) -> None:
    assert isinstance(operator, type(TERMS.operator))

    assert lint_topics(shipped(), replace(TERMS, operator=operator), TONES) == ()


def test_a_short_answer_is_two_segments_at_most_and_a_fuller_one_fits_a_message() -> None:
    for language in shipped().languages:
        for topic in shipped().of(language).values():
            assert count(normalise(topic.answer(Channel.SMS, LONG))).segments <= 2
            assert len(topic.answer(Channel.TELEGRAM, LONG)) < 1000


@pytest.mark.parametrize(
    ("written", "rule", "detail"),
    [
        ('[bill]\nsms = "{link}"', Rule.REACHABLE, "de/bill: no 030 23125 100"),
        (
            f'[bill]\ntitle = "{"R" * 31}"',
            Rule.SHORT,
            "de/bill: the title has 31 letters, at most 30",
        ),
        (
            '["Große Frage"]\ntitle = "x"\nphrases = []\nsms = ""\ntelegram = ""',
            Rule.WORDED,
            "de/Große Frage: a name is small letters, digits, _ and -",
        ),
        ('[bill]\ntelegram = "Im Portal."', Rule.REACHABLE, "de/bill: no 030 23125 100"),
        (
            '[bill]\nsms = "{hotline}"',
            Rule.WORDED,
            "de/bill: does not lead to https://portal.nordlicht.example#rechnung",
        ),
        (
            '[bill]\nsms = "{link} {hotline}, bitte nicht anrufen!"',
            Rule.KIND,
            "de/bill: says: nicht anrufen",
        ),
        ('[bill]\nsms = "{link} {hotline} 👍"', Rule.ENCODED, "de/bill: not in GSM-7: 👍"),
        (
            f'[bill]\nsms = "{{link}} {{hotline}} {"x" * 300}"',
            Rule.SHORT,
            "de/bill: 3 segments, at most 2",
        ),
        ('[bill]\nsms = "{name}"', Rule.WORDED, "de/bill: nobody fills {name}"),
        ('[bill]\nphrases = ["Rechnung"]', Rule.WORDED, "de/bill: 1 phrases, at least 18"),
    ],
    ids=[
        *("hotline", "title", "name", "hotline there too", "link", "ban"),
        *("emoji", "long", "placeholder", "phrases"),
    ],
)
def test_a_rule_finds_its_fault(written: str, rule: Rule, detail: str, tmp_path: Path) -> None:
    assert (rule, detail) in faults(tmp_path, written)


def test_a_brace_that_stands_alone_is_named(tmp_path: Path) -> None:
    found = faults(tmp_path, '[bill]\nsms = "{link"')

    assert [rule for rule, detail in found if "a brace stands alone" in detail] == [Rule.WORDED]


def test_a_topic_is_missing_where_only_another_language_has_it(tmp_path: Path) -> None:
    written = f"""
    [streaming]
    title = "Filme"
    phrases = {[f"Film {n}" for n in range(18)]}
    sms = "{{link}} {{hotline}}"
    telegram = "{{hotline}}"
    """

    assert faults(tmp_path, written) == {(Rule.WORDED, "en/streaming: the topic is missing")}


def test_a_language_of_the_campaign_without_topics_lacks_them_all() -> None:
    terms = replace(TERMS, messages=replace(TERMS.messages, languages=("de", "tr")))

    found = lint_topics(shipped(), terms, TONES)

    assert [fault.line for fault in found] == list(shipped().ids)


def test_two_topics_cannot_claim_the_same_phrase(tmp_path: Path) -> None:
    phrases = [*shipped().topic("puk", "de").phrases, "HANDYRECHNUNG"]

    found = faults(tmp_path, f"[puk]\nphrases = {phrases}")

    assert found == {(Rule.WORDED, "de/puk: “HANDYRECHNUNG” is claimed by bill, too")}
