"""A belt is one lane at work on this node: what is in the air, and how it has fared lately.

Rows are posted before their slot and leave at it, so that a slow commit moves no departure.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.channels.channel import Accepted, Fault, NotSent, Outcome, Refused, Unknown
from bot.sending.lanes import (
    HALTING,
    Lane,
    Outbox,
    Surroundings,
    Verdict,
    backoff,
    give_back,
    judge,
)
from bot.sending.lead import NO_LEAD, Lead
from bot.sending.resolver import Resolver
from storage.errors import StorageError
from storage.outbox import Claim, OutboxRow, Posting, Settle, Unresolved

LEASE = timedelta(seconds=60)
OVERSLEPT = LEASE / 2  # whoever slept longer may find that the row is somebody else's by now
GRACE_S = 15.0  # longer than any send may take
LOOK_UPS_AT_ONCE = 10
LOOK_EVERY = timedelta(seconds=1)  # where nothing is known of it
SETTLE_TRIES = 6
CLOSED = {Fault.ADDRESS, Fault.OPTED_OUT, Fault.BLOCKED, Fault.MOVED}

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Belt:
    """Claims, posts, sends and settles the rows of one lane, never more at a time than it may."""

    def __init__(self, outbox: Outbox, lane: Lane, around: Surroundings) -> None:
        self.on_freed: Callable[[], None] = _nothing
        self._outbox = outbox
        self._lane = lane
        self._around = around
        self._resolver = Resolver(outbox, lane.handler, around)
        self._tasks: set[asyncio.Task[None]] = set()
        self._taken = 0
        self._landings = 0
        self._looking: set[int] = set()
        self._look_at: datetime | None = None
        self._failures = 0
        self._failing_until: datetime | None = None
        self._is_halted = False
        self._lead = Lead() if lane.rate and around.horizon_s else NO_LEAD

    async def drain(self) -> datetime | None:
        """Do everything that is due now and wait for its end; tell when the next thing is due."""
        while True:
            before = self._landings
            due = await self.start_due()
            if self._tasks:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            elif before == self._landings:  # nobody's turn came while we asked
                return due

    async def start_due(self) -> datetime | None:
        """Start what is due as far as there is room; tell when more is due (None: nothing known).

        Whoever waits for room is called by `on_freed`.
        """
        now = self._around.clock()
        if self._look_at is None or self._look_at <= now:
            await self._start_look_ups(now)
        while room := self._room():
            if not await self._claim(now, room):
                return await self._next(now)
        return None

    def _room(self) -> int:
        """Tell how many more may be in the air; while the lane is halted one alone tries it."""
        most = 1 if self._is_halted else self._lane.in_flight
        return max(most - self._taken, 0)

    async def finish(self) -> None:
        """Wait for what is in the air, and give up on what takes too long: its lease tells."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=GRACE_S)
        for task in late:
            task.cancel()

    # --- Claiming ---------------------------------------------------------------------------

    async def _claim(self, now: datetime, room: int) -> bool:
        """Take as many rows as there is room for, and post them; tell whether there were any."""
        late_s = self._lead.late_s
        rows = await self._outbox.claim(
            Claim(
                lane=self._lane.name,
                node=self._around.node,
                now=now,
                lease_until=now + LEASE,
                limit=room,
                rate=self._lane.rate,
                horizon_s=self._lead.ahead_s(self._around.horizon_s),
                lead_s=self._lead.seconds,
                late_s=late_s or 0.0,
                allowances=self._lane.allowances,
            )
        )
        if rows:
            lag = now - min(row.due for row in rows)
            self._around.metrics.lag.labels(self._lane.name).set(lag.total_seconds())
            self._taken += len(rows)
            self._spawn(self._post(rows, now, late_s))
        return bool(rows)

    async def _next(self, now: datetime) -> datetime | None:
        ahead_s = self._lead.ahead_s(self._around.horizon_s) / 2
        row, look = await asyncio.gather(
            self._outbox.next_due(self._lane.name, now, ahead_s),
            self._outbox.next_look(self._lane.name),
        )
        if row is None:
            self._around.metrics.lag.labels(self._lane.name).set(0)
        if look is not None and look <= now and self._looking:
            look = None  # it is under way, and its end calls `on_freed`
        if look is not None and (self._look_at is None or look < self._look_at):
            self._look_at = look
        return min((at for at in (row, look) if at is not None), default=None)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._landings += 1
        if not task.cancelled() and task.exception() is not None:
            log.error("relay_row_failed", lane=self._lane.name, exc_info=task.exception())
        self.on_freed()

    # --- Sending ----------------------------------------------------------------------------

    async def _post(
        self, rows: tuple[OutboxRow, ...], asked_at: datetime, late_s: float | None
    ) -> None:
        """Commit a tag for each row that may leave at its slot, and let it leave then."""
        started = 0
        try:
            now = self._around.clock()
            postings = [self._posting(row, now) for row in rows]
            may = await self._outbox.post(postings, self._around.permit)
            self._lead.committed(self._around.clock() - asked_at)
            for row, posting in zip(rows, postings, strict=True):
                if posting.id in may:
                    self._spawn(self._leave(row, posting, late_s))
                    started += 1
            self._around.metrics.skipped.labels(self._lane.name).inc(len(rows) - started)
        finally:
            self._taken -= len(rows) - started

    def _posting(self, row: OutboxRow, now: datetime) -> Posting:
        keyed = self._around.keyed(row.recipient)
        return Posting(row.id, self._around.new_tag(), max(row.slot, now), keyed)

    async def _leave(self, row: OutboxRow, posting: Posting, late_s: float | None) -> None:
        """Wait for the slot and hand the row over, if neither was lost meanwhile."""
        try:
            if not await self._is_still_to_leave(posting):
                return
            late = self._around.clock() - row.slot
            self._lead.left(late)
            if late > OVERSLEPT:
                await self._conclude(row, posting.tag, NotSent("overslept"))
            elif late_s is not None and late.total_seconds() > late_s:
                await self._settle(give_back(row.id, self._around.clock()), posting.tag)
            else:
                await self._conclude(row, posting.tag, await self._send(row, posting.tag))
        finally:
            self._taken -= 1

    async def _is_still_to_leave(self, posting: Posting) -> bool:
        """Wait for the moment; whoever had to wait looks once more whether a STOP came."""
        if posting.at <= self._around.clock():
            return True
        await self._around.until(posting.at)
        if await self._outbox.standing([posting.tag]):
            return True
        self._around.metrics.skipped.labels(self._lane.name).inc()
        return False

    async def _send(self, row: OutboxRow, tag: str) -> Outcome:
        try:
            return await self._lane.handler.send(row, tag)
        except Exception as error:  # its bytes may have left, so it must be unknown
            log.exception("send_failed", lane=self._lane.name, row=row.id)
            return Unknown(type(error).__name__)

    async def _conclude(self, row: OutboxRow, tag: str, outcome: Outcome) -> None:
        at = self._around.clock()
        self._count(row, outcome, at)
        if isinstance(outcome, Refused) and outcome.fault in CLOSED:
            await self._tell(row, outcome)
        if isinstance(outcome, NotSent) and outcome.holds == "recipient" and outcome.retry_after:
            await self._outbox.pause_recipient(row.recipient, at + outcome.retry_after)
        verdict = judge(row, outcome, at, failures=self._failures, chance=self._around.chance)
        if verdict.rest is not None:
            await self._rest(verdict, at + verdict.rest)
        if verdict.is_alarm:
            log.error("send_refused", lane=self._lane.name, row=row.id, reason=verdict.reason)
        await self._settle(verdict.settle, tag)

    async def _tell(self, row: OutboxRow, refusal: Refused) -> None:
        try:
            await self._lane.handler.refused(row, refusal)
        except Exception:  # the row is settled all the same; the next refusal tells again
            log.exception("refusal_not_noted", lane=self._lane.name, row=row.id)

    async def _rest(self, verdict: Verdict, until: datetime) -> None:
        await self._outbox.pause_lane(self._lane.name, until, verdict.reason)
        if verdict.is_alarm:
            self._is_halted = True
            self._around.metrics.paused.labels(self._lane.name).set(1)
            log.error("lane_halted", lane=self._lane.name, until=until, reason=verdict.reason)

    async def _settle(self, settle: Settle, tag: str) -> None:
        """Record what became of one attempt, if it is still the row's last.

        Tried again for a while: what is lost here has to be looked up.
        """
        settle = replace(settle, tag=tag)
        for attempt in range(1, SETTLE_TRIES):
            try:
                return await self._outbox.settle((settle,))
            except StorageError:
                log.exception("settle_failed", lane=self._lane.name, row=settle.id)
                wait = backoff(attempt, self._around.chance)
                await self._around.until(self._around.clock() + wait)
        return await self._outbox.settle((settle,))

    def _count(self, row: OutboxRow, outcome: Outcome, at: datetime) -> None:
        metrics, lane = self._around.metrics, self._lane.name
        metrics.sends.labels(lane, _name(outcome)).inc()
        match outcome:
            case Accepted():
                self._recovered()
                metrics.tokens.labels(lane).inc(row.cost)
            case Refused(fault) if fault not in HALTING:
                self._recovered()
            case NotSent(holds=holds) if holds != "recipient":
                self._fail(at)
            case _:
                pass

    def _recovered(self) -> None:
        """Note that the provider serves us, whatever it says of one row."""
        self._failures, self._failing_until, self._is_halted = 0, None, False
        self._around.metrics.paused.labels(self._lane.name).set(0)

    def _fail(self, at: datetime) -> None:
        """Count a failure of the lane once for all that fail in the same moment."""
        if self._failing_until is None or at >= self._failing_until:
            self._failures += 1
            self._failing_until = at + backoff(self._failures, self._around.chance)

    # --- Looking up what became of it --------------------------------------------------------

    async def _start_look_ups(self, now: datetime) -> None:
        busy = frozenset(self._looking)  # one that ends while we read would be read as unknown
        due = await self._outbox.unresolved(self._lane.name, now, LOOK_UPS_AT_ONCE)
        for lost in due:
            if lost.row.id not in busy:
                self._looking.add(lost.row.id)
                self._spawn(self._resolve(lost))
        self._look_at = now + LOOK_EVERY

    async def _resolve(self, lost: Unresolved) -> None:
        try:
            await self._settle(await self._resolver.resolve(lost), lost.tag)
        finally:
            self._looking.discard(lost.row.id)


def _name(outcome: Outcome) -> str:
    match outcome:
        case Accepted():
            return "accepted"
        case Refused(fault):
            return fault.value
        case NotSent():
            return "not_sent"
        case Unknown():
            return "unknown"


def _nothing() -> None:
    """Stand in for whoever would wait for room."""
