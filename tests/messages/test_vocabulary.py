"""A language's keywords are whole, and no word of it means two things."""

import tomllib
from importlib.resources import files

import msgspec
import pytest

from flows.intent import Intent
from flows.lines import Line
from messages.folding import fold, words
from messages.lint import every_line
from messages.vocabulary import Vocabulary, parse, vocabularies
from messages.wording import name_of

EVERY_LANGUAGE = pytest.mark.parametrize(
    "vocabulary", vocabularies().values(), ids=lambda v: v.language
)
# design.md 1.5
CONTRACT = {
    "de": {
        Intent.JOIN: ("JA", "MITMACHEN"),
        Intent.DECLINE: ("NEIN",),
        Intent.OPT_OUT: ("STOPP", "STOP", "ENDE", "ABMELDEN"),
        Intent.OPT_IN: ("START",),
        Intent.LEAVE: ("AUSSTEIGEN",),
        Intent.STATUS: ("STATUS",),
        Intent.NEXT: ("WEITER", "LINK"),
        Intent.HELP: ("HILFE",),
        Intent.PERSON: ("MENSCH",),
        Intent.TERMS: ("BEDINGUNGEN",),
        Intent.OBJECT: ("EINSPRUCH",),
        Intent.DATA: ("DATEN",),
        Intent.ERASE: ("LÖSCHEN",),
        Intent.LANGUAGE: ("DEUTSCH",),
    },
    "en": {
        Intent.JOIN: ("JOIN",),
        Intent.DECLINE: ("NO",),
        Intent.OPT_OUT: ("STOP", "UNSUBSCRIBE"),
        Intent.OPT_IN: ("START",),
        Intent.LEAVE: ("LEAVE",),
        Intent.STATUS: ("STATUS",),
        Intent.NEXT: ("NEXT", "LINK"),
        Intent.HELP: ("SUPPORT",),
        Intent.PERSON: ("HUMAN",),
        Intent.TERMS: ("TERMS",),
        Intent.OBJECT: ("OBJECT",),
        Intent.DATA: ("DATA",),
        Intent.ERASE: ("DELETE",),
        Intent.LANGUAGE: ("ENGLISH",),
    },
}


def source(language: str) -> str:
    return files("messages").joinpath(language, "keywords.toml").read_text("utf-8")


@EVERY_LANGUAGE
def test_the_words_of_the_contract_are_all_there(vocabulary: Vocabulary) -> None:
    for intent, listed in CONTRACT[vocabulary.language].items():
        for word in listed:
            assert vocabulary.phrases[" ".join(words(fold(word)))] is intent


@EVERY_LANGUAGE
def test_no_word_means_two_things(vocabulary: Vocabulary) -> None:
    meant: dict[str, Intent] = {}

    for intent, listed in tomllib.loads(source(vocabulary.language))["words"].items():
        for word in listed:
            folded = " ".join(words(fold(word)))
            assert meant.setdefault(folded, Intent(intent)) == intent, word


def test_no_word_means_different_things_in_two_languages() -> None:
    meant: dict[str, Intent] = {}

    for vocabulary in vocabularies().values():
        for phrase, intent in vocabulary.phrases.items():
            assert meant.setdefault(phrase, intent) is intent, phrase


@EVERY_LANGUAGE
def test_a_yes_is_never_a_no(vocabulary: Vocabulary) -> None:
    assert vocabulary.yes.isdisjoint(vocabulary.no | vocabulary.with_no)
    assert vocabulary.no.isdisjoint(vocabulary.with_yes)


@EVERY_LANGUAGE
def test_courtesy_has_no_meaning_of_its_own(vocabulary: Vocabulary) -> None:
    for other in vocabularies().values():
        meaningful = {*other.phrases, *other.yes, *other.no}
        assert vocabulary.courtesy.isdisjoint(meaningful)


@EVERY_LANGUAGE
def test_every_line_has_a_label_for_all_it_offers(vocabulary: Vocabulary) -> None:
    for line in every_line():
        for intent in line.offers:
            assert vocabulary.label(name_of(line), intent), (line, intent)


@EVERY_LANGUAGE
def test_labels_of_a_line_belong_to_a_line_that_offers_them(vocabulary: Vocabulary) -> None:
    known: dict[str, type[Line]] = {name_of(line): line for line in every_line()}

    for name, labels in vocabulary.labels_of.items():
        assert set(labels) <= set(known[name].offers)


def test_a_slip_in_the_file_is_named_by_its_place() -> None:
    broken = source("de").replace("[courtesy]\nwords", "[courtesy]\nword")

    with pytest.raises(msgspec.ValidationError, match="courtesy"):
        parse("de", broken)


def test_an_unknown_meaning_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="words"):
        parse("de", source("de").replace('join = ["JA"', 'jion = ["JA"'))
