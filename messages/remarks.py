"""Remarks: free texts that no topic answers, such as signs, anger, or another language."""

import tomllib
import unicodedata
from functools import cache
from importlib.resources import files

import msgspec

from flows.intent import Remark
from messages.folding import fold, words
from messages.topics import Topics

_FEWEST = 2  # small words of another language that give it away
_MOSTLY = 0.5  # share of letters of another script


def remark_on(text: str, topics: Topics) -> Remark | None:
    """Tell what a text is that no topic answers; None if that is not clear."""
    spoken = words(fold(text))
    if not any(word.isalnum() for word in spoken):
        return Remark.SIGNS
    if topics.is_courtesy(text):
        return Remark.COURTESY
    if _is_foreign(text, spoken, topics):
        return Remark.FOREIGN
    return Remark.ANGER if topics.is_angry(text) else None


def _is_foreign(text: str, spoken: tuple[str, ...], topics: Topics) -> bool:
    letters = [c for c in text if c.isalpha()]
    other = sum(not unicodedata.name(c, "").startswith("LATIN") for c in letters)
    if letters and other > _MOSTLY * len(letters):
        return True
    # A word that our topics know is ours, whoever else has it too.
    ours = [word for word in spoken if topics.knows(word)]
    small = [word for word in spoken if word in _small_words() and word not in ours]
    return len(small) >= _FEWEST and len(small) >= len(ours)


@cache
def _small_words() -> frozenset[str]:
    told = tomllib.loads(files("messages").joinpath("foreign.toml").read_text("utf-8"))
    listed = msgspec.convert(told["words"], tuple[str, ...])
    return frozenset(word for said in listed for word in words(fold(said)))
