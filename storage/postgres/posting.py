"""The last look at rows before their bytes leave: who is closed, what is stale, what waits."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from flows.broadcast import BroadcastState
from storage.outbox import Leaving, Left, OutboxState, Permit, Posting
from storage.postgres.changes import Row
from storage.postgres.database import Connection
from storage.postgres.sheets import columns
from storage.queries import load
from storage.records import to_int, to_moment, to_moment_or_none

LATELY = timedelta(days=32)  # what a month's cap has to know
PAUSED_FOR = timedelta(seconds=30)  # then a row of a paused broadcast is looked at again

_SQL = load("postgres", "posting")
_OUTBOX = load("postgres", "outbox")

_Written: TypeAlias = tuple[str, Row]
_Lately: TypeAlias = dict[str, tuple[Left, ...]]


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A claimed row, and how its address and its broadcast stand now."""

    posting: Posting
    customer: str | None
    is_unasked: bool
    priority: int
    attempt: int
    use_by: datetime | None
    is_theirs: bool
    is_opted_out: bool
    is_blocked: bool
    is_suppressed: bool
    broadcast: BroadcastState | None


async def post(
    connection: Connection, postings: Sequence[Posting], permit: Permit
) -> frozenset[int]:
    """Mark rows as posting, but for those that must not leave any more, or not yet."""
    rows = await _hold(connection, postings)
    lately = await _lately(connection, rows)
    written: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        name, values = _verdict(row, lately, permit)
        written[name].append(values)
    for name in ("post", "put_off", "hold"):
        if written[name]:
            await connection.execute(_SQL[name], *columns(written[name]))
    if written["end_as"]:
        await connection.execute(_OUTBOX["end_as"], *columns(written["end_as"]))
    if written["forget"]:
        await connection.execute(_OUTBOX["forget"], *columns(written["forget"]))
    return frozenset(row.posting.id for row in rows if row.posting.id in _ids(written["post"]))


async def standing(connection: Connection, tags: Sequence[str]) -> frozenset[str]:
    """Tell which attempts are posting still."""
    rows = await connection.fetch(_SQL["standing_tags"], list(tags))
    return frozenset(tag for (tag,) in rows)


def _ids(rows: Iterable[Row]) -> set[object]:
    return {row[0] for row in rows}


async def _hold(connection: Connection, postings: Sequence[Posting]) -> list[_Claimed]:
    """Hold the rows that are still claimed, and those who would get something unasked."""
    given = {posting.id: posting for posting in postings}
    ids = list(given)
    await connection.execute(_SQL["hold_customers"], ids)
    hashes = [posting.address_hash for posting in given.values()]
    claimed = await connection.fetch(_SQL["hold_claimed"], ids, hashes)
    return [
        _Claimed(
            posting=given[row[0]],
            customer=row[1],
            is_unasked=row[2],
            priority=row[3],
            attempt=row[4],
            use_by=to_moment_or_none(row[5]),
            is_theirs=row[6],
            is_opted_out=row[7],
            is_blocked=row[8],
            is_suppressed=row[9],
            broadcast=_state(row[10]),
        )
        for row in claimed
    ]


def _state(name: str | None) -> BroadcastState | None:
    return BroadcastState(name) if name else None


async def _lately(connection: Connection, rows: Sequence[_Claimed]) -> _Lately:
    """Read what has left unasked to those who are to get something unasked."""
    whom = {row.customer for row in rows if row.customer is not None and row.is_unasked}
    if not whom:
        return {}
    since = min(row.posting.at for row in rows) - LATELY
    found = await connection.fetch(_SQL["left_lately"], list(whom), to_int(since))
    left: dict[str, list[Left]] = defaultdict(list)
    for customer, at, priority in found:
        left[customer].append(Left(to_moment(at), priority))
    return {customer: tuple(all_) for customer, all_ in left.items()}


def _verdict(row: _Claimed, lately: _Lately, permit: Permit) -> _Written:
    """Say what happens to one row: a statement, and its values."""
    posting = row.posting
    reason = _closed(row) if row.is_unasked else None
    if reason is not None:
        return _skipped(row, reason)
    if row.is_unasked:
        match row.broadcast:
            case BroadcastState.PAUSED | BroadcastState.SCHEDULED:
                return "hold", (posting.id, to_int(posting.at + PAUSED_FOR))
            case BroadcastState.CANCELLED:
                return "end_as", (posting.id, OutboxState.SKIPPED, "cancelled")
            case _:
                pass
    at = _permitted(row, lately, permit)
    if row.use_by is not None and row.use_by <= max(at, posting.at):
        return _skipped(row, "stale")
    if at > posting.at:
        return "put_off", (posting.id, to_int(at))
    return "post", (posting.id, posting.tag, to_int(posting.at))


def _closed(row: _Claimed) -> str | None:
    """Tell why nothing unasked may go to an address."""
    if row.is_suppressed or row.is_opted_out:
        return "opted_out"
    if row.customer is None:
        return None
    if not row.is_theirs:
        return "no_address"
    return "blocked" if row.is_blocked else None


def _permitted(row: _Claimed, lately: _Lately, permit: Permit) -> datetime:
    """Ask from when a customer's row may leave; a stranger is answered at once."""
    at = row.posting.at
    if row.customer is None:
        return at
    since = at - LATELY
    left = lately.get(row.customer, ()) if row.is_unasked else ()
    known = tuple(one for one in left if one.at > since)
    return permit(Leaving(at, row.priority, row.attempt, known))


def _skipped(row: _Claimed, reason: str) -> _Written:
    """End a row that does not leave; a stranger's row goes."""
    if row.customer is None:
        return "forget", (row.posting.id,)
    return "end_as", (row.posting.id, OutboxState.SKIPPED, reason)
