"""Ranking finds which topic's phrases a text resembles most, by BM25 on pieces of words.

Pieces of two to four letters survive compounds, typos, dialect and inflection; whole words weigh
more. A word counts for a topic by what it resembles it more than the phrases that belong to none;
words of courtesy count for nothing.

A piece keeps its weights for all topics in the lanes of one large integer, so that adding up the
pieces of a text is adding integers: that is what makes a hundred topics cost as little as twenty.
"""

import math
import struct
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from messages.folding import fold, words

ELSEWHERE = ""  # the topic of what belongs to no topic

# Chosen by leaving phrases out and asking for them, then checked on questions.toml of the tests.
_LENGTHS = (2, 3, 4)  # letters of a piece
_SATURATION = 3.0  # BM25's k1: how much the second phrase with the same piece still adds
_EVENNESS = 0.5  # BM25's b: how much many phrases are discounted
_WORD_WEIGHT = 3.0  # a whole word against a piece of one
_OTHER_LANGUAGE = 0.8  # what counts of a likeness in a language that is not the customer's
_AGAINST = 0.3  # how far a word counts against a topic that resembles small talk more
_CONTENDERS = 8  # topics that are weighed word by word: those that are likeliest at first sight
_ENDS = 100  # letters: whoever writes at length says what it is about at the beginning or the end
_DECISIVE = 0.15  # share of a score from which on a word is named
_NAMED = 4  # words at most

_LANE = 32  # bits: the pieces of 200 letters stay below a hundredth of it
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
class _Word:
    """A word of a text with the pieces that no word before it had; lanes and ideal are sums."""

    text: str
    pieces: tuple[str, ...]
    lanes: int
    ideal: float


@dataclass(frozen=True, slots=True)
class _Led:
    """A topic, its document, its score in grains, and by how much each word is ahead in it."""

    topic: str
    number: int
    score: float
    leads: tuple[float, ...]


class Ranking:
    """All phrases, weighed once."""

    def __init__(
        self,
        phrases: Mapping[Document, Sequence[str]],
        courtesy: Collection[str] = (),
    ) -> None:
        self._documents = tuple(phrases)
        counts = tuple(_count(said) for said in phrases.values())
        self._all_lanes = struct.Struct(f"<{len(counts)}I")
        self._lanes: dict[str, int] = {}
        self._ideals: dict[str, float] = {}
        for piece, ideal, lanes in _weighed(counts):
            self._lanes[piece], self._ideals[piece] = lanes, ideal
        self._unheard = _ideal("", 0, len(counts))
        self._elsewhere = tuple(n for n, (_, topic) in enumerate(phrases) if topic == ELSEWHERE)
        self._courtesy = frozenset(word for said in courtesy for word in words(fold(said)))

    def rank(self, text: str, language: str, most: int) -> tuple[Hit, ...]:
        """Rank the topics, best first; nothing if the text resembles none or has no words."""
        spoken = tuple(self._spoken(text))
        own = [1.0 if code == language else _OTHER_LANGUAGE for code, _ in self._documents]
        scale = _GRAIN * math.sqrt(sum(word.ideal for word in spoken) or 1.0)
        ranked = sorted(self._led(spoken, own), key=lambda led: (-led.score, led.topic))[:most]
        return tuple(Hit(led.topic, led.score / scale, self._why(spoken, led)) for led in ranked)

    def _led(self, spoken: Sequence[_Word], own: Sequence[float]) -> Iterator[_Led]:
        """Weigh the likeliest topics word by word against what belongs to none."""
        against = [
            max((_lane(word.lanes, n) * own[n] for n in self._elsewhere), default=0.0)
            for word in spoken
        ]
        for topic, number in self._contenders(spoken, own):
            said = (_lane(word.lanes, number) * own[number] for word in spoken)
            leads = [weight - small_talk for weight, small_talk in zip(said, against, strict=True)]
            score = sum([lead if lead > 0 else lead * _AGAINST for lead in leads])
            if score > 0:
                yield _Led(topic, number, score, tuple(leads))

    def _spoken(self, text: str) -> Iterator[_Word]:
        said: set[str] = set()
        for word in dict.fromkeys(words(fold(_ends(text)))):
            if word in self._courtesy:
                continue
            pieces = [piece for piece in _cut(word) if piece not in said]
            said.update(pieces)
            known = [piece for piece in pieces if piece in self._lanes]
            ideal = sum(map(self._ideals.__getitem__, known)) + self._unheard_in(pieces, known)
            yield _Word(word, tuple(known), sum(map(self._lanes.__getitem__, known)), ideal)

    def _unheard_in(self, pieces: Sequence[str], known: Sequence[str]) -> float:
        """Give the ideal of the pieces that nobody knows; the last one is the whole word."""
        is_new = pieces[-1] not in self._lanes
        return self._unheard * (len(pieces) - len(known) + (_WORD_WEIGHT - 1) * is_new)

    def _contenders(
        self, spoken: Sequence[_Word], own: Sequence[float]
    ) -> Iterator[tuple[str, int]]:
        """Give the likeliest topics, each with the document of the language it fits best."""
        total = sum(word.lanes for word in spoken)
        scores = self._all_lanes.unpack(total.to_bytes(self._all_lanes.size, "little"))
        weighed = [score * share for score, share in zip(scores, own, strict=True)]
        ordered = sorted(range(len(weighed)), key=weighed.__getitem__, reverse=True)
        best: dict[str, int] = {}
        for number in ordered:
            best.setdefault(self._documents[number][1], number)
            if len(best) > _CONTENDERS or not scores[number]:
                break
        best.pop(ELSEWHERE, None)
        yield from best.items()

    def _why(self, spoken: Sequence[_Word], led: _Led) -> tuple[str, ...]:
        """Name the words that decided; of one that the topic does not know, what is alike."""
        least = _DECISIVE * sum(lead for lead in led.leads if lead > 0)
        ordered = sorted(zip(led.leads, spoken, strict=True), key=lambda one: -one[0])[:_NAMED]
        return tuple(self._named(word, led.number) for lead, word in ordered if lead > least)

    def _named(self, word: _Word, number: int) -> str:
        if self._holds(f"={word.text}", number):
            return word.text
        joined = _joined(word.text, {p for p in word.pieces if self._holds(p, number)})
        return word.text if joined == word.text else f"{word.text} ({joined})"

    def _holds(self, piece: str, number: int) -> bool:
        """Tell whether a piece occurs in a document."""
        return _lane(self._lanes.get(piece, 0), number) > 0


