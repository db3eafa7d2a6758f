"""A vocabulary is what one language says: the words that are understood, the labels of buttons.

It is read from `messages/<language>/keywords.toml`; a folder more is a language more.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

import msgspec

from flows.intent import Intent
from messages.folding import fold, words

TYPOS_FROM = 6  # letters of an alarming word: "Feuer" must not be heard in "teuer"


class Place(StrEnum):
    """Where a button may lead: a page of ours or of the operator."""

    PAGE = "page"
    FILM = "film"
    APP = "app"
    PORTAL = "portal"


# Whoever types what stands on such a button gets the link, or sees where they stand.
_TYPED = {
    Place.PAGE: Intent.STATUS,
    Place.FILM: Intent.NEXT,
    Place.APP: Intent.NEXT,
    Place.PORTAL: Intent.NEXT,
}


class _Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    yes: tuple[str, ...]
    no: tuple[str, ...]
    with_yes: tuple[str, ...]
    with_no: tuple[str, ...]


class _Courtesy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: tuple[str, ...]


class _Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    inside: tuple[str, ...]
    harmless: tuple[str, ...] = ()


class _Emergency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: tuple[str, ...]
    harmless: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is written."""

    locale: str
    words: dict[Intent, tuple[str, ...]]
    answers: _Answers
    courtesy: _Courtesy
    stop: _Stop
    emergency: _Emergency
    lookalikes: _Courtesy
    labels: dict[Intent, str]
    labels_of: dict[str, dict[Intent, str]] = {}
    opens: dict[Place, str] = {}
    share_number: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What sounds like an emergency in one language, folded; `amounts` as people write them.

    Phrases stand between blanks, as they do in a sentence; `guessable` is what may be misspelt.
    """

    words: frozenset[str]
    beginnings: tuple[str, ...]
    endings: tuple[str, ...]
    guessable: tuple[str, ...]
    phrases: tuple[str, ...]
    harmless: tuple[str, ...]
    amounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one language, folded; phrases are words with one blank between them."""

    language: str
    locale: str
    phrases: Mapping[str, Intent]
    yes: frozenset[str]
    no: frozenset[str]
    with_yes: frozenset[str]
    with_no: frozenset[str]
    courtesy: frozenset[str]
    stops: tuple[str, ...]
    harmless_stops: tuple[str, ...]
    lookalikes: frozenset[str]
    alarm: Alarm
    labels: Mapping[Intent, str]
    labels_of: Mapping[str, Mapping[Intent, str]]
    opens: Mapping[Place, str]
    share_number: str

    def label(self, line: str, intent: Intent) -> str | None:
        """Give what a button says below this line; None where this language has no word for it."""
        return self.labels_of.get(line, {}).get(intent) or self.labels.get(intent)


@cache
def vocabularies() -> Mapping[str, Vocabulary]:
    """Read every language that is shipped, by its code."""
    folders = (folder for folder in files("messages").iterdir() if folder.is_dir())
    found = ((folder.name, folder / "keywords.toml") for folder in folders)
    read = {code: file.read_text("utf-8") for code, file in sorted(found) if file.is_file()}
    return {code: parse(code, text) for code, text in read.items()}


def parse(language: str, text: str) -> Vocabulary:
    """Read one language's keywords; a wrong key raises msgspec.ValidationError with its place."""
    file = msgspec.convert(tomllib.loads(text), _File)
    return Vocabulary(
        language=language,
        locale=file.locale,
        phrases=dict(_phrases(file)),
        yes=frozenset(_fold_all(file.answers.yes)),
        no=frozenset(_fold_all(file.answers.no)),
        with_yes=frozenset(_fold_all(file.answers.with_yes)),
        with_no=frozenset(_fold_all(file.answers.with_no)),
        courtesy=frozenset(_fold_all(file.courtesy.words)),
        stops=_fold_all(file.stop.inside),
        harmless_stops=_fold_all(file.stop.harmless),
        lookalikes=frozenset(_fold_all(file.lookalikes.words)),
        alarm=_alarm(file.emergency),
        labels=file.labels,
        labels_of=file.labels_of,
        opens=file.opens,
        share_number=file.share_number,
    )


def _phrases(file: _File) -> Iterator[tuple[str, Intent]]:
    """Labels are understood when they are typed, too; the listed words come last and win."""
    for labels in (file.labels, *file.labels_of.values()):
        yield from ((_phrase(label), intent) for intent, label in labels.items())
    yield from ((_phrase(label), _TYPED[place]) for place, label in file.opens.items())
    for intent, phrases in file.words.items():
        yield from ((_phrase(phrase), intent) for phrase in phrases)


def _alarm(emergency: _Emergency) -> Alarm:
    listed = emergency.words
    whole = _fold_all(w for w in listed if "*" not in w)
    single = tuple(w for w in whole if " " not in w)
    beginnings = _fold_all(w for w in listed if w.endswith("*"))
    return Alarm(
        words=frozenset(single),
        beginnings=beginnings,
        endings=_fold_all(w for w in listed if w.startswith("*")),
        guessable=tuple(w for w in (*single, *beginnings) if len(w) >= TYPOS_FROM),
        phrases=tuple(f" {w} " for w in whole if " " in w),
        harmless=tuple(f" {w} " for w in _fold_all(emergency.harmless)),
        amounts=tuple(fold(a) for a in emergency.amounts),
    )


def _fold_all(phrases: Iterable[str]) -> tuple[str, ...]:
    return tuple(_phrase(phrase) for phrase in phrases)


def _phrase(phrase: str) -> str:
    return " ".join(words(fold(phrase)))
