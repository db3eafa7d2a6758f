"""Broadcasts in PostgreSQL: drafts, recipients planned in chunks, the valve before the outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from flows.broadcast import BroadcastState
from storage.broadcasts import (
    HELD,
    Asked,
    Audience,
    BroadcastRow,
    Census,
    Compose,
    Composed,
    Counts,
    Group,
    Move,
    ReportRow,
    Settled,
    Talking,
)
from storage.changes import Audit
from storage.memory import Key
from storage.postgres.audience import selection, survey, talking
from storage.postgres.changes import to_leave
from storage.postgres.database import Connection, Database, rows_of
from storage.postgres.memory import read_common, recall
from storage.postgres.sheets import apply, columns, note
from storage.queries import load
from storage.records import to_int, to_int_or_none, to_moment_or_none
from storage.rows import to_broadcast

CHUNK = 500  # recipients
LOOKED_AT = 2000  # customers, of whom few may be in the audience
AT_ONCE = 100  # rows fed in one transaction
PACE_OF = 200

_US = timedelta(microseconds=1)
_SQL = load("postgres", "broadcasts")
_S = BroadcastState


@dataclass(frozen=True, slots=True)
class PostgresBroadcasts:
    """The keeper of broadcasts."""

    database: Database

    async def draft(self, row: BroadcastRow, audit: Audit) -> int:
        """Keep a new draft; its id comes back."""
        return await self.database.write(lambda c: _draft(c, row, audit))

    async def note(self, audit: Audit) -> None:
        """Keep what a manager did, or was refused."""
        await self.database.write(lambda c: note(c, audit))

    async def find(self, number: int) -> BroadcastRow | None:
        """Read one broadcast."""
        return await self.database.read(lambda c: _find(c, number))

    async def all(self) -> tuple[BroadcastRow, ...]:
        """List all broadcasts, the newest first."""
        rows = await self.database.read(lambda c: c.fetch(_SQL["read_broadcasts"], None))
        return tuple(map(to_broadcast, rows))

    async def at_work(self) -> tuple[int, ...]:
        """List those for which something remains to be done."""
        rows = await self.database.read(lambda c: c.fetch(_SQL["read_at_work"]))
        return tuple(number for (number,) in rows)

    async def counts(self, number: int) -> Counts:
        """Read the counters."""
        rows = await self.database.read(lambda c: c.fetch(_SQL["read_counts"], number))
        states = {state: count for state, _, count in rows if state != "excluded"}
        excluded = {reason: count for state, reason, count in rows if state == "excluded"}
        return Counts(states, excluded)

    async def move(self, number: int, move: Move) -> BroadcastRow | None:
        """Change where a broadcast stands, in one transaction."""
        return await self.database.write(lambda c: _move(c, number, move))

    async def survey(self, audience: Audience, asked: Asked) -> tuple[Group, ...]:
        """Look at an audience without planning anything."""
        return await self.database.read(lambda c: survey(c, audience, asked))

    async def talking(self, audience: Audience, since: datetime) -> tuple[Talking, ...]:
        """Count those who would be written to and wrote to us after a moment."""
        return await self.database.read(lambda c: talking(c, audience, since))

    async def has_attribute(self, name: str) -> bool:
        """Tell whether any customer has an attribute."""
        return bool(await self.database.read(lambda c: c.fetchval(_SQL["has_attribute"], name)))

    async def census(self) -> tuple[Census, ...]:
        """Count all customers by where they stand."""
        rows = await self.database.read(lambda c: c.fetch(_SQL["census"]))
        return tuple(Census(*row) for row in rows)

    async def plan(self, number: int, audience: Audience) -> bool:
        """Plan the next chunk of a running broadcast; False once all are planned."""
        return await self.database.write(lambda c: _plan(c, number, audience))

    async def feed(self, number: int, compose: Compose, most: int, now: datetime) -> int:
        """Put the next recipients of a running broadcast into the outbox."""
        return await self.database.write(lambda c: _feed(c, number, compose, most, now))

    async def withdraw(self, number: int) -> bool:
        """Skip a chunk of those a cancelled broadcast had planned."""
        drop = _SQL["drop_planned"]
        return rows_of(await self.database.write(lambda c: c.execute(drop, number, CHUNK))) > 0

    async def next_unsent(self, number: int) -> datetime | None:
        """Tell when the first row that waits in the outbox may leave."""
        due = await self.database.read(lambda c: c.fetchval(_SQL["next_unsent"], number))
        return to_moment_or_none(due)

    async def lately(self, number: int, most: int) -> Settled:
        """Tell what became of the last recipients since it was started or resumed."""
        rows = await self.database.read(lambda c: c.fetch(_SQL["lately_settled"], number, most))
        failed = sum(state == "failed" for state, _ in rows)
        return Settled(len(rows), failed, sum(has_left for _, has_left in rows))

    async def pace(self, number: int) -> float | None:
        """Give the messages a second at which the last ones left."""
        asked = (_SQL["pace_lately"], number, PACE_OF)
        [(count, first, last)] = await self.database.read(lambda c: c.fetch(*asked))
        if count < 2 or last <= first:  # noqa: PLR2004 - a pace lies between two
            return None
        return float((count - 1) / timedelta(microseconds=last - first).total_seconds())

    async def retry_failed(self, number: int, move: Move) -> int:
        """Let those who failed be tried once more."""
        return await self.database.write(lambda c: _retry_failed(c, number, move))

    async def report(self, number: int, after: str, most: int) -> tuple[ReportRow, ...]:
        """List what became of everybody, by customer."""
        rows = await self.database.read(lambda c: c.fetch(_SQL["report"], number, after, most))
        return tuple(
            ReportRow(who, state, reason, attempts, address, lane, to_moment_or_none(at), *rest)
            for who, state, reason, attempts, address, lane, at, *rest in rows
        )

    async def last_waiting(self, lines: tuple[str, ...]) -> datetime | None:
        """Tell when the last of those leaves that wait to say one of these lines."""
        given = (_SQL["last_waiting"], HELD // _US, lines)
        return to_moment_or_none(await self.database.read(lambda c: c.fetchval(*given)))

    async def hold(self, lines: tuple[str, ...] | None) -> int:
        """Hold back the next of those that wait to say one of these lines."""
        given = (_SQL["hold_lines"], HELD // _US, lines, CHUNK)
        return rows_of(await self.database.write(lambda c: c.execute(*given)))

    async def release(
        self, lines: tuple[str, ...] | None, later: timedelta, worth: timedelta
    ) -> int:
        """Let the next of those that are held back leave so much later."""
        given = (_SQL["release_lines"], HELD // _US, later // _US, lines, CHUNK, worth // _US)
        return rows_of(await self.database.write(lambda c: c.execute(*given)))


# --- One broadcast ------------------------------------------------------------------------------


async def _draft(connection: Connection, row: BroadcastRow, audit: Audit) -> int:
    draft = row.draft
    texts = msgspec.json.encode(draft.texts).decode()
    said = (draft.author, draft.audience, texts, draft.at, draft.limit, row.hash)
    times = (to_int(row.drafted_at), to_int_or_none(row.starts_at))
    number = int(await connection.fetchval(_SQL["put_draft"], *said, *times))
    await note(connection, Audit(audit.at, audit.actor, audit.act, f"{audit.about}B{number}"))
    return number


async def _find(connection: Connection, number: int) -> BroadcastRow | None:
    found = await connection.fetchrow(_SQL["read_broadcasts"], number)
    return to_broadcast(found) if found else None


async def _hold(connection: Connection, number: int) -> BroadcastRow | None:
    found = await connection.fetchrow(_SQL["hold_broadcast"], number)
    return to_broadcast(found) if found else None


async def _move(connection: Connection, number: int, move: Move) -> BroadcastRow | None:
    before = await _hold(connection, number)
    if before is None:
        return None
    row, audits = move(before)
    stands = (row.state, row.reason, row.approved_by, row.approved_hash)
    times = (to_int_or_none(row.started_at), to_int_or_none(row.ended_at))
    await connection.execute(_SQL["write_broadcast"], number, *stands, *times)
    if row.state is not before.state:
        await _follow(connection, row)
    await note(connection, *audits)
    return row


async def _follow(connection: Connection, row: BroadcastRow) -> None:
    """Let the outbox follow what was decided about a broadcast."""
    match row.state:
        case _S.RUNNING:
            await connection.execute(_SQL["watch_from_here"], row.id)
        case _S.PAUSED | _S.SCHEDULED:
            gone = await connection.fetch(_SQL["take_back"], row.id)
            await connection.execute(_SQL["untie"], [id_ for (id_,) in gone])
        case _S.CANCELLED:
            await connection.execute(_SQL["drop_queued"], row.id)
            await connection.execute(_SQL["drop_planned"], row.id, CHUNK)
        case _S.DRAFT | _S.APPROVED | _S.DONE:
            pass


async def _retry_failed(connection: Connection, number: int, move: Move) -> int:
    before = await _hold(connection, number)
    if before is None:
        return 0
    row, audits = move(before)
    failed = rows_of(await connection.execute(_SQL["retry_failed"], number))
    if failed and row.state is not before.state:
        await connection.execute(_SQL["reopen"], number)
    if failed:
        await connection.execute(_SQL["watch_from_here"], number)
    await note(connection, *audits)
    return failed


# --- Recipients ---------------------------------------------------------------------------------


async def _plan(connection: Connection, number: int, audience: Audience) -> bool:
    row = await _hold(connection, number)
    if row is None or row.state is not _S.RUNNING or row.is_planned:
        return False
    until = await connection.fetchval(_SQL["last_of_chunk"], row.cursor, LOOKED_AT)
    if until is None:
        await connection.execute(_SQL["end_planning"], number)
        return False
    span = {"after": row.cursor, "until": until, "limit": CHUNK}
    sql, values = selection("plan", replace(audience, broadcast=number), span)
    made = [customer for (customer,) in await connection.fetch(sql, *values)]
    if len(made) == CHUNK:
        until = max(made)
    if made:
        await connection.execute(_SQL["count_planned"], number, row.cursor, until)
    await connection.execute(_SQL["move_cursor"], number, until)
    return True


async def _feed(
    connection: Connection, number: int, compose: Compose, most: int, now: datetime
) -> int:
    row = await _hold(connection, number)
    if row is None or row.state is not _S.RUNNING:
        return 0
    unsent = await connection.fetchval(_SQL["count_unsent"], number)
    room = min(most - unsent, AT_ONCE)
    if room <= 0:
        return 0
    waiting = [tuple(found) for found in await connection.fetch(_SQL["unfed"], number, room)]
    composed = await _composed(connection, waiting, compose)
    passed = {who: reason for who, reason in composed.items() if isinstance(reason, str)}
    worded = [one for one in composed.values() if isinstance(one, Composed)]
    rows = [to_leave(one.row) for one in worded]
    if rows:
        said = await connection.fetch(_SQL["feed"], *columns(rows), number, to_int(now))
        passed |= {customer: "said already" for (customer,) in said}
        await apply(connection, [link for one in worded for link in one.links])
    if passed:
        reasons = (list(passed), list(passed.values()))
        await connection.execute(_SQL["pass_over"], number, *reasons)
    return len(waiting)


async def _composed(
    connection: Connection, waiting: Sequence[tuple[str, int]], compose: Compose
) -> Mapping[str, Composed | str]:
    """Compose for each who waits what they get, or why they are passed over."""
    common = await read_common(connection)
    numbers = {place: customer for place, (customer, _) in enumerate(waiting)}
    keys = [Key(customer=customer) for customer, _ in waiting]
    kept = await recall(connection, keys, numbers)
    return {
        customer: compose(recalled.memory(common), attempt)
        for (customer, attempt), recalled in zip(waiting, kept, strict=True)
    }
