"""Ranking finds which topic's phrases a text resembles most, by BM25 on pieces of words.

Pieces of two to four letters survive compounds, typos, dialect and inflection; whole words weigh
more. What resembles the phrases that belong to no topic counts against all topics.

A piece keeps its weights for all topics in the lanes of one large integer, so that adding up the
pieces of a text is adding integers: that is what makes a hundred topics cost as little as twenty.
"""

import math
import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from messages.folding import fold, words

ELSEWHERE = ""  # the topic of what belongs to no topic

# Chosen by leaving phrases out and asking for them, then checked on questions.toml of the tests.
_LENGTHS = (2, 3, 4)  # letters of a piece
_SATURATION = 3.0  # BM25's k1: how much the second phrase with the same piece still adds
_EVENNESS = 0.5  # BM25's b: how much many phrases are discounted
_WORD_WEIGHT = 3.0  # a whole word against a piece of one
_OTHER_LANGUAGE = 0.8  # what counts of a likeness in a language that is not the customer's
_ENDS = 300  # letters: whoever writes at length says what it is about at the beginning or the end
_DECISIVE = 0.15  # share of a score from which on a word is named
_NAMED = 4  # words at most

_LANE = 32  # bits: the pieces of 600 letters stay below a hundredth of it
_LANE_MASK = (1 << _LANE) - 1
_GRAIN = 1000  # steps in a weight of 1

Document = tuple[str, str]  # language and topic


@dataclass(frozen=True, slots=True)
class Hit:
    """A topic, how much a text resembles it (above 0), and the words that decided."""

    topic: str
    score: float
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a piece of a word says: its weight for each document in lanes, and at best."""

    lanes: int
    ideal: float


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a text with the pieces that no word before it had; lanes and ideal are sums."""

    text: str
    known: tuple[str, ...]
    lanes: int
    ideal: float


class Ranking:
    """All phrases, weighed once."""

    def __init__(self, phrases: Mapping[Document, Sequence[str]]) -> None:
        self._documents = tuple(phrases)
        self._lanes = struct.Struct(f"<{len(self._documents)}I")
        counts = tuple(_count(said) for said in phrases.values())
        self._pieces = dict(_weighed(counts))
        self._unheard = _ideal("", 0, len(counts))

    def rank(self, text: str, language: str, most: int) -> tuple[Hit, ...]:
        """Rank the topics, best first; nothing if the text resembles none or has no words."""
        spoken = tuple(self._spoken(text))
        best = self._best_by_topic(sum(word.lanes for word in spoken), language)
        against, _ = best.pop(ELSEWHERE, _UNLIKE)
        scale = _GRAIN * math.sqrt(sum(word.ideal for word in spoken) or 1.0)
        ordered = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))
        return tuple(
            Hit(topic, (score - against) / scale, self._why(spoken, number))
            for topic, (score, number) in ordered[:most]
            if score > against
        )

    def _spoken(self, text: str) -> Iterator[_Word]:
        said: set[str] = set()
        for word in dict.fromkeys(words(fold(_ends(text)))):
            cut = [piece for piece in _cut(word) if piece not in said]
            said.update(cut)
            known = tuple(piece for piece in cut if piece in self._pieces)
            weighed = [self._pieces[piece] for piece in known]
            ideal = sum(piece.ideal for piece in weighed) + self._unheard_in(cut, len(known))
            yield _Word(word, known, sum(piece.lanes for piece in weighed), ideal)

    def _unheard_in(self, cut: Sequence[str], known: int) -> float:
        """Give the ideal of the pieces that nobody knows; the last one may be the whole word."""
        is_new = bool(cut) and cut[-1].startswith("=") and cut[-1] not in self._pieces
        return self._unheard * (len(cut) - known + (_WORD_WEIGHT - 1) * is_new)

    def _best_by_topic(self, lanes: int, language: str) -> dict[str, tuple[float, int]]:
        """Take for each topic the language in which it fits best, and the document's number."""
        scores = self._lanes.unpack(lanes.to_bytes(self._lanes.size, "little"))
        best: dict[str, tuple[float, int]] = {}
        for number, ((spoken, topic), said) in enumerate(zip(self._documents, scores, strict=True)):
            score = said if spoken == language else said * _OTHER_LANGUAGE
            if score > best.get(topic, _UNLIKE)[0]:
                best[topic] = (score, number)
        return best

    def _why(self, spoken: Sequence[_Word], number: int) -> tuple[str, ...]:
        """Name the words that decided; of one that the topic does not know, what is alike."""
        shares = {word: _lane(word.lanes, number) for word in spoken}
        least = _DECISIVE * sum(shares.values())
        ordered = sorted(spoken, key=lambda word: -shares[word])[:_NAMED]
        return tuple(self._named(word, number) for word in ordered if shares[word] >= least)

    def _named(self, word: _Word, number: int) -> str:
        alike = {piece for piece in word.known if _lane(self._pieces[piece].lanes, number)}
        if f"={word.text}" in alike:
            return word.text
        joined = _joined(word.text, alike)
        return word.text if joined == word.text else f"{word.text} ({joined})"


