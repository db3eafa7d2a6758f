"""Audiences in PostgreSQL: terms become conditions written beforehand, and values handed in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias

from flows.audience import Bound, Field, Sign, Term
from flows.customer import Channel
from storage.broadcasts import Asked, Audience, Group
from storage.postgres.database import Connection
from storage.queries import load
from storage.records import to_int

Value: TypeAlias = str | int | Sequence[str]

_SQL = load("postgres", "broadcasts")
_NAME = re.compile(r"(?<!:):([a-z_][a-z_0-9]*)")
_SECOND = 1_000_000
_MOST = 100_000
_SCHEMES = {Channel.SMS: "tel", Channel.TELEGRAM: "telegram", Channel.EMAIL: "mailto"}


def selection(
    name: str, audience: Audience, further: Mapping[str, Value]
) -> tuple[str, tuple[Value, ...]]:
    """Put a named query about an audience together, with its values in their order."""
    values: dict[str, Value] = {}
    conditions = [_condition(term, audience, values) for term in audience.terms]
    candidates = _SQL["candidates"].replace("/*audience*/", "\n and ".join(conditions) or "true")
    now = audience.now
    values |= {
        "after": "",
        "until": "",
        "by_tel": "tel" in audience.schemes,
        "by_telegram": "telegram" in audience.schemes,
        "by_mailto": "mailto" in audience.schemes,
        "per_week": audience.per_week,
        "per_month": audience.per_month,
        "broadcast": audience.broadcast,
        "day_ago": to_int(now - timedelta(days=1)),
        "week_ago": to_int(now - timedelta(days=7)),
        "month_ago": to_int(now - timedelta(days=30)),
        **further,
    }
    return _numbered(_SQL[name].replace("/*candidates*/", candidates), values)


def _numbered(sql: str, values: Mapping[str, Value]) -> tuple[str, tuple[Value, ...]]:
    """Put numbers in the place of names, as the server wants them."""
    used = list(dict.fromkeys(_NAME.findall(sql)))
    places = {name: f"${place}" for place, name in enumerate(used, start=1)}
    return _NAME.sub(lambda name: places[name[1]], sql), tuple(values[name] for name in used)


def _condition(term: Term, audience: Audience, values: dict[str, Value]) -> str:
    """Take the condition of a term and name its values; no value becomes part of the text."""
    shape = _SQL[f"term_{term.field}"]
    ways = [_bind(shape, given, values) for given in _given(term, audience)]
    joined = " or ".join(f"({way})" for way in ways)
    return f"not ({joined})" if term.is_negated else f"({joined})"


def _bind(shape: str, given: tuple[Value, ...], values: dict[str, Value]) -> str:
    names = []
    for value in given:
        names.append(f"t{len(values)}")
        values[names[-1]] = value
    following = iter(names)
    return re.sub(r"\?", lambda _: f":{next(following)}", shape)


def _given(term: Term, audience: Audience) -> Iterator[tuple[Value, ...]]:
    match term.field:
        case Field.MONTH:
            yield from (_span(bound) for bound in term.bounds)
        case Field.INACTIVE:
            now = to_int(audience.now) // _SECOND
            yield from ((now, *_span(bound)) for bound in term.bounds)
        case Field.ATTRIBUTE:
            yield term.name, term.words
        case Field.CHANNEL:
            yield (tuple(_SCHEMES[Channel(word)] for word in term.words),)
        case Field.STATE | Field.STEP | Field.LANGUAGE | Field.CUSTOMER:
            yield (term.words,)


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


_Columns: TypeAlias = tuple[str | None, str, str | None, int | None, int | None, int, str]


async def survey(connection: Connection, audience: Audience, asked: Asked) -> tuple[Group, ...]:
    """Count an audience by what decides about text and way."""
    asks: dict[str, Value] = {
        "asks_customer": asked.has_customer,
        "asks_month": asked.has_month,
        "asks_megabytes": asked.has_megabytes,
        "names": asked.attributes,
    }
    sql, values = selection("survey_facts" if any(asks.values()) else "survey", audience, asks)
    found: list[_Columns] = await connection.fetch(sql, *values)
    samples = [row[-1] for row in found if row[0] is None] if asked.attributes else []
    facts: dict[str, list[str | None]]
    facts = dict(await connection.fetch(_SQL["attributes_of"], samples, asked.attributes))
    return tuple(_to_group(row, tuple(facts.get(row[-1], ()))) for row in found)


def _to_group(columns: _Columns, attributes: tuple[str | None, ...]) -> Group:
    reason, language, scheme, month, megabytes, count, sample = columns
    return Group(
        reason=reason,
        language=language,
        scheme=scheme,
        count=count,
        sample=sample,
        attributes=attributes,
        month=month,
        megabytes=megabytes,
    )
