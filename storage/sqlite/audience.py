"""Audiences in SQLite: counted by kind where people are alike, and one by one where not."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

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
    bind,
    rules,
    scheme_of,
)
from storage.queries import load
from storage.records import to_int, to_moment

LAST = "\U0010ffff"  # sorts behind every customer number

_SQL = load("sqlite", "broadcasts")
_KEPT = msgspec.json.Decoder(tuple[str | int | float | bool | None, ...])
_NEVER = -1
_OF_ONE = {**_SQL, "term_attribute": _SQL["term_attribute_of_one"]}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an audience: a span of customers, of whom all or those written to after a moment.

    Or all others: they are counted kind by kind; with `has_facts` only who has equal facts is of
    one kind. So are those of `today`.
    Or only those who wrote to us after a moment.
    """

    after: str = ""
    until: str = LAST
    fed_after: int = _NEVER
    is_alike: bool = False
    is_today: bool = False
    has_facts: bool = False
    today: Today = NOBODY
    heard_after: int | None = None

    @property
    def is_few(self) -> bool:
        """Tell whether it is few of many, so that each is looked up by itself."""
        return not self.is_alike and (self.heard_after is not None or self.today is not NOBODY)


ALL = Part()


def selection(name: str, audience: Audience, part: Part = ALL) -> tuple[str, dict[str, Value]]:
    """Put a named query about an audience together, with its values."""
    values: dict[str, Value] = {}
    asked = Conditions(_OF_ONE if part.is_few else _SQL, _names, path_of).of(audience, values)
    people = _SQL["alike" if part.is_alike else "each"].replace("/*way*/", _SQL["way"])
    whom, times = ("today", "once_today") if part.is_today else ("not_lately", "never")
    people = people.replace("/*whom*/", _SQL[whom]).replace("/*times*/", _SQL[times])
    people = people.replace("/*lately*/", _SQL["lately"]).replace("/*today*/", _SQL["today"])
    people = people.replace("/*heard*/", _SQL["heard"] if part.heard_after is not None else "")
    people = people.replace("/*audience*/", asked or "1")
    people = people.replace("/*facts*/", _SQL["alike_facts"] if part.has_facts else "")
    values |= rules(audience)
    values |= {"after": part.after, "until": part.until, "fed_after": part.fed_after}
    values |= {"heard_after": part.heard_after or 0}
    values |= {"today_after": part.today.after, "doubtful": _names(part.today.doubtful)}
    candidates = _SQL["candidates"].replace("/*people*/", people)
    return _SQL[name].replace("/*candidates*/", candidates), values


def path_of(attribute: str) -> str:
    """Name an attribute as a place in JSON; its letters are those that the reader lets through."""
    return f'$."{attribute}"'


def _names(names: tuple[str, ...]) -> str:
    return msgspec.json.encode(names).decode()


def parts(db: sqlite3.Connection, audience: Audience, asked: Asked) -> tuple[Part, ...]:
    """Divide an audience, so that several can look at it at once."""
    (middle,) = db.execute(_SQL["middle"]).fetchone() or ("",)
    lately, facts = _lately(db, audience), _has_facts(asked)
    halves = (("", middle), (middle, LAST))
    # Attributes are looked for customer by customer, which two do in half the time.
    names_attributes = any(term.field is Field.ATTRIBUTE for term in audience.terms)
    alike = halves if names_attributes else (("", LAST),)
    today = _today(db, audience, lately)
    kinds = (False, True) if today is not NOBODY else (False,)
    return (
        *(
            Part(after, until, lately, is_alike=True, is_today=kind, has_facts=facts, today=today)
            for after, until in alike
            for kind in kinds
        ),
        *(Part(after, until, lately, today=today) for after, until in halves),
    )


def _today(db: sqlite3.Connection, audience: Audience, lately: int) -> Today:
    """Tell who was certainly written to within a day, where it does not matter how often."""
    known = rules(audience)
    (doubts,) = db.execute(_SQL["doubts"], known).fetchone()
    if lately != known["day_ago"] or doubts is None or doubts > MOST_DOUBTFUL:
        return NOBODY
    found = db.execute(_SQL["doubtful"], known) if doubts else ()
    return Today(lately, tuple(customer for (customer,) in found))


def _has_facts(asked: Asked) -> bool:
    return bool(asked.attributes) or asked.has_megabytes


def _lately(db: sqlite3.Connection, audience: Audience) -> int:
    """Give the moment after which it matters how often somebody was written to."""
    known = rules(audience)
    (may_have_enough,) = db.execute(_SQL["may_have_enough"], known).fetchone()
    return to_int(audience.now - (MONTH if may_have_enough else DAY))


def survey(
    db: sqlite3.Connection, audience: Audience, asked: Asked, part: Part = ALL
) -> tuple[Group, ...]:
    """Count an audience, or a part of it, by what decides about text and way."""
    sql, values = selection("survey", audience, part)
    paths = tuple(map(path_of, asked.attributes))
    sql = sql.replace("/*facts*/", "\n".join(_facts(asked, paths, values)))
    found: list[_Columns] = db.execute(sql, values).fetchall()
    return tuple(_to_group(db, columns, asked, paths) for columns in found)


def talking(db: sqlite3.Connection, audience: Audience, since: datetime) -> tuple[Talking, ...]:
    """Count those who would be written to and wrote to us after a moment, the last first."""
    sql, values = selection("talking", audience, Part(heard_after=to_int(since)))
    return tuple(Talking(to_moment(at), number) for at, number in db.execute(sql, values))


def _facts(asked: Asked, paths: tuple[str, ...], values: dict[str, Value]) -> Iterator[str]:
    """Give what tells texts apart: first the facts that are read again from the word, in order."""
    if asked.has_month:
        yield _SQL["fact_month"]
    if asked.has_megabytes:
        yield _SQL["fact_megabytes"]
    if asked.has_customer:
        yield _SQL["fact_customer"]
    for path in paths:
        yield bind(_SQL["fact_attribute"], (path,), values)


_Columns = tuple[str, int, str]


def _to_group(
    db: sqlite3.Connection, columns: _Columns, asked: Asked, paths: tuple[str, ...]
) -> Group:
    kind, count, sample = columns
    if not kind.startswith(" "):
        return Group(kind, "", None, count, sample)
    language, letter, *facts = kind[1:].split(" ")
    told = iter(facts)
    return Group(
        reason=None,
        language=language,
        scheme=scheme_of(letter),
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