_UNLIKE = (0.0, 0)


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _ENDS else f"{text[:_ENDS]} {text[-_ENDS:]}"


def _cut(word: str) -> Iterator[str]:
    """Cut a word into pieces, its edges marked by an underscore; the whole comes behind "="."""
    marked = f"_{word}_"
    for length in _LENGTHS:
        for start in range(len(marked) - length + 1):
            yield marked[start : start + length]
    yield f"={word}"


def _count(phrases: Sequence[str]) -> Counter[str]:
    """Count in how many phrases each piece occurs."""
    count: Counter[str] = Counter()
    for phrase in phrases:
        count.update({piece for word in words(fold(phrase)) for piece in _cut(word)})
    return count


def _weighed(counts: Sequence[Counter[str]]) -> Iterator[tuple[str, _Piece]]:
    """Weigh every piece for every document (BM25's term frequency, saturated)."""
    average = sum(count.total() for count in counts) / (len(counts) or 1)
    fullness = [1 - _EVENNESS + _EVENNESS * count.total() / (average or 1) for count in counts]
    holders: dict[str, list[int]] = {}
    for number, count in enumerate(counts):
        for piece in count:
            holders.setdefault(piece, []).append(number)
    for piece, numbers in holders.items():
        ideal = _ideal(piece, len(numbers), len(counts))
        lanes = 0
        for number in numbers:
            times = counts[number][piece]
            share = times / (times + _SATURATION * fullness[number])
            lanes |= round(_GRAIN * ideal * share) << (_LANE * number)
        yield piece, _Piece(lanes, ideal)


def _ideal(piece: str, spread: int, documents: int) -> float:
    """Give the most that a piece can say which occurs in so many documents (BM25's idf)."""
    rarity = math.log(1 + (documents - spread + 0.5) / (spread + 0.5))
    weight = _WORD_WEIGHT if piece.startswith("=") else 1.0
    return weight * rarity * (_SATURATION + 1)


def _lane(lanes: int, number: int) -> int:
    """Give the weight for one document, in grains."""
    return (lanes >> (_LANE * number)) & _LANE_MASK


def _joined(word: str, pieces: set[str]) -> str:
    """Give the longest stretch of a word that its pieces cover without a gap."""
    marked = f"_{word}_"
    covered = [False] * len(marked)
    for length in _LENGTHS:
        for start in range(len(marked) - length + 1):
            if marked[start : start + length] in pieces:
                covered[start : start + length] = [True] * length
    kept = "".join(c if is_covered else " " for c, is_covered in zip(marked, covered, strict=True))
    return max(kept.replace("_", "").split(), key=len, default=word)
