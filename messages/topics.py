"""Topics are what people ask about besides the programme: their words, and our answers.

They are read from `messages/<language>/topics.toml`; an operator replaces or adds some by files of
the same shape. Finding only calculates: no model, no network.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from flows.campaign import Operator
from flows.customer import Channel
from messages.folding import fold, words
from messages.ranking import ELSEWHERE, Ranking

_LISTS = ("courtesy", "elsewhere", "anger")  # what is no topic in a file of topics
_MOST_FOUND = 5
_MOST_OFFERED = 3
_TELLING = 4  # letters of the shortest word that tells something
_COMMON = 3  # topics at most that know a word which tells something
# Calibrated on tests/messages/questions.toml; what is below resembles small talk as much.
_LIKELY = 1.8  # score from which on a topic is worth offering
_CERTAIN = 3.0  # score from which on a topic may be answered at once
_AHEAD = 0.25  # share of its score by which it must lead the second
_NEAR = 0.4  # share of the best score from which on another is offered beside it


class UnusableTopicsError(ValueError):
    """A file of topics cannot be read; the message names it and the place."""


class Fact(StrEnum):
    """What the operator's systems can tell live about a topic."""

    VOLUME = "volume"
    BILL = "bill"
    OUTAGE = "outage"


class _Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A topic as it is written."""

    title: str
    phrases: tuple[str, ...]
    sms: str
    telegram: str
    path: str = ""
    fact: Fact | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic in one language; the answers hold {brand}, {hotline} and {link}."""

    id: str
    language: str
    title: str
    phrases: tuple[str, ...]
    sms: str
    telegram: str
    path: str
    fact: Fact | None

    def link(self, portal_url: str) -> str:
        """Give the topic's place in a portal: a path, a part ("#bill") or a whole address."""
        if "://" in self.path:
            return self.path
        if not self.path or self.path[0] in "#?":
            return portal_url + self.path
        return f"{portal_url.rstrip('/')}/{self.path.lstrip('/')}"

    def answer(self, channel: Channel, operator: Operator) -> str:
        """Give the answer as plain text: the short one by SMS, the fuller one elsewhere."""
        told = self.sms if channel is Channel.SMS else self.telegram.strip()
        link = self.link(operator.portal_url)
        return told.format(brand=operator.brand, hotline=operator.hotline, link=link)


@dataclass(frozen=True, slots=True)
class Found:
    """A topic that a text may be about, and why: the words, or parts of words, that decided."""

    topic: str
    score: float
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clear:
    """One topic is meant; it can be answered at once."""

    topic: str


@dataclass(frozen=True, slots=True)
class Several:
    """One of these topics may be meant, up to three, best first."""

    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nobody:
    """No topic is meant; a person should answer."""


Choice = Clear | Several | Nobody
_Tables = Mapping[str, object]


class Topics:
    """Every topic in every language, ready to be asked."""

    def __init__(
        self,
        topics: Mapping[str, Mapping[str, Topic]],
        weigh: Callable[[], Ranking],
        anger: Iterable[str] = (),
        courtesy: Iterable[str] = (),
    ) -> None:
        self._topics = topics
        self._weigh = weigh
        self._anger = frozenset(word for said in anger for word in words(fold(said)))
        self._courtesy = frozenset(word for said in courtesy for word in words(fold(said)))
        self._spread = Counter(
            word
            for spoken in topics.values()
            for topic in spoken.values()
            for word in {w for phrase in (topic.title, *topic.phrases) for w in words(fold(phrase))}
        )
        self._titles = {
            " ".join(words(fold(topic.title))): topic.id
            for spoken in topics.values()
            for topic in spoken.values()
        }

    @cached_property
    def _ranking(self) -> Ranking:
        """Weigh the phrases when somebody first asks: a start need not wait for that."""
        return self._weigh()

    @property
    def languages(self) -> tuple[str, ...]:
        """Name the languages that have topics."""
        return tuple(self._topics)

    @property
    def ids(self) -> tuple[str, ...]:
        """Name every topic that any language has, in the order of the files."""
        return tuple(dict.fromkeys(id_ for spoken in self._topics.values() for id_ in spoken))

    def of(self, language: str) -> Mapping[str, Topic]:
        """Give what one language has, by id."""
        return self._topics.get(language, {})

    def topic(self, id_: str, language: str) -> Topic:
        """Give a topic in this language, or in another where this one lacks it; else KeyError."""
        if (topic := self.known(id_, language)) is None:
            raise KeyError(id_)
        return topic

    def known(self, id_: str, language: str) -> Topic | None:
        """Give a topic as `topic` does, None if there is no such topic (any more)."""
        spoken = (self.of(_own(language)), *self._topics.values())
        return next((topics[id_] for topics in spoken if id_ in topics), None)

    def titled(self, text: str) -> str | None:
        """Find the topic whose title this is, in any language."""
        return self._titles.get(" ".join(words(fold(text))))

    def knows(self, word: str) -> bool:
        """Tell whether a word, folded, occurs in any phrase."""
        return word in self._spread

    def telling(self, text: str) -> tuple[str, ...]:
        """Give the words of a text that say what it is about: no numbers, no everyday words."""
        known, polite = self._spread, self._courtesy
        said = (word for word in words(fold(text)) if word.isalpha() and word not in polite)
        told = (word for word in said if len(word) >= _TELLING)
        return tuple(dict.fromkeys(w for w in told if known.get(w, 0) <= _COMMON))

    def is_courtesy(self, text: str) -> bool:
        """Tell whether a text is a greeting or thanks and tells nothing else."""
        return not (self._courtesy.isdisjoint(words(fold(text))) or self.telling(text))

    def is_angry(self, text: str) -> bool:
        """Tell whether somebody swears, in any language."""
        return not self._anger.isdisjoint(words(fold(text)))

    def find(self, text: str, language: str) -> tuple[Found, ...]:
        """Find what a text may be about, best first, in any language; the own one counts more."""
        hits = self._ranking.rank(text, _own(language), most=_MOST_FOUND)
        return tuple(Found(hit.topic, hit.score, hit.why) for hit in hits)


