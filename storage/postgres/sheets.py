"""Writes sheets of rows: one statement for each kind of row, whatever their number."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from storage.changes import Audit, Change
from storage.postgres.changes import spread
from storage.postgres.database import Connection
from storage.postgres.questions import ask
from storage.postgres.rights import forget
from storage.postgres.waves import STATEMENTS, Row, Sheet, in_waves
from storage.queries import load
from storage.records import act_hash, to_int

_SQL = load("postgres", "changes")
_ONE_BY_ONE: Mapping[str, Callable[[Connection, Any], Awaitable[None]]] = {
    "forget": forget,
    "ask": ask,
}


async def apply(connection: Connection, changes: Sequence[Change]) -> None:
    """Apply the changes of one turn."""
    await write(connection, in_waves([list(spread(changes))]))


async def write(connection: Connection, waves: Iterable[Sheet]) -> None:
    """Write sheets one after another."""
    for sheet in waves:
        for name in STATEMENTS:
            if rows := sheet.get(name):
                await _write(connection, name, rows)


async def note(connection: Connection, *audits: Audit) -> None:
    """Note what people did in the managers' chain."""
    await apply(connection, audits)


async def _write(connection: Connection, name: str, rows: Sequence[Row]) -> None:
    if name in _ONE_BY_ONE:
        for (change,) in rows:
            await _ONE_BY_ONE[name](connection, change)
        return
    if name == "set_wakes":
        await _hold_watermarks(connection, rows)
    if name == "add_audit":
        rows = await _linked(connection, rows)
    await connection.execute(_SQL[name], *columns(rows))


def columns(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Turn rows into columns, as `unnest` takes them."""
    return tuple(zip(*rows, strict=True))


async def _hold_watermarks(connection: Connection, wakes: Sequence[Row]) -> None:
    """Let no feed move on while a wake that waits for it is written: its gate would stay shut."""
    feeds = {feed for *_, feed, _ in wakes if feed is not None}
    if feeds:
        await connection.execute(_SQL["hold_watermarks"], list(feeds))


async def _linked(connection: Connection, acts: Sequence[Row]) -> list[Row]:
    """Link what people did to the end of their chain."""
    await connection.execute(_SQL["hold_audit"])
    last = await connection.fetchrow(_SQL["last_audit"])
    n, tail = last or (0, b"")
    linked: list[Row] = []
    for at, actor, act, about in acts:
        n += 1
        assert isinstance(at, datetime)  # noqa: S101 - as `spread` has written it
        tail = act_hash(tail, n, at, str(actor), str(act), str(about))
        linked.append((n, to_int(at), actor, act, about, tail))
    return linked
