"""An emergency is heard first, anywhere in a text and in every language; in doubt it is one."""

import re
from functools import cache

from rapidfuzz.distance import OSA

from messages.vocabulary import Alarm, vocabularies

_TYPOS_FROM = 6  # letters: "Feuer" must not be heard in "teuer"


def is_emergency(folded: str, spoken: tuple[str, ...]) -> bool:
    """Tell whether a folded text, given with its words, is about 112, 110 or distress."""
    if _number().search(folded):
        return True
    return any(_sounds(alarm, spoken) for alarm in _alarms())


def _sounds(alarm: Alarm, spoken: tuple[str, ...]) -> bool:
    sentence = f" {' '.join(spoken)} "
    for phrase in alarm.harmless:
        sentence = sentence.replace(f" {phrase} ", " ")
    if any(f" {phrase} " in sentence for phrase in alarm.phrases):
        return True
    return any(_is_alarming(word, alarm) for word in set(sentence.split()))


def _is_alarming(word: str, alarm: Alarm) -> bool:
    if word in alarm.words or word.startswith(alarm.beginnings) or word.endswith(alarm.endings):
        return True
    if len(word) < _TYPOS_FROM - 1 or word in _lookalikes():
        return False
    return any(
        len(known) >= _TYPOS_FROM
        and abs(len(known) - len(word)) <= 1
        and OSA.distance(word, known, score_cutoff=1) <= 1
        for known in (*alarm.words, *alarm.beginnings)
    )


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
