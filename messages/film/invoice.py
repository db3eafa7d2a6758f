"""An invoice as the film tells of it: plain amounts in cents, put in the order of a bill."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

LONGEST_NAME = 48  # characters of an item's name; the rest would not fit beside its amount


class Part(StrEnum):
    """Which part of an invoice an item belongs to."""

    BASE = "base"
    EXTRA = "extra"
    DISCOUNT = "discount"


@dataclass(frozen=True, slots=True)
class Item:
    """One item: how often it occurs, and its amount in cents, all of them together.

    An item without a name is what the operator's lines leave unexplained of the total.
    """

    name: str
    part: Part
    cents: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice. Amounts are cents of `currency` (ISO 4217); a negative total is a credit."""

    billed_on: date
    cents: int
    currency: str = "EUR"
    number: str = ""
    starts_on: date | None = None
    ends_on: date | None = None  # the last day of the period
    items: tuple[Item, ...] = ()
    previous_cents: int | None = None
    due_on: date | None = None
    is_sample: bool = False

    def of(self, part: Part) -> tuple[Item, ...]:
        """Give the items of one part."""
        return tuple(item for item in self.items if item.part is part)


def plain_name(text: str) -> str:
    """Make an operator's text a name for one line: no control characters, and not too long."""
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    name = " ".join(visible.split())
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…"


def itemised(items: Iterable[Item], total_cents: int) -> tuple[Item, ...]:
    """Put together what has the same name, and add what the items leave of the total.

    Without any item there is nothing to complete: only the total is known then.
    """
    merged: dict[tuple[Part, str], Item] = {}
    for item in items:
        key = (item.part, item.name)
        known = merged.get(key, Item(item.name, item.part, 0, 0))
        cents, count = known.cents + item.cents, known.count + item.count
        merged[key] = Item(item.name, item.part, cents, count)
    listed = tuple(merged.values())
    left = total_cents - sum(item.cents for item in listed)
    if not listed or left == 0:
        return listed
    return (*listed, Item("", Part.EXTRA if left > 0 else Part.DISCOUNT, left))
