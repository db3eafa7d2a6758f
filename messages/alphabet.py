"""The alphabet of an SMS: which characters GSM-7 has, and how others are written with them."""

import re
import unicodedata

# One unit each, two for those behind the escape (3GPP TS 23.038, default alphabet and extension).
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")

_REPLACED = {
    '"': "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033",
    "'": "\u2018\u2019\u201a\u201b\u2039\u203a\u2032\u00b4`",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2022",
    "...": "\u2026",
    " ": "\t\u00a0\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))),
    "\n": "\r\u0085\u2028\u2029",
    "SS": "\u1e9e",
    "": "\u00ad\u200b\u2060\ufeff",
}
_TABLE = str.maketrans({old: new for new, olds in _REPLACED.items() for old in olds})
_WRITABLE = "".join(sorted((BASIC | EXTENDED) - {"\r"}))
_AS_IT_GOES_OUT = re.compile(f"[{re.escape(_WRITABLE)}]*")  # as nearly all texts


def normalise(text: str) -> str:
    """Write typographic characters with those of GSM-7, so that none of them doubles the price.

    Quotes, dashes, ellipses, spaces, line ends and ẞ; a letter and its loose diacritic become one.
    """
    if _AS_IT_GOES_OUT.fullmatch(text):
        return text
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    return unicodedata.normalize("NFC", composed.translate(_TABLE))
