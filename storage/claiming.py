"""Claiming: which of the rows that wait are to leave now, and when; both keepers decide it here.

Each row is looked at in the transaction that lets it leave: who is closed, what is stale, what has
to wait. Whatever does not leave takes no slot of its lane.
"""

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, TypeAlias

import msgspec

from flows.broadcast import BroadcastState
from storage.outbox import Claim, Claimed, Leaving, Left, OutboxRow, Settle, wait_again
from storage.pace import SECOND, Pace
from storage.records import to_int, to_moment, to_outbox_row

LATELY = timedelta(days=32)  # what a month's cap has to know
PAUSED_FOR = timedelta(seconds=30)  # then a row of a paused broadcast is looked at again
# A row of the outbox as `to_outbox_row` reads it; behind it stands what its keeper has to know.
Waiting: TypeAlias = tuple[Any, ...]
MOST_NOT_LEAVING = 200  # of one claim, so that others need not wait long for its transaction


class Standing(msgspec.Struct, frozen=True):
    """How the address and the broadcast of something unasked stand, and what has left lately."""

    is_theirs: bool
    is_opted_out: bool
    is_blocked: bool
    broadcast: str | None
    lately: tuple[Left, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptBack:
    """A row that does not leave now: it waits until a moment, or it is over."""

    row: OutboxRow
    reason: str
    until: int | None = None


class Selection:
    """Goes through what waits, in order, and gives one row of each recipient its slot.

    `standing` looks at something unasked, `opens` tells from when on a recipient may be written to.
    What came of it is to be written: `rows`, `kept_back`, those who `made_way`, the moments until
    which `held` rows wait whose recipients have had enough, and from when on others `open` again.
    """

    def __init__(
        self,
        wanted: Claim,
        pace: Pace,
        standing: Callable[[Waiting], Standing],
        opens: Callable[[str], int],
    ) -> None:
        self.rows: list[OutboxRow] = []
        self.kept_back: list[KeptBack] = []
        self.held: list[tuple[int, int]] = []
        self.open: dict[str, int] = {}
        self.made_way: list[OutboxRow] = []
        self.is_done = False  # no further row is wanted
        self._wanted = wanted
        self._pace = pace
        self._standing = standing
        self._opens = opens
        self._reach = Reach.of(wanted)
        self._taken: set[str] = set()  # recipients, and customers who did not ask for it

    @property
    def claimed(self) -> Claimed:
        """What the claim is answered with."""
        return Claimed(tuple(self.rows), len(self.kept_back), held=len(self.held))

    def offer(self, waiting: Waiting) -> None:
        """Look at the next row."""
        recipient, customer, is_unasked = waiting[3], waiting[9], waiting[12]
        if recipient in self._taken or (is_unasked and customer in self._taken):
            return
        slot = self._pace.slot(waiting[11], self._reach.earliest)
        if slot > self._reach.latest and (other := self._outranked(waiting)) is not None:
            self._consider(waiting, to_int(other.slot), other)
        elif slot > self._reach.latest:
            self._pace.free = slot  # so that `next_due` does not promise this row too early
            self.is_done = True
        elif self._wanted.allowances is None or self._bears(waiting[0], recipient, slot):
            self._consider(waiting, slot)

    def _bears(self, row_id: int, recipient: str, slot: int) -> bool:
        """Tell whether a recipient bears one more; if not it is due later, and out of the way."""
        opens = self._opens(recipient)
        if opens > slot:
            self.held.append((opens, row_id))
            self._is_enough(self.held)
        return opens <= slot

    def _is_enough(self, not_leaving: Sized) -> None:
        """End this claim if so many do not leave; the next one goes on behind them."""
        self.is_done = len(not_leaving) == MOST_NOT_LEAVING

    def _outranked(self, waiting: Waiting) -> OutboxRow | None:
        """Find who has a slot already and is less urgent; as dear, so that no second overflows."""
        priority, cost = waiting[2], waiting[11]
        if self._wanted.allowances is not None:
            return None
        others = (row for row in self._wanted.instead_of if row not in self.made_way)
        return next((row for row in others if row.priority > priority and row.cost == cost), None)

    def _consider(self, waiting: Waiting, slot: int, instead_of: OutboxRow | None = None) -> None:
        """Let a row have its slot, or that of another, unless it is kept back."""
        row = to_outbox_row(waiting, slot, waiting[8] + 1, self._wanted.new_tag())
        kept_back = self._keep_back(row, waiting)
        if kept_back is not None:
            self.kept_back.append(kept_back)
            self._is_enough(self.kept_back)
        elif instead_of is not None:
            self.made_way.append(instead_of)
            self._take(row, slot)
        else:
            self._pace.take(row.cost, slot)
            self._take(row, slot)

    def _take(self, row: OutboxRow, slot: int) -> None:
        if self._wanted.allowances is not None:
            allowance = self._wanted.allowances(row.recipient)
            self.open[row.recipient] = allowance.opens_after(self._opens(row.recipient), slot)
        self._taken.add(row.recipient)
        if row.is_unasked and row.customer is not None:
            self._taken.add(row.customer)
        self.rows.append(row)
        self.is_done = len(self.rows) == self._wanted.limit

    def _keep_back(self, row: OutboxRow, waiting: Waiting) -> KeptBack | None:
        lately: tuple[Left, ...] = ()
        if row.is_unasked:
            standing = self._standing(waiting)
            kept_back = _stopped(row, standing)
            if kept_back is not None:
                return kept_back
            lately = standing.lately
        at = slot = row.slot
        if row.customer is not None:  # a stranger is answered at once
            at = self._wanted.permit(Leaving(slot, row.priority, row.attempt, lately))
        if row.use_by is not None and row.use_by <= max(at, slot):
            return KeptBack(row, "stale")
        return KeptBack(row, "put off", to_int(at)) if at > slot else None


def page_size(wanted: Claim) -> int:
    """Tell how many rows are worth looking at together: little more than there are slots."""
    if wanted.rate is None:
        return wanted.limit
    reach = Reach.of(wanted)
    slots = ceil(wanted.rate * (reach.latest - reach.earliest) / SECOND) + len(wanted.instead_of)
    return min(wanted.limit, slots + 1)


def makes_way(row: OutboxRow, now: datetime) -> Settle:
    """Let a row wait again that had a slot and has not left."""
    return wait_again(row, now, "made way", due=row.due)


def opening(
    pace: Pace, paused_until: int, dues: Sequence[int], now: datetime, ahead_s: float
) -> datetime | None:
    """Tell when to ask for a lane's next row, so long ahead, where its priorities' first are due.

    None if nothing waits.
    """
    if not dues:
        return None
    pace.put_right(to_int(now))
    free = pace.free - round(ahead_s * SECOND)
    return to_moment(max(to_int(now), min(dues), free, paused_until))


@dataclass(frozen=True, slots=True)
class Reach:
    """From when to when a claim's slots may lie."""

    earliest: int
    latest: int

    @classmethod
    def of(cls, wanted: Claim) -> "Reach":
        """Reckon it; lead and horizon are counted from now."""
        now = to_int(wanted.now)
        earliest, horizon = (now + round(s * SECOND) for s in (wanted.lead_s, wanted.horizon_s))
        return cls(earliest, max(earliest, horizon))


def _stopped(row: OutboxRow, standing: Standing) -> KeptBack | None:
    """Keep back what would go to a closed address, or whose broadcast is paused or cancelled."""
    if standing.is_opted_out:
        return KeptBack(row, "opted_out")
    if row.customer is not None and not standing.is_theirs:
        return KeptBack(row, "no_address")
    if row.customer is not None and standing.is_blocked:
        return KeptBack(row, "blocked")
    match standing.broadcast:
        case BroadcastState.PAUSED | BroadcastState.SCHEDULED:
            return KeptBack(row, "paused", to_int(row.slot + PAUSED_FOR))
        case BroadcastState.CANCELLED:
            return KeptBack(row, "cancelled")
        case _:
            return None
