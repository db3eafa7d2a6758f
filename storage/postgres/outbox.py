"""The outbox's work in PostgreSQL: what is settled, recovered and looked up."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from storage.outbox import OutboxState, Settle, Unresolved
from storage.postgres.database import Connection, rows_of
from storage.postgres.sheets import columns
from storage.postgres.waves import Row
from storage.queries import load
from storage.records import (
    to_int,
    to_int_or_none,
    to_moment,
    to_moment_or_none,
    to_outbox_row,
)

_SQL = load("postgres", "outbox")
_S = OutboxState
_OPEN = {_S.READY, _S.CLAIMED, _S.POSTING, _S.UNKNOWN}
_ELSEWHERE = "its id is another row's"


# --- Settling -----------------------------------------------------------------------------------


async def settle(connection: Connection, settlements: Sequence[Settle]) -> None:
    """Record what became of rows; what a receipt has said meanwhile is not lowered."""
    if all(settlement.state is _S.ACCEPTED for settlement in settlements):
        await connection.execute(_SQL["hurry"])
    rest = await _unaccepted(connection, settlements)
    while rest:
        once = {settlement.id: settlement for settlement in reversed(rest)}
        await _settle(connection, list(once.values()))
        rest = [settlement for settlement in rest if once[settlement.id] is not settlement]


async def _unaccepted(connection: Connection, settlements: Sequence[Settle]) -> Sequence[Settle]:
    """Accept by one statement what is as simple as nearly always, and give the rest."""
    accepted = {s.id: s for s in settlements if s.state is _S.ACCEPTED and s.tag is not None}
    refs = {settlement.ref for settlement in accepted.values()}
    if len(refs) < len(accepted) or not accepted:
        return settlements  # an id named twice is one row's only
    rows = [(s.id, s.tag, s.ref, to_int(s.at), s.reason) for s in accepted.values()]
    found = await connection.fetch(_SQL["accept_attempts"], *columns(rows))
    done = {accepted[row_id] for (row_id,) in found}
    return [settlement for settlement in settlements if settlement not in done]


async def _settle(connection: Connection, settlements: Sequence[Settle]) -> None:
    """Settle rows of which each is named once."""
    asked = [(settlement.id, settlement.ref) for settlement in settlements]
    found = await connection.fetch(_SQL["read_outcomes"], *columns(asked))
    rows = {row[0]: _Outcome(*row[1:]) for row in found}
    news = [s for s in settlements if s.id in rows and _is_news(s, rows[s.id])]
    gone = [s.id for s in news if rows[s.id].customer is None and _is_final(s)]
    owners = {s.ref: owner for s in news if (owner := rows[s.id].owner) is not None}
    for name, written in _written(news, owners):
        await connection.execute(_SQL[name], *columns(written))
    if gone:
        await connection.execute(_SQL["forget"], gone)


class _Outcome(NamedTuple):
    """How a row stands; `owner` is the row that has the provider's id of its settlement already."""

    state: str
    customer: str | None
    tag: str | None
    owner: int | None


def _is_news(settlement: Settle, row: _Outcome) -> bool:
    if settlement.tag is not None and settlement.tag != row.tag:
        return False  # were its id adopted, its callbacks could not prove a double any more
    if settlement.state in (_S.ACCEPTED, _S.DELIVERED):
        return True
    # A row that waits again may still turn out to have left; nothing else is news about it.
    return row.state in _OPEN and row.state != _S.READY


def _written(news: Iterable[Settle], owners: dict[str | None, int]) -> list[tuple[str, list[Row]]]:
    """Say which statements write what became of rows."""
    written: dict[str, list[Row]] = defaultdict(list)
    for settlement in news:
        name, row = _row(settlement, owners)
        written[name].append(row)
    return list(written.items())


def _row(settlement: Settle, owners: dict[str | None, int]) -> tuple[str, Row]:
    reason = settlement.reason
    match settlement.state:
        case _S.ACCEPTED | _S.DELIVERED:
            return "accept", _accepted(settlement, owners)
        case _S.READY:
            due = to_int(settlement.due or settlement.at)
            return "wait", (settlement.id, due, reason, int(not settlement.counts))
        case _S.UNKNOWN:
            return "lose_sight", (settlement.id, to_int_or_none(settlement.due), reason)
        case _S.FAILED | _S.SKIPPED:
            return "end_as", (settlement.id, settlement.state, reason)
        case _S.CLAIMED | _S.POSTING:
            raise ValueError(f"{settlement.state} is no outcome")


def _accepted(settlement: Settle, owners: dict[str | None, int]) -> Row:
    """Note what the provider has, with its id, unless that is another row's already."""
    ref, at = settlement.ref, to_int(settlement.at)
    if ref is not None and owners.setdefault(ref, settlement.id) != settlement.id:
        return settlement.id, None, at, _ELSEWHERE  # the message was accepted all the same
    return settlement.id, ref, at, settlement.reason


def _is_final(settlement: Settle) -> bool:
    if settlement.state is _S.UNKNOWN:
        return settlement.due is None
    return settlement.state is not _S.READY


async def recover(connection: Connection, now: datetime) -> int:
    """Free what dead workers held, and forget strangers whose time is over."""
    moment = to_int(now)
    await connection.execute(_SQL["forget_strangers"], moment)
    await connection.execute(_SQL["forget_allowances"], moment)
    freed = await connection.execute(_SQL["free_claimed"], moment)
    lost = await connection.execute(_SQL["lose_posting"], moment)
    return rows_of(freed) + rows_of(lost)


# --- Looking up ---------------------------------------------------------------------------------


async def unresolved(
    connection: Connection, lane: str, now: datetime, limit: int
) -> tuple[Unresolved, ...]:
    """List rows of unknown outcome whose look-up is due."""
    rows = await connection.fetch(_SQL["unresolved"], lane, to_int(now), limit)
    return tuple(
        Unresolved(to_outbox_row(row[:15], row[16], row[8], row[15]), to_moment(row[16]))
        for row in rows
    )


async def next_look(connection: Connection, lane: str) -> datetime | None:
    """Tell when a lane's earliest look-up is due."""
    return to_moment_or_none(await connection.fetchval(_SQL["next_look"], lane))


async def known_refs(connection: Connection, refs: Sequence[str]) -> frozenset[str]:
    """Tell which of a provider's ids are a row's already."""
    return frozenset(ref for (ref,) in await connection.fetch(_SQL["known_refs"], list(refs)))


async def pause_lane(connection: Connection, lane: str, until: datetime, reason: str) -> None:
    """Let nothing leave by a lane until then."""
    await connection.execute(_SQL["pause_lane"], lane, to_int(until), reason)


async def pause_recipient(connection: Connection, recipient: str, until: datetime) -> None:
    """Let nothing leave to a recipient until then."""
    await connection.execute(_SQL["pause_recipient"], recipient, to_int(until))
