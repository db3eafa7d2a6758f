"""Typos: which keyword a misspelt word stands for, if only one meaning comes into question."""

from dataclasses import dataclass

from rapidfuzz.distance import OSA

from flows.intent import Intent
from messages.vocabulary import Vocabulary

_SHORTEST, _TWO_TYPOS_FROM = 4, 8  # letters
_SURE_STOP_FROM = 5  # letters: "sotp" before a sentence only asks


@dataclass(frozen=True, slots=True)
class _Likeness:
    """A keyword that a word resembles; rank 0 is the customer's own language."""

    distance: int
    rank: int
    keyword: str
    intent: Intent


def guess(word: str, tongues: tuple[Vocabulary, ...]) -> tuple[Intent, str] | None:
    """Give the meaning and the keyword that a whole message of one misspelt word stands for.

    The nearest keyword holds, and of equally near ones that of the customer's own language. If they
    still differ in meaning, nobody guesses, but a possible opt-out is asked about.
    """
    likenesses = _likenesses(word, tongues)
    if not likenesses:
        return None
    nearest = min((found.distance, found.rank) for found in likenesses)
    best = [found for found in likenesses if (found.distance, found.rank) == nearest]
    intents = {found.intent for found in best}
    if len(intents) == 1:
        return best[0].intent, best[0].keyword
    return (Intent.MAYBE_OPT_OUT, "") if Intent.OPT_OUT in intents else None


def guess_opt_out(first: str, tongues: tuple[Vocabulary, ...]) -> Intent | None:
    """Tell whether a sentence begins with a misspelt stop word; a short one is asked about."""
    stops = [found for found in _likenesses(first, tongues) if found.intent is Intent.OPT_OUT]
    if any(len(found.keyword) >= _SURE_STOP_FROM for found in stops):
        return Intent.OPT_OUT
    is_asked = any(found.keyword in tongue.stops for found in stops for tongue in tongues)
    return Intent.MAYBE_OPT_OUT if is_asked else None


def _likenesses(word: str, tongues: tuple[Vocabulary, ...]) -> list[_Likeness]:
    is_a_word = any(word in tongue.lookalikes or word in tongue.phrases for tongue in tongues)
    if len(word) < _SHORTEST or is_a_word:
        return []
    return [
        _Likeness(distance, rank, keyword, intent)
        for rank, tongue in enumerate(tongues)
        for keyword, intent in tongue.phrases.items()
        if (distance := _distance(word, keyword)) is not None
    ]


def _distance(word: str, keyword: str) -> int | None:
    """Count the typos, a swap of neighbours as one; None beyond what a keyword forgives."""
    shorter = min(len(word), len(keyword))
    allowed = 2 if shorter >= _TWO_TYPOS_FROM else 1
    if shorter < _SHORTEST or " " in keyword or abs(len(word) - len(keyword)) > allowed:
        return None
    distance = OSA.distance(word, keyword, score_cutoff=allowed)
    return distance if distance <= allowed else None
