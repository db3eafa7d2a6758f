"""Wording finds the words of a line: one macro per line in `messages/<language>/wording.j2`.

Telegram gets HTML, every fact escaped by the template engine and nowhere else; SMS and e-mail get
plain text, and that of an SMS is normalised, so what is counted and kept is what goes out.
"""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import structlog
from babel import Locale
from jinja2.runtime import Macro

from flows.campaign import Campaign
from flows.customer import Channel
from flows.lines import CodeShown, DataErased, Emergency, Line
from messages.alphabet import normalise
from messages.buttons import Button, Places, buttons
from messages.cards import Card, card_of
from messages.macros import environment_of, macros_of
from messages.manner import Manner
from messages.topic_texts import TopicTexts
from messages.topics import Topics, shipped
from messages.vocabulary import Vocabulary, vocabularies

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_SUBJECT = "Subject: "
_BLANK_LINE, _LINE_END = re.compile(r"\n\s*\n"), re.compile(r" ?¶ ?")
LETTER_END = "letter_end"
_COMPLETE = (CodeShown, DataErased, Emergency)  # nothing may stand below these


class WordingError(Exception):
    """The words of a line cannot be found."""


class Unspoken(WordingError):
    """A language of the campaign has no wording."""


class Unworded(WordingError):
    """A line has no words, neither in the customer's language nor in the campaign's first."""


class Links(Places, Protocol):
    """The places a text may lead to; each is made when a macro first asks for it."""

    @property
    def telegram(self) -> str | None:
        """Give the personal deep link into Telegram; None if the channel is off or linked."""


@dataclass(frozen=True, slots=True)
class FixedLinks:
    """Links that are known beforehand."""

    telegram: str | None = None
    page: str | None = None
    film: str = ""
    app: str = ""
    portal: str = ""


NO_LINKS = FixedLinks()  # for strangers, to whom nothing is linked


@dataclass(frozen=True, slots=True)
class Wording:
    """A line in words: HTML for Telegram, plain text otherwise; only an e-mail has a subject."""

    text: str
    buttons: tuple[Button, ...] = ()
    subject: str | None = None
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class Speech:
    """What is said in one language by one channel: the macros, by the names of their lines."""

    language: str
    channel: Channel
    macros: Mapping[str, Macro]
    vocabulary: Vocabulary
    brand: str
    manner: Manner
    topics: TopicTexts

    def say(self, name: str, line: Line, links: Links) -> str | None:
        """Render a line; None if there is no macro of this name."""
        macro = self.macros.get(name)
        if macro is None:
            return None
        facts = {fact: getattr(line, fact) for fact in _facts_of(type(line))}  # type: ignore[arg-type]  # a class is hashable
        return self._written(macro, links, facts)

    def say_goodbye(self, links: Links) -> str:
        """Render what stands below a letter, to which nobody can answer by a word."""
        macro = self.macros.get(LETTER_END)
        return self._written(macro, links, {}) if macro is not None else ""

    def _written(self, macro: Macro, links: Links, facts: Mapping[str, object]) -> str:
        before = _LINKS.set(_Once(links))
        try:
            return _laid_out(str(macro(**facts)), self.channel)
        finally:
            _LINKS.reset(before)


class Wordbook:
    """Every line in every language of a campaign; a channel's words are read when first said."""

    def __init__(
        self, campaign: Campaign, sources: Mapping[str, tuple[str, ...]], topics: Topics
    ) -> None:
        self.languages = campaign.messages.languages
        self.topics = topics
        self._campaign = campaign
        self._sources = sources
        self._speeches: dict[tuple[str, Channel], Speech] = {}
        self._missed: set[tuple[str, str]] = set()

    @classmethod
    def load(
        cls, campaign: Campaign, overrides: Path | None = None, topics: Topics | None = None
    ) -> "Wordbook":
        """Find the shipped wording and the operator's own, `<overrides>/<language>/wording.j2`.

        The first language of the campaign stands in for what another one lacks. Raises Unspoken;
        with overrides, which nobody has tried, jinja2.TemplateSyntaxError with file and line.
        """
        sources = {one: _sources(one, overrides) for one in campaign.messages.languages}
        book = cls(campaign, sources, topics or shipped())
        if overrides is not None:
            for language in book.languages:
                book.speech(language, Channel.SMS)
        return book

    def speech(self, language: str, channel: Channel) -> Speech:
        """Give the macros of a language of the campaign; "de-AT" speaks "de"."""
        own = language.partition("-")[0].lower()
        spoken = own if own in self._sources else self.languages[0]
        speech = self._speeches.get((spoken, channel))
        if speech is None:
            texts = TopicTexts(self.topics, spoken, channel, self._campaign.operator)
            speech = _speech(self._sources[spoken], self._campaign, texts)
            self._speeches[spoken, channel] = speech
        return speech

    def word(self, line: Line, language: str, channel: Channel, links: Links) -> Wording:
        """Say a line in a language, or in the campaign's first; raises Unworded."""
        name = name_of(type(line))
        for spoken in (language, self.languages[0]):
            speech = self.speech(spoken, channel)
            text = speech.say(name, line, links)
            if text is not None:
                return _finished(text, line, speech, links)
            self._miss(speech.language, name)
        raise Unworded(f"no macro {name} for {language!r}")

    def _miss(self, language: str, name: str) -> None:
        if (language, name) not in self._missed:
            self._missed.add((language, name))
            log.warning("wording_missing", language=language, line=name)


