"""Pace gives rows their slots on a lane's clock: no second ever holds more than its rate."""

import math
from dataclasses import dataclass

SECOND = 1_000_000  # moments here are microseconds, as in the database


@dataclass(slots=True)
class Pace:
    """A lane's clock: rows leave evenly spaced, and idle time is not saved up.

    `rate` is in tokens per second, `free` the earliest next slot, `recent` slot and cost of what
    was given away in the second before it.
    """

    rate: float | None
    free: int
    recent: list[tuple[int, int]]

    def slot(self, cost: int, now: int) -> int:
        """Tell when a row of this cost may leave, not before `now`.

        Spacing alone would let a second begin with one dear row and end with another, so a row also
        waits until the second before it has room. A row dearer than a second's rate goes alone.
        """
        slot = max(self.free, now)
        if self.rate is None:
            return slot
        spent, room = cost, max(self.rate, cost)
        for at, before in reversed(self.recent):
            spent += before
            if spent > room:
                return max(slot, at + SECOND)
        return slot

    def take(self, cost: int, slot: int) -> None:
        """Give a slot away."""
        if self.rate is None:
            return
        self.free = slot + math.ceil(cost * SECOND / self.rate)
        self.recent = [(at, spent) for at, spent in self.recent if at > slot - SECOND]
        self.recent.append((slot, cost))