def _lane(lanes: int, number: int) -> int:
    """Give the weight for one document, in grains."""
    return lanes >> (_LANE * number) & _LANE_MASK


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _ENDS else f"{text[:_ENDS]} {text[-_ENDS:]}"


def _cut(word: str) -> list[str]:
    """Cut a word into pieces, its edges marked by an underscore; the whole comes behind "="."""
    marked = f"_{word}_"
    cut = [
        marked[start : start + length]
        for length in _LENGTHS
        for start in range(len(marked) - length + 1)
    ]
    return [*cut, f"={word}"]


def _count(phrases: Sequence[str]) -> Counter[str]:
    """Count in how many phrases each piece occurs."""
    count: Counter[str] = Counter()
    for phrase in phrases:
        count.update({piece for word in words(fold(phrase)) for piece in _cut(word)})
    return count


def _weighed(counts: Sequence[Counter[str]]) -> Iterator[tuple[str, float, int]]:
    """Weigh every piece, at best and in lanes for each document (BM25's saturated frequency)."""
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
        yield piece, ideal, lanes


def _ideal(piece: str, spread: int, documents: int) -> float:
    """Give the most that a piece can say which occurs in so many documents (BM25's idf)."""
    rarity = math.log(1 + (documents - spread + 0.5) / (spread + 0.5))
    weight = _WORD_WEIGHT if piece.startswith("=") else 1.0
    return weight * rarity * (_SATURATION + 1)


def _joined(word: str, pieces: set[str]) -> str:
    """Give the longest stretch of a word that its pieces cover without a gap."""
    marked = f"_{word}_"
    covered = [False] * len(marked)
    for length in _LENGTHS[1:]:  # two letters are alike in any word
        for start in range(len(marked) - length + 1):
            if marked[start : start + length] in pieces:
                covered[start : start + length] = [True] * length
    kept = "".join(c if is_covered else " " for c, is_covered in zip(marked, covered, strict=True))
    return max(kept.replace("_", "").split(), key=len, default=word)
