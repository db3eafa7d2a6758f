"""An audience's terms as conditions written beforehand; values are handed in, never written in.

Both keepers ask alike; they differ in how a list of words and an attribute's place are handed over.
"""

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from flows.audience import Bound, Field, Sign, Term
from flows.customer import Channel
from storage.broadcasts import Audience
from storage.records import to_int

Value: TypeAlias = str | int | Sequence[str]

DAY, WEEK = timedelta(days=1), timedelta(days=7)
MONTH = timedelta(days=31)  # a calendar month, of which the cap speaks, is never longer

_SECOND = 1_000_000
_EVER = 2**62
_MOST = 100_000
_LETTERS = {"tel": "s", "telegram": "t", "mailto": "e"}  # as `reach` writes them
_SCHEMES = {letter: scheme for scheme, letter in _LETTERS.items()}
_CHANNELS = {Channel.SMS: "s", Channel.TELEGRAM: "t", Channel.EMAIL: "e"}


@dataclass(frozen=True, slots=True)
class Today:
    """Who had a broadcast within a day: all who were queued for one after a moment.

    But those of whom it is doubtful, because it came to nothing.
    """

    after: int = _EVER
    doubtful: tuple[str, ...] = ()


NOBODY = Today()
MOST_DOUBTFUL = 5000  # of more, each is looked at


@dataclass(frozen=True, slots=True)
class Conditions:
    """Writes conditions; `shapes` are a keeper's queries, `words` and `place` how it takes them."""

    shapes: Mapping[str, str]
    words: Callable[[tuple[str, ...]], Value]
    place: Callable[[str], str]

    def of(self, audience: Audience, values: MutableMapping[str, Value]) -> str:
        """Join the conditions of all terms, and name their values."""
        return "\n and ".join(self._condition(term, audience, values) for term in audience.terms)

    def _condition(self, term: Term, audience: Audience, values: MutableMapping[str, Value]) -> str:
        shape = self.shapes[f"term_{term.field}"]
        ways = [bind(shape, given, values) for given in self._given(term, audience)]
        joined = " or ".join(f"({way})" for way in ways)
        return f"not ({joined})" if term.is_negated else f"({joined})"

    def _given(self, term: Term, audience: Audience) -> Iterator[tuple[Value, ...]]:
        match term.field:
            case Field.MONTH:
                yield from (_span(bound) for bound in term.bounds)
            case Field.INACTIVE:
                now = to_int(audience.now) // _SECOND
                yield from ((now, *_span(bound)) for bound in term.bounds)
            case Field.ATTRIBUTE:
                yield self.place(term.name), self.words(term.words)
            case Field.CHANNEL:
                yield from ((_CHANNELS[Channel(word)],) for word in term.words)
            case Field.STATE | Field.STEP | Field.LANGUAGE | Field.CUSTOMER:
                yield (self.words(term.words),)


def bind(shape: str, given: tuple[Value, ...], values: MutableMapping[str, Value]) -> str:
    """Give each value of a shape a name of its own."""
    names = []
    for value in given:
        names.append(f"t{len(values)}")
        values[names[-1]] = value
    following = iter(names)
    return re.sub(r"\?", lambda _: f":{next(following)}", shape)


def rules(audience: Audience) -> dict[str, Value]:
    """Name the values by which people are passed over, or not."""
    now = audience.now
    return {
        "on": "".join(_LETTERS[scheme] for scheme in audience.schemes),
        "per_week": audience.per_week,
        "per_month": audience.per_month,
        "broadcast": audience.broadcast,
        "day_ago": to_int(now - DAY),
        "week_ago": to_int(now - WEEK),
        "month_ago": to_int(now - MONTH),
        "invited_after": _invited_after(audience),
    }


def _invited_after(audience: Audience) -> int:
    """Give the moment after which an invitation alone is all that somebody bears."""
    if audience.per_month <= 1:
        return to_int(audience.now - MONTH)
    return to_int(audience.now - WEEK) if audience.per_week <= 1 else _EVER


def scheme_of(letter: str) -> str:
    """Name how the addresses begin that `reach` writes with a letter."""
    return _SCHEMES[letter]


def _span(bound: Bound) -> tuple[int, int]:
    match bound.sign:
        case Sign.IS:
            return bound.number, bound.number
        case Sign.AT_LEAST:
            return bound.number, _MOST
        case Sign.AT_MOST:
            return 0, bound.number
        case Sign.ABOVE:
            return bound.number + 1, _MOST
        case Sign.BELOW:
            return 0, bound.number - 1
