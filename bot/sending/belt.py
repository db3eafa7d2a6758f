"""A belt is one lane at work on this node: what is in the air, and how it has fared lately.

Rows are claimed before their slot and leave at it, so that a slow commit moves no departure.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta

import structlog

from bot.channels.channel import Accepted, Fault, NotSent, Outcome, Refused, Unknown
from bot.sending.hands import Hands, Haul
from bot.sending.health import Health
from bot.sending.lanes import Lane, Outbox, Surroundings, Verdict, accepted, give_back, judge
from bot.sending.lead import NO_LEAD, Lead
from bot.sending.look_ups import LookUps
from bot.sending.room import Room
from bot.sending.settling import Settling
from bot.sending.slots import Slots
from storage.errors import StorageError
from storage.outbox import Claim, Claimed, OutboxRow, Settle

LEASE = timedelta(seconds=60)
OVERSLEPT = LEASE / 2  # whoever slept longer may find that the row is somebody else's by now
GRACE_S = 15.0  # longer than any send may take
JUST_AHEAD_S = 0.005  # the loop does not wake more exactly
STALE = timedelta(milliseconds=50)  # who was at hand for longer is looked at once more
CLOSED = {Fault.ADDRESS, Fault.OPTED_OUT, Fault.BLOCKED, Fault.MOVED}

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Belt:
    """Claims, sends and settles the rows of one lane, never more at a time than it may."""

    def __init__(self, outbox: Outbox, lane: Lane, around: Surroundings) -> None:
        self.on_freed: Callable[[], None] = _nothing
        self._outbox = outbox
        self._lane = lane
        self._around = around
        self._tasks: set[asyncio.Task[None]] = set()
        self._hands = Hands(self._leave, self._spawn)
        self._slots = Slots(outbox, around)
        self._room = Room(lane.in_flight, lane.ahead)
        self._is_prepared = False
        self._freed = asyncio.Event()
        self._is_called = False  # somebody is going to start what is due
        self._landings = 0
        self._health = Health(lane.name, around)
        self._lead = Lead() if lane.rate and around.horizon_s else NO_LEAD
        self._settling = Settling(outbox, around, self._spawn, self._settled)
        self._look_ups = LookUps(
            outbox, lane, around, self._settling, self._spawn, on_done=self._wake
        )
        self._lag = around.metrics.lag.labels(lane.name)
        self._skipped = around.metrics.skipped.labels(lane.name)

    async def drain(self) -> datetime | None:
        """Do everything that is due now and wait for its end; tell when the next thing is due."""
        while True:
            before = self._landings
            self._freed.clear()
            due = await self.start_due()
            if self._tasks:
                await self._freed.wait()
            elif before == self._landings:  # nobody's turn came while we asked
                return due

    async def start_due(self) -> datetime | None:
        """Start what is due as far as there is room; tell when more is due (None: nothing known).

        Whoever waits for room is called by `on_freed`.
        """
        self._is_called = False
        now = self._around.clock()
        if not self._is_prepared:
            due = await self._next(now)
            if due is None or due > now:
                return due
            await self._lane.prepare()  # a slot that was taken before would be missed
            self._is_prepared, now = True, self._around.clock()
        await self._look_ups.start_due(now)
        while room := self._to_ask():
            claimed = await self._claim(now, room)
            if not (self._room.is_full or claimed.kept_back or claimed.held):
                return await self._next(now)
        return None

    def _to_ask(self) -> int:
        """Tell for how many rows to ask; while the lane is halted one alone tries it."""
        return self._room.to_ask(alone=self._health.is_halted)

    def _free(self) -> None:
        """Make room, and ask for more where it is enough for that."""
        self._room.land()
        if not self._is_called and self._to_ask():
            self._wake()

    def _settled(self) -> None:
        """Ask for those who stood behind others of the same recipient, unless enough others do."""
        self._health.publish()
        if not self._room.is_full:
            self._wake()

    def _wake(self) -> None:
        self._is_called = True
        self._freed.set()
        self.on_freed()

    async def finish(self) -> None:
        """Wait for what is in the air, and give up on what takes too long: its lease tells."""
        self._put_back()
        ends_at = asyncio.get_running_loop().time() + GRACE_S
        while self._tasks and (left_s := ends_at - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self._tasks, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        for task in self._tasks:
            task.cancel()

    # --- Claiming ---------------------------------------------------------------------------

    async def _claim(self, now: datetime, room: int) -> Claimed:
        """Take as many rows as there is room for, and let them leave at their slots."""
        late_s, landed = self._lead.late_s, self._room.landed
        wanted = self._wanted(now, room, late_s or 0.0)
        claimed = await self._outbox.claim(wanted)
        if claimed.foremost is not None:
            claimed, late_s = await self._slots.make_way(wanted, claimed.foremost)
        self._room.answered(room, len(claimed.rows), landed)
        haul = Haul(now, self._around.clock(), late_s)
        if claimed.rows:
            self._lag.set((now - min(row.due for row in claimed.rows)).total_seconds())
            self._lead.committed(haul.got_at - now)
        most = 1 if self._health.is_halted else self._lane.in_flight
        self._hands.give(claimed.rows, haul, most, is_more_coming=self._room.is_full)
        if claimed.kept_back:
            self._skipped.inc(claimed.kept_back)
        return claimed

    def _wanted(self, now: datetime, room: int, late_s: float) -> Claim:
        return Claim(
            lane=self._lane.name,
            node=self._around.node,
            now=now,
            lease_until=now + LEASE,
            limit=room,
            rate=self._lane.rate,
            horizon_s=self._lead.seconds + self._around.horizon_s,
            lead_s=self._lead.seconds,
            late_s=late_s,
            allowances=self._lane.allowances,
            permit=self._around.permit,
            keyed=self._around.keyed,
            new_tag=self._around.new_tag,
        )

    async def _next(self, now: datetime) -> datetime | None:
        row, look = await asyncio.gather(
            self._outbox.next_due(self._lane.name, now, self._ahead_s()),
            self._look_ups.next_due(now),
        )
        if row is None:
            self._lag.set(0)
        return min((at for at in (row, look) if at is not None), default=None)

    def _ahead_s(self) -> float:
        """Tell how long before its slot a row is asked for.

        Where slots lie close together early enough to find several, elsewhere as late as may be: an
        answer may come in between, and goes first.
        """
        horizon_s, rate = self._around.horizon_s, self._lane.rate
        is_fast = rate is None or rate * horizon_s > 1
        return self._lead.seconds + (horizon_s / 2 if is_fast else min(horizon_s / 2, JUST_AHEAD_S))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._landings += 1
        if not task.cancelled() and task.exception() is not None:
            log.error("relay_row_failed", lane=self._lane.name, exc_info=task.exception())
        if not self._tasks:
            self._freed.set()

    # --- Sending ----------------------------------------------------------------------------

    async def _leave(self, row: OutboxRow, haul: Haul) -> None:
        """Hand a row over and record what became of it; somebody else may leave meanwhile."""
        try:
            settle = await self._depart(row, haul)
        finally:
            self._free()
        if settle is not None:
            self._settling.record(settle)

    async def _depart(self, row: OutboxRow, haul: Haul) -> Settle | None:
        """Wait for the slot and hand the row over, if neither was lost meanwhile."""
        now = self._around.clock()
        if row.slot > haul.asked_at or now - haul.got_at > STALE:
            try:
                if not await self._is_still_to_leave(row, haul):
                    return None
            except StorageError:  # not a byte has left, so it need not be looked up
                return give_back(row, self._around.clock(), "nobody could look")
            now = self._around.clock()
        late = now - row.slot
        self._lead.left(late)
        if late > OVERSLEPT:
            outcome: Outcome = NotSent("overslept")
        elif haul.late_s is not None and late.total_seconds() > haul.late_s:
            return give_back(row, now, "late")
        else:
            try:
                outcome = await self._lane.handler.send(row, row.tag)
            except Exception as error:  # its bytes may have left, so it must be unknown
                log.exception("send_failed", lane=self._lane.name, row=row.id)
                outcome = Unknown(type(error).__name__)
        at = self._around.clock()
        self._health.count(row, outcome, at)
        if isinstance(outcome, Accepted):  # nearly always, and nobody has to know
            return accepted(row, outcome.ref, at)
        return await self._conclude(row, outcome, at)

    async def _is_still_to_leave(self, row: OutboxRow, haul: Haul) -> bool:
        """Wait for the slot; whoever may have to look once more whether a STOP came meanwhile."""
        await self._slots.wait(row, haul)
        if await self._outbox.standing([row.tag]):
            return True
        self._skipped.inc()
        return False

    def _put_back(self) -> None:
        """Let what nobody has begun with wait again."""
        at, rows = self._around.clock(), self._hands.take_back()
        for row in rows:
            self._settling.record(give_back(row, at, "put back"))
        self._room.put_back(len(rows))

    async def _conclude(
        self, row: OutboxRow, outcome: NotSent | Refused | Unknown, at: datetime
    ) -> Settle:
        """Tell whoever has to know of what was not accepted, and say what is to be recorded."""
        if isinstance(outcome, Refused) and outcome.fault in CLOSED:
            await self._tell(row, outcome)
        if isinstance(outcome, NotSent) and outcome.holds == "recipient" and outcome.retry_after:
            await self._hold(self._outbox.pause_recipient(row.recipient, at + outcome.retry_after))
        verdict = judge(
            row, outcome, at, failures=self._health.failures, chance=self._around.chance
        )
        if verdict.rest is not None:
            await self._rest(verdict, at + verdict.rest)
        if verdict.is_alarm:
            log.error("send_refused", lane=self._lane.name, row=row.id, reason=verdict.reason)
        return verdict.settle

    async def _tell(self, row: OutboxRow, refusal: Refused) -> None:
        try:
            await self._lane.handler.refused(row, refusal)
        except Exception:  # the row is settled all the same; the next refusal tells again
            log.exception("refusal_not_noted", lane=self._lane.name, row=row.id)

    async def _rest(self, verdict: Verdict, until: datetime) -> None:
        self._put_back()
        await self._hold(self._outbox.pause_lane(self._lane.name, until, verdict.reason))
        if verdict.is_alarm:
            self._health.halt(until, verdict.reason)

    async def _hold(self, pausing: Awaitable[None]) -> None:
        """Pause a recipient or the lane; what is known of the row is recorded in any case."""
        try:
            await pausing
        except StorageError:  # the next one that is told to wait pauses it again
            log.exception("pause_not_noted", lane=self._lane.name)


def _nothing() -> None:
    """Stand in for whoever would wait for room."""