def name_of(line: type[Line]) -> str:
    """Name the macro of a line: CallRestarted is worded by `call_restarted`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", line.__name__).lower()


class _Once:
    """Links that are made once each, however often a macro writes them."""

    def __init__(self, links: Links) -> None:
        self._links = links

    @cached_property
    def telegram(self) -> str | None:
        return self._links.telegram

    @cached_property
    def page(self) -> str | None:
        return self._links.page

    @cached_property
    def film(self) -> str:
        return self._links.film

    @cached_property
    def app(self) -> str:
        return self._links.app

    @cached_property
    def portal(self) -> str:
        return self._links.portal


_LINKS: ContextVar[Links] = ContextVar("links")


class _Current:
    """The links of the text that is being written; macros know it as `links`."""

    def __getattr__(self, name: str) -> object:
        return getattr(_LINKS.get(), name)


def _sources(language: str, overrides: Path | None) -> tuple[str, ...]:
    """Read the files of a language, the operator's own last."""
    shipped = files("messages") / language / "wording.j2"
    own = overrides / language / "wording.j2" if overrides else shipped
    found = [place.read_text("utf-8") for place in dict.fromkeys((shipped, own)) if place.is_file()]
    if not found:
        raise Unspoken(f"messages.languages: there is no wording for {language!r}")
    return tuple(found)


def _speech(sources: tuple[str, ...], terms: Campaign, topics: TopicTexts) -> Speech:
    language, channel = topics.language, topics.channel
    known = vocabularies()
    first = known.get(terms.messages.languages[0]) or next(iter(known.values()))
    vocabulary = known.get(language, first)
    locale = Locale.parse(vocabulary.locale if language in known else language)
    manner = Manner(locale, terms.zone, channel)
    environment = environment_of(manner)
    operator = terms.operator
    environment.globals |= {field.name: getattr(operator, field.name) for field in fields(operator)}
    environment.globals |= {"channel": channel.value} | {c.value: c is channel for c in Channel}
    environment.globals |= {"links": _Current(), "help_topics": topics}
    macros: dict[str, Macro] = {}
    for source in sources:
        macros |= macros_of(f"{language}/wording.j2", source, environment)
    return Speech(language, channel, macros, vocabulary, operator.brand, manner, topics)


@cache
def _facts_of(line: type[Line]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(line))


def _laid_out(text: str, channel: Channel) -> str:
    """Lay out what a macro wrote: a blank line ends a paragraph, ¶ a line, other breaks none."""
    gap = "\n" if channel is Channel.SMS else "\n\n"
    paragraphs = [" ".join(part.split()).strip("¶ ") for part in _BLANK_LINE.split(text)]
    joined = gap.join([paragraph for paragraph in paragraphs if paragraph])
    return _LINE_END.sub("\n", joined)


def _finished(text: str, line: Line, speech: Speech, links: Links) -> Wording:
    match speech.channel:
        case Channel.SMS:
            return Wording(normalise(text))
        case Channel.PAGE:
            return Wording(text)
        case Channel.TELEGRAM:
            named = name_of(type(line))
            offered = buttons(line, named, speech, links)
            card = card_of(line, speech.language, speech.brand, speech.manner.volume)
            return Wording(text, offered, card=card)
        case Channel.EMAIL:
            head, _, body = text.partition("\n")
            if head.startswith(_SUBJECT):
                return Wording(body.strip(), subject=head.removeprefix(_SUBJECT))
            if isinstance(line, _COMPLETE):
                return Wording(text)
            return Wording(f"{text}\n\n{speech.say_goodbye(links)}".strip())
