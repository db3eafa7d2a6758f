"""An outbox in memory: what the relay needs of a store, so that its judgement can be seen alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flows.customer import Address
from storage.outbox import (
    Claim,
    Claimed,
    Leaving,
    OutboxRow,
    OutboxState,
    Receipt,
    Settle,
    Unresolved,
)
from storage.pace import SECOND as US
from storage.pace import Pace
from storage.records import to_int, to_moment

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LIVE = {OutboxState.POSTING, OutboxState.UNKNOWN, OutboxState.READY}


@dataclass(slots=True)
class Kept:
    """A row with everything that became of it."""

    row: OutboxRow
    state: OutboxState = OutboxState.READY
    due: datetime | None = None
    lease: datetime | None = None
    posted_at: datetime | None = None
    ref: str | None = None
    reason: str | None = None
    status: str | None = None
    rank: int = -1


@dataclass(slots=True)
class MemoryOutbox:
    """Keeps the promises of the outbox for one process, and forgets all at its end."""

    rows: dict[int, Kept] = field(default_factory=dict)
    free: dict[str, datetime] = field(default_factory=dict)
    paused: dict[str, datetime] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    opens: dict[str, datetime] = field(default_factory=dict)
    recent: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    suppressed: set[str] = field(default_factory=set)

    def add(self, to: Address, body: str, due: datetime, **rest: object) -> int:
        """Queue a row."""
        number = len(self.rows) + 1
        row = OutboxRow(
            id=number, lane="sms", priority=0, recipient=to.uri, line="Line", body=body, due=due,
            slot=due, created_at=due, attempt=0, customer="100001", use_by=None, cost=1,
            is_unasked=True, may_resend=False, about=None, tag="",
        )  # fmt: skip
        self.rows[number] = Kept(row._replace(**rest), due=due)  # type: ignore[arg-type]
        return number

    def state(self, number: int) -> OutboxState:
        """Tell where a row stands."""
        return self.rows[number].state

    def _waiting(self, lane: str) -> list[Kept]:
        """List what is ready and not behind an older row of its recipient."""
        ready = [
            k for k in self.rows.values() if k.row.lane == lane and k.state is OutboxState.READY
        ]
        return [
            k for k in ready if not any(self._is_before(other, k) for other in self.rows.values())
        ]

    @staticmethod
    def _is_before(other: Kept, kept: Kept) -> bool:
        is_same = other.row.recipient == kept.row.recipient and other.row.lane == kept.row.lane
        is_retried = other.state is OutboxState.READY and bool(other.row.tag)
        is_older = is_retried and other.row.id < kept.row.id
        return is_same and (other.state is OutboxState.POSTING or is_older)

    async def claim(self, claim: Claim) -> Claimed:
        if self.paused.get(claim.lane, claim.now) > claim.now:
            return Claimed()
        pace = self._pace(claim)
        earliest = claim.now + timedelta(seconds=claim.lead_s)
        horizon = max(earliest, claim.now + timedelta(seconds=claim.horizon_s))
        taken: dict[str, OutboxRow] = {}
        kept_back = 0
        for kept in sorted(
            self._waiting(claim.lane), key=lambda k: (k.row.priority, k.due, k.row.id)
        ):
            if len(taken) == claim.limit:
                break
            if kept.due is None or kept.due > claim.now or kept.row.recipient in taken:
                continue
            slot = to_moment(pace.slot(kept.row.cost, to_int(earliest)))
            if slot > horizon:
                if (freed := self._made_way(kept, claim)) is None:
                    pace.free = to_int(slot)
                    break
                taken[kept.row.recipient] = self._post(kept, claim, freed)
                continue
            if (opens := self.opens.get(kept.row.recipient, LONG_AGO)) > slot:
                kept.due = opens
                continue
            if self._keep_back(kept, claim, slot):
                kept_back += 1
                continue
            if claim.allowances is not None:
                after = claim.allowances(kept.row.recipient)
                self.opens[kept.row.recipient] = to_moment(
                    after.opens_after(to_int(opens), to_int(slot))
                )
            pace.take(kept.row.cost, to_int(slot))
            taken[kept.row.recipient] = self._post(kept, claim, slot)
        self.free[claim.lane], self.recent[claim.lane] = to_moment(pace.free), pace.recent
        return Claimed(
            tuple(taken.values()), kept_back, self._foremost(claim.lane, is_served=bool(taken))
        )

    def _foremost(self, lane: str, *, is_served: bool) -> int | None:
        waiting = () if is_served else self._waiting(lane)
        return min((kept.row.priority for kept in waiting), default=None)

    def _made_way(self, kept: Kept, claim: Claim) -> datetime | None:
        """Give the slot of somebody who makes way for something more urgent."""
        for other in (self.rows[row.id] for row in claim.instead_of):
            is_posting = other.state is OutboxState.POSTING
            if is_posting and other.row.priority > kept.row.priority:
                other.state, other.due = OutboxState.READY, claim.now
                other.row = other.row._replace(attempt=other.row.attempt - 1)
                return other.row.slot
        return None

    def _keep_back(self, kept: Kept, claim: Claim, slot: datetime) -> bool:
        row = kept.row
        at = claim.permit(Leaving(slot, row.priority, row.attempt + 1))
        if row.is_unasked and row.recipient in self.suppressed:
            kept.state, kept.reason = OutboxState.SKIPPED, "opted_out"
        elif row.use_by is not None and row.use_by <= slot:
            kept.state, kept.reason = OutboxState.SKIPPED, "stale"
        elif at > slot:
            kept.due = at
        else:
            return False
        return True

    @staticmethod
    def _post(kept: Kept, claim: Claim, slot: datetime) -> OutboxRow:
        kept.state, kept.lease, kept.posted_at = OutboxState.POSTING, claim.lease_until, slot
        kept.row = kept.row._replace(slot=slot, attempt=kept.row.attempt + 1, tag=claim.new_tag())
        return kept.row

    def _pace(self, claim: Claim) -> Pace:
        free = to_int(self.free.get(claim.lane, claim.now))
        recent = self.recent.get(claim.lane, [])
        return Pace(claim.rate, free, recent, round(claim.late_s * US))

    async def next_due(self, lane: str, now: datetime, ahead_s: float = 0.0) -> datetime | None:
        dues = [kept.due for kept in self._waiting(lane) if kept.due is not None]
        if not dues:
            return None
        free = self.free.get(lane, now) - timedelta(seconds=ahead_s)
        return max(min(dues), free, self.paused.get(lane, now))

    async def standing(self, tags: Sequence[str]) -> frozenset[str]:
        posting = {k.row.tag for k in self.rows.values() if k.state is OutboxState.POSTING}
        return frozenset(tag for tag in tags if tag in posting)

    async def settle(self, settlements: Sequence[Settle]) -> None:
        for settle in settlements:
            kept = self.rows[settle.id]
            if settle.tag not in (None, kept.row.tag):
                continue  # about an attempt that is not the last
            if kept.state in {OutboxState.ACCEPTED, OutboxState.DELIVERED, OutboxState.FAILED}:
                continue  # a receipt was faster
            kept.state, kept.due = settle.state, settle.due
            kept.ref, kept.reason = settle.ref or kept.ref, settle.reason
            if not settle.counts:
                kept.row = kept.row._replace(attempt=kept.row.attempt - 1)

    async def recover(self, now: datetime) -> int:
        posting = [kept for kept in self.rows.values() if kept.state is OutboxState.POSTING]
        late = [kept for kept in posting if kept.lease and kept.lease <= now]
        for kept in late:
            kept.state, kept.due = OutboxState.UNKNOWN, now
        return len(late)

    async def unresolved(self, lane: str, now: datetime, limit: int) -> tuple[Unresolved, ...]:
        due = [kept for at, kept in self._unknown(lane) if at <= now]
        return tuple(
            Unresolved(kept.row, kept.posted_at)
            for kept in due[:limit]
            if kept.posted_at is not None
        )

    async def next_look(self, lane: str) -> datetime | None:
        return min((at for at, _ in self._unknown(lane)), default=None)

    def _unknown(self, lane: str) -> list[tuple[datetime, Kept]]:
        return [
            (kept.due, kept)
            for kept in self.rows.values()
            if kept.state is OutboxState.UNKNOWN and kept.row.lane == lane and kept.due is not None
        ]

    async def receipt(self, receipt: Receipt) -> bool:
        for kept in self.rows.values():
            is_tagged = receipt.tag is not None and kept.row.tag == receipt.tag
            if is_tagged or (receipt.ref is not None and kept.ref == receipt.ref):
                self._note(kept, receipt)
                return True
        return False

    @staticmethod
    def _note(kept: Kept, receipt: Receipt) -> None:
        kept.ref = receipt.ref or kept.ref
        if kept.state in LIVE:
            kept.state = OutboxState.ACCEPTED
        if receipt.rank > kept.rank:
            kept.rank, kept.status = receipt.rank, receipt.status

    async def pause_lane(self, lane: str, until: datetime, reason: str) -> None:
        self.paused[lane] = max(until, self.paused.get(lane, until))

    async def pause_recipient(self, recipient: str, until: datetime) -> None:
        self.opens[recipient] = max(until, self.opens.get(recipient, until))

    async def known_refs(self, refs: Sequence[str]) -> frozenset[str]:
        owned = {kept.ref for kept in self.rows.values()}
        return frozenset(ref for ref in refs if ref in owned)

    async def get(self, name: str) -> str | None:
        return self.kept.get(name)

    async def put(self, name: str, value: str) -> None:
        self.kept[name] = value


def _order(kept: Kept) -> tuple[int, datetime | None, int]:
    return kept.row.priority, kept.due, kept.row.id