def find(text: str, language: str) -> tuple[Found, ...]:
    """Find what a text may be about among the topics that are shipped, best first."""
    return shipped().find(text, language)


def choose(found: tuple[Found, ...]) -> Choice:
    """Decide whether one topic is answered, several are offered, or a person is needed."""
    likely = [one for one in found if one.score >= _LIKELY]
    if not likely:
        return Nobody()
    best, *others = found
    second = max((other.score for other in others), default=0.0)
    if best.score >= _CERTAIN and best.score - second >= _AHEAD * best.score:
        return Clear(best.topic)
    near = (one.topic for one in found if one.score >= _NEAR * best.score)
    return Several(tuple(near)[:_MOST_OFFERED])


@cache
def shipped() -> Topics:
    """Read the topics that are shipped, once."""
    return load()


def load(overrides: Path | None = None) -> Topics:
    """Read the shipped topics and the operator's own, `<overrides>/<language>/topics.toml`.

    Of a topic that is known, the keys given replace the shipped ones; another is added. Raises
    UnusableTopicsError.
    """
    told = {language: _read(place) for language, place in _places(files("messages"))}
    for language, place in _places(overrides) if overrides else ():
        told[language] = _merged(told.get(language, {}), _read(place))
    topics = {language: dict(_topics(language, tables)) for language, tables in told.items()}
    courtesy = {word for tables in told.items() for word in _listed("courtesy", *tables)}
    anger = [word for tables in told.items() for word in _listed("anger", *tables)]
    said = dict(_phrases(told, topics))
    return Topics(topics, lambda: Ranking(said, courtesy), anger, courtesy)


def _own(language: str) -> str:
    return language.partition("-")[0].lower()


def _places(folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    for language in sorted(folder.iterdir(), key=lambda entry: entry.name):
        place = language / "topics.toml"
        if language.is_dir() and place.is_file():
            yield language.name, place


def _read(place: Traversable) -> _Tables:
    try:
        return tomllib.loads(place.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnusableTopicsError(f"{place}: {error}") from error


def _merged(shipped_ones: _Tables, own: _Tables) -> _Tables:
    """Lay the operator's keys over the shipped ones, topic by topic; lists are taken whole."""
    merged = dict(shipped_ones)
    for name, table in own.items():
        known = merged.get(name)
        if isinstance(known, dict) and isinstance(table, dict):
            merged[name] = known | table
        else:
            merged[name] = table
    return merged


def _topics(language: str, tables: _Tables) -> Iterator[tuple[str, Topic]]:
    for id_, table in tables.items():
        if id_ in _LISTS:
            continue
        try:
            told = msgspec.convert(table, _Told)
        except msgspec.ValidationError as error:
            raise UnusableTopicsError(f"{language}/topics.toml [{id_}]: {error}") from error
        yield id_, Topic(id=id_, language=language, **msgspec.structs.asdict(told))


def _phrases(
    told: Mapping[str, _Tables], topics: Mapping[str, Mapping[str, Topic]]
) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    """Gather what is said about each topic, its title too, and what is about none."""
    for language, tables in told.items():
        yield (language, ELSEWHERE), _listed("elsewhere", language, tables)
        for id_, topic in topics[language].items():
            yield (language, id_), (topic.title, *topic.phrases)


def _listed(name: str, language: str, tables: _Tables) -> tuple[str, ...]:
    try:
        return msgspec.convert(tables.get(name, ()), tuple[str, ...])
    except msgspec.ValidationError as error:
        raise UnusableTopicsError(f"{language}/topics.toml [{name}]: {error}") from error
