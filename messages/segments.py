"""Segments counts what an SMS costs: its encoding, its length, and how many parts are billed."""

import re
from dataclasses import dataclass
from enum import StrEnum

from messages.alphabet import BASIC, EXTENDED, normalise

__all__ = ["Encoding", "Segments", "cost_cents", "count", "normalise", "offenders"]


_SEPTETS, _UNITS = (160, 153), (70, 67)  # of a single segment, and of each of several
_ONE_SEPTET_EACH = re.compile(f"[{re.escape(''.join(sorted(BASIC)))}]*")  # as nearly all texts


class Encoding(StrEnum):
    """How an SMS is written on the air."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Segments:
    """How many segments a text takes; units are septets, or UTF-16 units outside GSM-7."""

    encoding: Encoding
    segments: int
    units: int


def count(text: str) -> Segments:
    """Count the segments of a text.

    A single one holds 160 septets, each of several 153; outside GSM-7 70 and 67 UTF-16 units
    (3GPP TS 23.038, 23.040). Neither an escape nor a surrogate pair straddles two segments.
    """
    if _ONE_SEPTET_EACH.fullmatch(text):
        units = len(text)
        single, each = _SEPTETS
        return Segments(Encoding.GSM_7, 1 if units <= single else -(-units // each), units)
    is_gsm = not offenders(text)
    costs = [_septets(c) for c in text] if is_gsm else [_utf16_units(c) for c in text]
    encoding = Encoding.GSM_7 if is_gsm else Encoding.UCS_2
    single, each = _SEPTETS if is_gsm else _UNITS
    units = sum(costs)
    return Segments(encoding, 1 if units <= single else _parts(costs, each), units)


def offenders(text: str) -> tuple[str, ...]:
    """List the characters that force UCS-2, each once, in the order of the text."""
    return tuple(dict.fromkeys(c for c in text if c not in BASIC and c not in EXTENDED))


def cost_cents(text: str, cents_per_segment: float) -> float:
    """Estimate what sending this text once costs, in cents."""
    return count(text).segments * cents_per_segment


def _septets(character: str) -> int:
    return 1 if character in BASIC else 2


def _utf16_units(character: str) -> int:
    return 2 if character > "\uffff" else 1


def _parts(costs: list[int], each: int) -> int:
    parts, used = 1, 0
    for cost in costs:
        if used + cost > each:
            parts, used = parts + 1, 0
        used += cost
    return parts
