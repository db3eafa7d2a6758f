"""Audiences in SQLite: terms become conditions written beforehand, and values handed in."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import msgspec

from flows.audience import Bound, Field, Sign, Term
from flows.customer import Channel
from storage.broadcasts import Asked, Audience, Group
from storage.queries import load
from storage.records import to_int

Value = str | int
LAST = "\U0010ffff"  # sorts behind every customer number

_SQL = load("sqlite", "broadcasts")
_SECOND = 1_000_000
_MOST = 100_000
_UNEVEN = "*[^-A-Za-z0-9 .,:;/()!?#%&+=<>@_]*"  # letters that may cost more than one in an SMS
_SCHEMES = {Channel.SMS: "tel", Channel.TELEGRAM: "telegram", Channel.EMAIL: "mailto"}
_KEPT = msgspec.json.Decoder(tuple[str | int | float | bool | None, ...])


def selection(name: str, audience: Audience) -> tuple[str, dict[str, Value]]:
    """Put a named query about an audience together, with its values."""
    values: dict[str, Value] = {}
    conditions = [_condition(term, audience, values) for term in audience.terms]
    candidates = _SQL["candidates"].replace("/*audience*/", "\n and ".join(conditions) or "1")
    now = audience.now
    values |= {
        "after": "",
        "until": LAST,
        "by_tel": "tel" in audience.schemes,
        "by_telegram": "telegram" in audience.schemes,
        "by_mailto": "mailto" in audience.schemes,
        "per_week": audience.per_week,
        "per_month": audience.per_month,
        "broadcast": audience.broadcast,
        "day_ago": to_int(now - timedelta(days=1)),
        "week_ago": to_int(now - timedelta(days=7)),
        "month_ago": to_int(now - timedelta(days=30)),
    }
    return _SQL[name].replace("/*candidates*/", candidates), values


def schemes_of(channels: tuple[Channel, ...]) -> tuple[str, ...]:
    """Name how the addresses of channels begin."""
    return tuple(_SCHEMES[channel] for channel in channels)


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
            yield path_of(term.name), _names(term.words)
        case Field.CHANNEL:
            yield (_names(schemes_of(tuple(Channel(word) for word in term.words))),)
        case Field.STATE | Field.STEP | Field.LANGUAGE | Field.CUSTOMER:
            yield (_names(term.words),)


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


def path_of(attribute: str) -> str:
    """Name an attribute as a place in JSON; its letters are those that the reader lets through."""
    return f'$."{attribute}"'


def _names(names: tuple[str, ...]) -> str:
    return msgspec.json.encode(names).decode()


def halves(db: sqlite3.Connection) -> tuple[tuple[str, str], ...]:
    """Halve all customers, so that two can look at them at once."""
    (middle,) = db.execute(_SQL["middle"]).fetchone() or ("",)
    return (("", middle), (middle, LAST))


def survey(
    db: sqlite3.Connection, audience: Audience, asked: Asked, span: tuple[str, str] = ("", LAST)
) -> tuple[Group, ...]:
    """Count an audience, or the part of it within a span, by what decides about text and way."""
    sql, values = selection("survey", audience)
    values |= {"after": span[0], "until": span[1]}
    paths = tuple(map(path_of, asked.attributes))
    sql = sql.replace("/*facts*/", "\n".join(_facts(asked, paths, values)))
    found: list[_Columns] = db.execute(sql, values).fetchall()
    return tuple(_to_group(db, columns, asked, paths) for columns in found)


def _facts(asked: Asked, paths: tuple[str, ...], values: dict[str, Value]) -> Iterator[str]:
    """Give what tells texts apart: first the facts that are read again from the word, in order."""
    if asked.has_month:
        yield _SQL["fact_month"]
    if asked.has_megabytes:
        yield _SQL["fact_megabytes"]
    if asked.has_customer:
        yield _SQL["fact_customer"]
    for path in paths:
        yield _bind(_SQL["fact_attribute"], (path, _UNEVEN, path, path), values)


_Columns = tuple[str, str, int, str]


def _to_group(
    db: sqlite3.Connection, columns: _Columns, asked: Asked, paths: tuple[str, ...]
) -> Group:
    reason, kind, count, sample = columns
    if reason:
        return Group(reason, "", None, count, sample)
    language, scheme, *facts = kind.split(" ")
    told = iter(facts)
    return Group(
        reason=None,
        language=language,
        scheme=scheme,
        count=count,
        sample=sample,
        month=int(next(told)) if asked.has_month else None,
        megabytes=int(next(told)) if asked.has_megabytes else None,
        attributes=_attributes(db, sample, paths),
    )


def _attributes(
    db: sqlite3.Connection, customer: str, paths: tuple[str, ...]
) -> tuple[str | None, ...]:
    """Read somebody's attributes: always words, whatever they look like."""
    if not paths:
        return ()
    (facts,) = db.execute(_SQL["attributes_of"], (_names(paths), customer)).fetchone()
    return tuple(None if fact is None else str(fact) for fact in _KEPT.decode(facts))
