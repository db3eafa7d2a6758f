"""To whom a broadcast goes, read like a search: `state:streak month:>=4 -attribute.tariff:blue`.

A space means and, a comma inside a value means or, a minus in front negates. The expression is read
into terms; a store turns the same terms into a query, so what is matched here and what is planned
there can be checked against one another.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from flows.campaign import STREAK
from flows.customer import Channel
from flows.journey import State
from flows.steps import STEPS


class UnreadableAudienceError(ValueError):
    """The expression cannot be read; the message names the term and what is expected."""


class Field(StrEnum):
    """What a term can ask about."""

    STATE = "state"
    STEP = "step"
    MONTH = "month"
    LANGUAGE = "language"
    CHANNEL = "channel"
    INACTIVE = "inactive"
    ATTRIBUTE = "attribute"
    CUSTOMER = "customer"


class Sign(StrEnum):
    """How a number is compared."""

    IS = "="
    AT_LEAST = ">="
    AT_MOST = "<="
    ABOVE = ">"
    BELOW = "<"


@dataclass(frozen=True, slots=True)
class Bound:
    """One comparison with a whole number."""

    sign: Sign
    number: int

    def holds(self, value: int) -> bool:
        """Compare a value."""
        match self.sign:
            case Sign.IS:
                return value == self.number
            case Sign.AT_LEAST:
                return value >= self.number
            case Sign.AT_MOST:
                return value <= self.number
            case Sign.ABOVE:
                return value > self.number
            case Sign.BELOW:
                return value < self.number


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: any of the words, or any of the bounds; `name` is that of an attribute."""

    field: Field
    words: tuple[str, ...] = ()
    bounds: tuple[Bound, ...] = ()
    name: str = ""
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of one customer for the question whether a broadcast is for them."""

    customer: str
    state: str
    step: str
    month: int
    language: str
    channels: frozenset[Channel] = frozenset()
    inactive_days: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)


_TERM = re.compile(r"(-?)([a-z]+)(?:\.([\w-]+))?:(.+)", re.DOTALL)
_BOUND = re.compile(r"(>=|<=|>|<|=)?(\d{1,5})")
_NUMBERS = (Field.MONTH, Field.INACTIVE)
_KNOWN: dict[Field, frozenset[str]] = {
    Field.STATE: frozenset(State),
    Field.STEP: frozenset({*(step.name for step in STEPS), STREAK}),
    Field.CHANNEL: frozenset(Channel) - {Channel.PAGE},
}


def read_audience(text: str) -> tuple[Term, ...]:
    """Read an expression; raises UnreadableAudienceError for the first term that says nothing."""
    try:
        parts = shlex.split(text)
    except ValueError:
        raise UnreadableAudienceError(f"{text}: a quotation mark is not closed") from None
    if not parts:
        raise UnreadableAudienceError("the audience is empty; `state:streak` is one")
    return tuple(_term(part) for part in parts)


def _term(part: str) -> Term:
    found = _TERM.fullmatch(part)
    if found is None:
        raise UnreadableAudienceError(f"{part}: must read like state:streak or -language:de")
    minus, kind, name, value = found.groups()
    if kind not in tuple(Field):
        raise UnreadableAudienceError(f"{kind}: there is no such term; {_listed(Field)}")
    about = Field(kind)
    if (name is not None) is not (about is Field.ATTRIBUTE):
        raise UnreadableAudienceError(f"{part}: an attribute is asked for as attribute.NAME:VALUE")
    values = [v.strip() for v in value.split(",")]
    if not all(values):
        raise UnreadableAudienceError(f"{part}: a value is missing")
    if about in _NUMBERS:
        return Term(about, bounds=tuple(_bound(part, v) for v in values), is_negated=bool(minus))
    return Term(about, _words(part, about, values), name=name or "", is_negated=bool(minus))


def _bound(part: str, value: str) -> Bound:
    found = _BOUND.fullmatch(value)
    if found is None:
        raise UnreadableAudienceError(f"{part}: must be a number, or one like >=4")
    return Bound(Sign(found[1] or "="), int(found[2]))


def _words(part: str, about: Field, values: list[str]) -> tuple[str, ...]:
    known = _KNOWN.get(about)
    for value in values:
        if known is not None and value not in known:
            raise UnreadableAudienceError(f"{part}: there is no {value!r}; {_listed(known)}")
    return tuple(values)


def _listed(names: "frozenset[str] | type[Field]") -> str:
    return f"there are {', '.join(sorted(names))}"


def fits(terms: tuple[Term, ...], profile: Profile) -> bool:
    """Tell whether a customer is in the audience."""
    return all(_holds(term, profile) is not term.is_negated for term in terms)


def _holds(term: Term, profile: Profile) -> bool:  # noqa: PLR0911 - it is the table of fields
    match term.field:
        case Field.STATE:
            return profile.state in term.words
        case Field.STEP:
            return profile.step in term.words
        case Field.LANGUAGE:
            return profile.language in term.words
        case Field.CUSTOMER:
            return profile.customer in term.words
        case Field.CHANNEL:
            return any(channel in term.words for channel in profile.channels)
        case Field.ATTRIBUTE:
            return profile.attributes.get(term.name) in term.words
        case Field.MONTH:
            return any(bound.holds(profile.month) for bound in term.bounds)
        case Field.INACTIVE:
            return any(bound.holds(profile.inactive_days) for bound in term.bounds)
