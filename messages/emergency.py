"""An emergency is heard first, anywhere in a text and in every language; in doubt it is one."""

import re
from functools import cache

from rapidfuzz.distance import OSA

from messages.vocabulary import TYPOS_FROM, Alarm, vocabularies


def is_emergency(folded: str, spoken: tuple[str, ...]) -> bool:
    """Tell whether a folded text, given with its words, is about 112, 110 or distress."""
    if _number().search(folded):
        return True
    sentence = f" {' '.join(spoken)} "
    return any(_sounds(alarm, sentence) for alarm in _alarms())


def _sounds(alarm: Alarm, sentence: str) -> bool:
    for phrase in alarm.harmless:
        sentence = sentence.replace(phrase, " ")
    for phrase in alarm.phrases:
        if phrase in sentence:
            return True
    return any(_is_alarming(word, alarm) for word in set(sentence.split()))


def _is_alarming(word: str, alarm: Alarm) -> bool:
    if word in alarm.words or word.startswith(alarm.beginnings) or word.endswith(alarm.endings):
        return True
    if len(word) < TYPOS_FROM - 1 or word in _lookalikes():
        return False
    for known in alarm.guessable:
        is_as_long = abs(len(known) - len(word)) <= 1
        if is_as_long and OSA.distance(word, known, score_cutoff=1) <= 1:
            return True
    return False


@cache
def _alarms() -> tuple[Alarm, ...]:
    return tuple(vocabulary.alarm for vocabulary in vocabularies().values())


@cache
def _lookalikes() -> frozenset[str]:
    return frozenset().union(*(vocabulary.lookalikes for vocabulary in vocabularies().values()))


@cache
def _number() -> re.Pattern[str]:
    """Match 112 and 110, digit by digit too, but no amounts: "1120", "110 Euro", "1.112"."""
    units = {re.escape(amount) for alarm in _alarms() for amount in alarm.amounts}
    amount = rf"\s*(?:{'|'.join(sorted(units))})(?![^\W\d_])"
    return re.compile(
        rf"(?<![€$£\d])(?<![€$£] )(?<!\d[.,:])(?<!eur )(?<!euro )11[02](?!\d|[.,:]\d|{amount})"
        r"|(?<![\d.,:-])(?<!\d )1[ -]1[ -][02](?![ .,:-]?\d)"
    )
