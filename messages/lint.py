"""Lint reads every line in every language as customers would get it, and finds what is amiss."""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from functools import cache
from importlib.resources import files

import msgspec
from jinja2 import UndefinedError

from flows import lines
from flows.campaign import Campaign
from flows.customer import Channel
from flows.lines import Line
from messages.rules import JUDGES, Fault, Rendering, Rule, Tone
from messages.samples import EXTREMES, LONG_LINKS
from messages.topic_rules import lint_topics
from messages.topics import Topics, shipped
from messages.wording import LETTER_END, Wordbook, name_of

_ONLY: Mapping[Channel, tuple[type[Line], ...]] = {
    Channel.PAGE: (lines.ConsentAsked,),
}


def every_line() -> tuple[type[Line], ...]:
    """List the classes of all lines, in the order a customer hears them."""
    named = [v for v in vars(lines).values() if isinstance(v, type) and issubclass(v, Line)]
    return tuple(line for line in named if line is not Line)


def lint(campaign: Campaign, wordbook: Wordbook, topics: Topics | None = None) -> tuple[Fault, ...]:
    """Find every fault of a campaign's wording and of its help topics, each named once."""
    faults: dict[Fault, None] = {}
    for language in wordbook.languages:
        unworded = tuple(_unworded(language, wordbook))
        faults |= dict.fromkeys(unworded)
        tone = _tones().get(language, Tone())
        for found in render(wordbook, language, skip={fault.line for fault in unworded}):
            of_it = [found] if isinstance(found, Fault) else _judged(found, campaign, tone)
            faults |= dict.fromkeys(of_it)
    of_topics = lint_topics(topics or shipped(), campaign, _tones())
    return (*faults, *of_topics)


def render(
    wordbook: Wordbook, language: str, skip: Collection[str] = ()
) -> Iterator[Rendering | Fault]:
    """Word every line with the longest facts, by every channel that may carry it."""
    for line in EXTREMES:
        name = name_of(type(line))
        if name in skip:
            continue
        for channel in Channel:
            if not isinstance(line, _ONLY.get(channel, Line)):
                continue
            try:
                wording = wordbook.word(line, language, channel, LONG_LINKS)
            except UndefinedError as error:
                yield Fault(Rule.WORDED, language, name, str(error), channel)
            else:
                yield Rendering(line, language, channel, wording)


def _unworded(language: str, wordbook: Wordbook) -> Iterator[Fault]:
    """Compare the macros of a language with the lines."""
    macros = wordbook.speech(language, Channel.SMS).macros
    known = {name_of(line): line for line in every_line()}
    for name in sorted(macros.keys() - known.keys() - {LETTER_END}):
        yield Fault(Rule.WORDED, language, name, "there is no such line")
    for name, line in known.items():
        if name not in macros:
            yield Fault(Rule.WORDED, language, name, "the macro is missing")
            continue
        facts = tuple(field.name for field in fields(line))
        if tuple(macros[name].arguments) != facts:
            yield Fault(Rule.WORDED, language, name, f"the parameters must be: {', '.join(facts)}")


def _judged(rendering: Rendering, campaign: Campaign, tone: Tone) -> Iterator[Fault]:
    for rule, judge in JUDGES.items():
        detail = judge(rendering, campaign, tone)
        if detail is not None:
            yield Fault(rule, rendering.language, rendering.name, detail, rendering.channel)


@cache
def _tones() -> Mapping[str, Tone]:
    """Read how each language does not talk, from `messages/<language>/tone.toml`."""
    places = {folder.name: folder / "tone.toml" for folder in files("messages").iterdir()}
    return {
        code: msgspec.convert(tomllib.loads(place.read_text("utf-8")), Tone)
        for code, place in places.items()
        if place.is_file()
    }
