"""Claiming in PostgreSQL: what waits is read in order, decided on, and marked as posting."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec

from storage.claiming import (
    LATELY,
    Reach,
    Selection,
    Standing,
    makes_way,
    opening,
    page_size,
)
from storage.outbox import Claim, Claimed, Left, OutboxState
from storage.pace import SECOND, Pace
from storage.postgres.database import Connection
from storage.postgres.outbox import settle
from storage.postgres.sheets import columns
from storage.postgres.waves import Row
from storage.queries import load
from storage.records import OutboxColumns, to_int, to_moment

_SQL = load("postgres", "claiming")
_OUTBOX = load("postgres", "outbox")
_RECENT = msgspec.json.Decoder(list[tuple[int, int]])

_Waiting: TypeAlias = tuple[
    int, str, int, str, str, str, int, int, int, str | None,
    int | None, int, bool, bool, str | None, int,
]  # fmt: skip


async def claim(connection: Connection, wanted: Claim) -> Claimed:
    """Let rows leave in order, one per recipient, as far as the lane's pace reaches."""
    pace, paused_until = await _hold_lane(connection, wanted)
    now = to_int(wanted.now)
    pace.put_right(now)
    if paused_until > now:
        return Claimed()
    if pace.free > Reach.of(wanted).latest and not wanted.instead_of:
        return Claimed(foremost=next(iter(await _priorities(connection, wanted.lane)), None))
    before = pace.free
    look = _Look(connection, wanted)
    selection = Selection(wanted, pace, look.standing, look.opens)
    async for page in _waiting(connection, wanted, now):
        for row in await look.look_at(page):
            if not selection.is_done:
                selection.offer(row)
        if selection.is_done:
            break
    await _write(connection, wanted, selection)
    if pace.free != before:
        recent = msgspec.json.encode(pace.recent).decode()
        await connection.execute(_SQL["put_pace"], wanted.lane, pace.free, recent)
    return selection.claimed


async def next_due(
    connection: Connection, lane: str, now: datetime, ahead_s: float
) -> datetime | None:
    """Tell when a lane's next row may leave that is not held back by another."""
    found = await connection.fetchrow(_SQL["read_lane"], lane)
    free, recent, paused_until = found or (0, "[]", 0)
    pace = Pace(None, free, _RECENT.decode(recent))
    firsts = [
        await connection.fetchval(_SQL["next_due"], lane, priority)
        for priority in await _priorities(connection, lane)
    ]
    dues = [first for first in firsts if first is not None]
    return opening(pace, paused_until, dues, now, ahead_s)


async def standing(connection: Connection, tags: Sequence[str]) -> frozenset[str]:
    """Tell which attempts are posting still."""
    rows = await connection.fetch(_SQL["standing_tags"], list(tags))
    return frozenset(tag for (tag,) in rows)


async def _hold_lane(connection: Connection, wanted: Claim) -> tuple[Pace, int]:
    found = await connection.fetchrow(_SQL["hold_lane"], wanted.lane)
    if found is None:
        await connection.execute(_SQL["make_lane"], wanted.lane)
        found = await connection.fetchrow(_SQL["hold_lane"], wanted.lane)
        assert found is not None  # noqa: S101 - a lane is never deleted
    free, recent, paused_until, _ = found
    late = round(wanted.late_s * SECOND)
    return Pace(wanted.rate, free, _RECENT.decode(recent), late), paused_until


# --- Looking ------------------------------------------------------------------------------------


async def _waiting(
    connection: Connection, wanted: Claim, now: int
) -> AsyncIterator[Sequence[_Waiting]]:
    """Go through what may be claimed, the most urgent first, little further than is asked."""
    many = page_size(wanted)
    for priority in await _priorities(connection, wanted.lane):
        rows = await connection.cursor(_SQL["waiting"], wanted.lane, priority, now)
        while page := await rows.fetch(many):
            yield page
            if len(page) < many:
                break


