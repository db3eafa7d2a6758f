"""Audiences in PostgreSQL: counted by kind where people are alike, and one by one where not."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from flows.audience import Field
from storage.broadcasts import Asked, Audience, Group, Talking
from storage.conditions import (
    DAY,
    MONTH,
    MOST_DOUBTFUL,
    NOBODY,
    Conditions,
    Today,
    Value,
    rules,
    scheme_of,
)
from storage.postgres.database import Connection
from storage.queries import load
from storage.records import to_int, to_moment

_SQL = load("postgres", "broadcasts")
_NAME = re.compile(r"(?<!:):([a-z_][a-z_0-9]*)")
_NEVER = -1
_IN_FILE = {**_SQL, "term_attribute": _SQL["term_attribute_in_file"]}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an audience: all, or those written to after a moment.

    Or all others: they are counted kind by kind, and so are those of `today`. Or only those who
    wrote to us after a moment.
    """

    fed_after: int = _NEVER
    is_alike: bool = False
    is_today: bool = False
    today: Today = NOBODY
    heard_after: int | None = None


ALL = Part()


def selection(
    name: str, audience: Audience, further: Mapping[str, Value], part: Part = ALL
) -> tuple[str, tuple[Value, ...]]:
    """Put a named query about an audience together, with its values in their order."""
    values: dict[str, Value] = {}
    shapes = _IN_FILE if part.is_alike else _SQL
    asked = Conditions(shapes, lambda words: words, lambda name: name).of(audience, values)
    needs_file = any(term.field is Field.ATTRIBUTE for term in audience.terms)
    people = _SQL["alike" if part.is_alike else "each"].replace("/*way*/", _SQL["way"])
    whom, times = ("today", "once_today") if part.is_today else ("not_lately", "never")
    people = people.replace("/*whom*/", _SQL[whom]).replace("/*times*/", _SQL[times])
    people = people.replace("/*lately*/", _SQL["lately"]).replace("/*today*/", _SQL["today"])
    people = people.replace("/*file*/", _SQL["file"] if needs_file else "")
    people = people.replace("/*heard*/", _SQL["heard"] if part.heard_after is not None else "")
    people = people.replace("/*audience*/", asked or "true")
    values |= rules(audience) | {"after": "", "until": "", "fed_after": part.fed_after, **further}
    values |= {"heard_after": part.heard_after or 0}
    values |= {"today_after": part.today.after, "doubtful": part.today.doubtful}
    candidates = _SQL["candidates"].replace("/*people*/", people)
    return _numbered(_SQL[name].replace("/*candidates*/", candidates), values)


def _numbered(sql: str, values: Mapping[str, Value]) -> tuple[str, tuple[Value, ...]]:
    """Put numbers in the place of names, as the server wants them."""
    used = list(dict.fromkeys(_NAME.findall(sql)))
    places = {name: f"${place}" for place, name in enumerate(used, start=1)}
    return _NAME.sub(lambda name: places[name[1]], sql), tuple(values[name] for name in used)


_Columns: TypeAlias = tuple[str | None, str, str | None, int | None, int | None, int, str]


async def survey(connection: Connection, audience: Audience, asked: Asked) -> tuple[Group, ...]:
    """Count an audience by what decides about text and way."""
    asks: dict[str, Value] = {
        "asks_customer": asked.has_customer,
        "asks_month": asked.has_month,
        "asks_megabytes": asked.has_megabytes,
        "asks_facts": bool(asked.attributes) or asked.has_megabytes,
        "names": asked.attributes,
    }
    name = "survey_facts" if any(asks.values()) else "survey"
    found: list[_Columns] = []
    for part in await _parts(connection, audience):
        sql, values = selection(name, audience, asks, part)
        found += await connection.fetch(sql, *values)
    samples = [row[-1] for row in found if row[0] is None] if asked.attributes else []
    facts: dict[str, list[str | None]]
    facts = dict(await connection.fetch(_SQL["attributes_of"], samples, asked.attributes))
    return tuple(_to_group(row, tuple(facts.get(row[-1], ()))) for row in found)


async def _parts(connection: Connection, audience: Audience) -> tuple[Part, ...]:
    """Divide an audience: where people share what matters, it is looked at once for each kind."""
    sql, values = _numbered(_SQL["may_have_enough"], rules(audience))
    may_have_enough = await connection.fetchval(sql, *values)
    # Written to before it, it does not matter how often.
    lately = to_int(audience.now - (MONTH if may_have_enough else DAY))
    today = await _today(connection, audience, lately)
    alike, each = Part(lately, is_alike=True), Part(lately, today=today)
    if today is NOBODY:
        return alike, each
    return alike, replace(each, is_alike=True, is_today=True), each


async def _today(connection: Connection, audience: Audience, lately: int) -> Today:
    """Tell who was certainly written to within a day, where it does not matter how often."""
    known = rules(audience)
    sql, values = _numbered(_SQL["doubts"], known)
    doubts = await connection.fetchval(sql, *values)
    if lately != known["day_ago"] or doubts is None or doubts > MOST_DOUBTFUL:
        return NOBODY
    sql, values = _numbered(_SQL["doubtful"], known)
    found = await connection.fetch(sql, *values) if doubts else ()
    return Today(lately, tuple(customer for (customer,) in found))


async def talking(
    connection: Connection, audience: Audience, since: datetime
) -> tuple[Talking, ...]:
    """Count those who would be written to and wrote to us after a moment, the last first."""
    sql, values = selection("talking", audience, {}, Part(heard_after=to_int(since)))
    found = await connection.fetch(sql, *values)
    return tuple(Talking(to_moment(at), number) for at, number in found)


def _to_group(columns: _Columns, attributes: tuple[str | None, ...]) -> Group:
    reason, language, letter, month, megabytes, count, sample = columns
    return Group(
        reason=reason,
        language=language,
        scheme=scheme_of(letter) if letter else None,
        count=count,
        sample=sample,
        attributes=attributes,
        month=month,
        megabytes=megabytes,
    )
