"""Folding takes from a text what does not change its meaning: case, accents, punctuation."""

import re
import unicodedata

_APOSTROPHES = re.compile(r"(?<=\w)['\u2018\u2019\u00b4`](?=\w)")
_WORD = re.compile(r"[^\W_]+|[👍👎]")
_HELD_KEY = re.compile(r"([^\W\d_])\1{2,}")
# Composed, and as a letter with a loose diaeresis, which some telephones send.
_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "a\u0308": "ae", "o\u0308": "oe", "u\u0308": "ue"}
_INVISIBLE = {"Mn", "Me", "Mc", "Cf", "Sk"}  # accents, joiners, directions, skin tones


def fold(text: str) -> str:
    """Write a text in small ASCII as far as it has any: "Grüße, Zoë" becomes "gruesse, zoe".

    Umlauts become two letters however they were typed, digits of any script become ASCII, accents
    and invisible characters go. Linear in the length of the text.
    """
    plain = text.casefold()
    for umlaut, letters in _UMLAUTS.items():
        plain = plain.replace(umlaut, letters)
    visible = "".join(map(_fold_character, plain))
    return _APOSTROPHES.sub("", visible)


def words(folded: str) -> tuple[str, ...]:
    """Split a folded text into its words; a letter that was held down counts once."""
    return tuple(_HELD_KEY.sub(r"\1", word) for word in _WORD.findall(folded))


def _fold_character(character: str) -> str:
    """Fold one character by itself: normalising long runs of accents at once is quadratic."""
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    parts = unicodedata.normalize("NFKD", character).casefold()
    return "".join(c for c in parts if unicodedata.category(c) not in _INVISIBLE)