async def _priorities(connection: Connection, lane: str) -> list[int]:
    """List the priorities of which a lane has something."""
    return [priority for (priority,) in await connection.fetch(_SQL["priorities"], lane)]


class _Look:
    """Looks up what decisions need, for a page of rows at once."""

    def __init__(self, connection: Connection, wanted: Claim) -> None:
        self._connection = connection
        self._keyed = wanted.keyed
        self._since = to_int(wanted.now - LATELY)
        self._opens: dict[str, int] = {}
        self._standing: dict[int, Standing] = {}

    def opens(self, recipient: str) -> int:
        """Tell from when on a recipient may be written to again."""
        return self._opens[recipient]

    def standing(self, row: OutboxColumns) -> Standing:
        """Tell how the address and the broadcast of something unasked stand."""
        return self._standing[row[0]]

    async def look_at(self, page: Sequence[_Waiting]) -> list[OutboxColumns]:
        """Look at a page, and give the rows that nobody has to be waited for."""
        self._opens.update((row[3], row[15]) for row in page)
        unasked = [row for row in page if row[12]]
        held_up = await self._look_closely(unasked) if unasked else frozenset[int]()
        return [row[:15] for row in page if row[0] not in held_up]

    async def _look_closely(self, unasked: Sequence[_Waiting]) -> frozenset[int]:
        """Hold the customers and look at them; those come back of whom a turn is under way."""
        held_up = await self._held_up(list({row[9] for row in unasked if row[9] is not None}))
        asked = [(row[0], row[3], row[9], self._keyed(row[3])) for row in unasked]
        found = await self._connection.fetch(_SQL["read_standing"], *columns(asked), self._since)
        for row_id, is_theirs, is_opted_out, is_blocked, is_suppressed, broadcast, lately in found:
            self._standing[row_id] = Standing(
                is_theirs,
                is_opted_out or is_suppressed,
                is_blocked,
                broadcast,
                tuple(Left(to_moment(at), priority) for at, priority in lately or ()),
            )
        return frozenset(row[0] for row in unasked if row[9] in held_up)

    async def _held_up(self, customers: Sequence[str]) -> set[str]:
        """Hold customers, and name those whom somebody else holds."""
        held = {name for (name,) in await self._connection.fetch(_SQL["hold_customers"], customers)}
        others = [name for name in customers if name not in held]
        if not others:
            return set()
        known = await self._connection.fetch(_SQL["known_customers"], others)
        return {name for (name,) in known}


# --- Writing ------------------------------------------------------------------------------------


async def _write(connection: Connection, wanted: Claim, selection: Selection) -> None:
    lease = to_int(wanted.lease_until)
    taken = [(row.id, row.tag, to_int(row.slot)) for row in selection.rows]
    if taken:
        await connection.execute(_SQL["claim"], wanted.node, lease, *columns(taken))
    if selection.open:
        await connection.execute(_SQL["put_allowances"], *columns(list(selection.open.items())))
    if selection.held:
        await connection.execute(_SQL["hold_back"], *columns(selection.held))
    if selection.kept_back:
        await _keep_back(connection, selection)
    if selection.made_way:
        await settle(connection, [makes_way(row, wanted.now) for row in selection.made_way])


async def _keep_back(connection: Connection, selection: Selection) -> None:
    """Let rows wait, or end them; strangers' rows go."""
    waiting, over, gone = list[Row](), list[Row](), list[int]()
    for kept in selection.kept_back:
        row = kept.row
        if kept.until is not None:
            waiting.append((row.id, kept.until, kept.reason))
        elif row.customer is None:
            gone.append(row.id)
        else:
            over.append((row.id, OutboxState.SKIPPED, kept.reason))
    if waiting:
        await connection.execute(_SQL["put_off"], *columns(waiting))
    if over:
        await connection.execute(_OUTBOX["end_as"], *columns(over))
    if gone:
        await connection.execute(_OUTBOX["forget"], gone)
