"""The rules that help topics are held to, whoever wrote them: shipped or an operator's own."""

import re
from collections.abc import Callable, Iterator, Mapping
from string import Formatter

from flows.campaign import Campaign
from flows.customer import Channel
from messages.folding import fold, words
from messages.rules import Fault, Rule, Tone
from messages.segments import count, normalise, offenders
from messages.topics import Topic, Topics

LEAST_PHRASES = 18  # fewer find little: how many there are decides more than the method
_MOST_SEGMENTS = 2
_LONGEST_TITLE = 30  # letters: three titles fit a short message, and one a button
_ID = re.compile(r"[a-z0-9_-]{1,40}")  # a button carries it, in 64 bytes
_PLACEHOLDERS = frozenset({"brand", "hotline", "link"})
_CHANNELS = (Channel.SMS, Channel.TELEGRAM)


def lint_topics(topics: Topics, campaign: Campaign, tones: Mapping[str, Tone]) -> tuple[Fault, ...]:
    """Find what is amiss with the topics in the languages of a campaign, each fault once."""
    return tuple(
        fault
        for language in campaign.messages.languages
        for fault in _of_language(topics, language, campaign, tones.get(language, Tone()))
    )


def _of_language(topics: Topics, language: str, campaign: Campaign, tone: Tone) -> Iterator[Fault]:
    spoken = topics.of(language)
    for id_ in topics.ids:
        if id_ not in spoken:
            yield Fault(Rule.WORDED, language, id_, "the topic is missing")
    for topic in spoken.values():
        if not _ID.fullmatch(topic.id):
            yield Fault(Rule.WORDED, language, topic.id, "a name is small letters, digits, _ and -")
        if len(topic.title) > _LONGEST_TITLE:
            detail = f"the title has {len(topic.title)} letters, at most {_LONGEST_TITLE}"
            yield Fault(Rule.SHORT, language, topic.id, detail)
        if len(topic.phrases) < LEAST_PHRASES:
            detail = f"{len(topic.phrases)} phrases, at least {LEAST_PHRASES}"
            yield Fault(Rule.WORDED, language, topic.id, detail)
        for channel in _CHANNELS:
            yield from _of_answer(topic, channel, campaign, tone)
    yield from _claimed_twice(spoken, language)


def _claimed_twice(spoken: Mapping[str, Topic], language: str) -> Iterator[Fault]:
    """Find phrases that two topics claim, so that neither can be clear."""
    owners: dict[str, str] = {}
    for topic in spoken.values():
        for phrase in topic.phrases:
            said = " ".join(words(fold(phrase)))
            owner = owners.setdefault(said, topic.id)
            if owner != topic.id:
                detail = f"“{phrase}” is claimed by {owner}, too"
                yield Fault(Rule.WORDED, language, topic.id, detail)


def _of_answer(topic: Topic, channel: Channel, campaign: Campaign, tone: Tone) -> Iterator[Fault]:
    told = topic.sms if channel is Channel.SMS else topic.telegram
    if (unknown := _unknown_placeholder(told)) is not None:
        yield Fault(Rule.WORDED, topic.language, topic.id, unknown, channel)
        return
    text = topic.answer(channel, campaign.operator)
    judges = _JUDGES + (_OF_SMS if channel is Channel.SMS else ())
    for rule, judge in judges:
        if (detail := judge(text, topic, campaign, tone)) is not None:
            yield Fault(rule, topic.language, topic.id, detail, channel)


def _unknown_placeholder(told: str) -> str | None:
    try:
        named = {name for _, name, _, _ in Formatter().parse(told) if name is not None}
    except ValueError as error:
        return f"a brace stands alone ({error})"
    unknown = sorted(named - _PLACEHOLDERS)
    return f"nobody fills {{{unknown[0]}}}" if unknown else None


# --- One judge for each rule: what is wrong, None if nothing --------------------------------------


def _reachable(text: str, topic: Topic, campaign: Campaign, tone: Tone) -> str | None:
    del topic, tone
    hotline = campaign.operator.hotline
    return None if hotline in text else f"no {hotline}"


def _kind(text: str, topic: Topic, campaign: Campaign, tone: Tone) -> str | None:
    del topic, campaign
    spoken = f" {' '.join(words(fold(text)))} "
    said = (phrase for phrase in tone.banned if f" {' '.join(words(fold(phrase)))} " in spoken)
    phrase = next(said, None)
    return f"says: {phrase}" if phrase else None


def _leading(text: str, topic: Topic, campaign: Campaign, tone: Tone) -> str | None:
    del tone
    link = topic.link(campaign.operator.portal_url)
    return None if link in text else f"does not lead to {link}"


def _encoded(text: str, topic: Topic, campaign: Campaign, tone: Tone) -> str | None:
    del topic, campaign, tone
    foreign = offenders(normalise(text))
    return f"not in GSM-7: {' '.join(foreign)}" if foreign else None


def _short(text: str, topic: Topic, campaign: Campaign, tone: Tone) -> str | None:
    del topic, campaign, tone
    segments = count(normalise(text)).segments
    return f"{segments} segments, at most {_MOST_SEGMENTS}" if segments > _MOST_SEGMENTS else None


_Judge = Callable[[str, Topic, Campaign, Tone], str | None]
_JUDGES: tuple[tuple[Rule, _Judge], ...] = (
    (Rule.REACHABLE, _reachable),
    (Rule.KIND, _kind),
)
_OF_SMS: tuple[tuple[Rule, _Judge], ...] = (
    (Rule.WORDED, _leading),
    (Rule.ENCODED, _encoded),
    (Rule.SHORT, _short),
)
