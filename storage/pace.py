"""Pace gives rows their slots on a lane's clock: no second ever holds more than its rate.

Beside the lane's there may be the pace of one recipient: some messages at once, then one at a time.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

SECOND = 1_000_000  # moments here are microseconds, as in the database
FURTHEST_AHEAD = 60 * SECOND  # slots are given for the next moment; nodes' clocks may differ


@dataclass(slots=True)
class Pace:
    """A lane's clock: rows leave evenly spaced, and idle time is not saved up.

    `rate` is in tokens per second, `free` the earliest next slot, `recent` tells by when what was
    given away last will have left, and its cost. `late` is by how much a row may miss its slot: a
    row counts until it must have left, so no second is too full even if one is late and the next is
    not, whichever nodes they are of.
    """

    rate: float | None
    free: int
    recent: list[tuple[int, int]]
    late: int = 0

    def put_right(self, now: int) -> None:
        """Forget slots further ahead than any are given: they are of a clock that ran ahead.

        Else a machine whose clock was wrong for a minute would keep the lane shut for as long as it
        was wrong by. A slow lane's next slot may well lie far ahead, its last one never does.
        """
        if self.free <= now + FURTHEST_AHEAD:
            return
        if not self.recent or max(self.recent)[0] > now + FURTHEST_AHEAD:
            self.free, self.recent = now, []

    def slot(self, cost: int, now: int) -> int:
        """Tell when a row of this cost may leave, not before `now`.

        Spacing alone would let a second begin with one dear row and end with another, so a row also
        waits until the second before it has room. A row dearer than a second's rate goes alone.
        """
        slot = max(self.free, now)
        if self.rate is None:
            return slot
        spent, room = cost, max(self.rate, cost)
        for left_by, before in sorted(self.recent, reverse=True):
            spent += before
            if spent > room:
                return max(slot, left_by + SECOND)
        return slot

    def take(self, cost: int, slot: int) -> None:
        """Give a slot away."""
        if self.rate is None:
            return
        second = SECOND + self.late
        self.free = slot + math.ceil(cost * second / self.rate)
        self.recent = [(by, spent) for by, spent in self.recent if by > slot - SECOND]
        self.recent.append((slot + self.late, cost))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one recipient bears: `burst` messages at once after a silence, else one each `every`.

    In a span of time no more than `burst` and one for each `every` of it.
    """

    burst: int
    every: timedelta

    def opens_after(self, opens: int, slot: int) -> int:
        """Tell from when on the next may leave if one does at `slot`; `opens` was that until now.

        A burst is the right to leave before one's time: the bucket of a generic cell rate algorithm
        (ITU-T I.371), kept as one moment.
        """
        every = self.every // timedelta(microseconds=1)
        return max(opens, slot - (self.burst - 1) * every) + every


Allowances = Callable[[str], Allowance]  # of a recipient, by its address; never waits
