"""Hands send what was claimed: so many rows at a time, one after the other each.

What no hand has taken yet is still at hand, and may be taken back.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.outbox import OutboxRow


@dataclass(frozen=True, slots=True)
class Haul:
    """What the rows of one claim share: when it was asked for and got, how late they may leave."""

    asked_at: datetime
    got_at: datetime
    late_s: float | None


Work = Callable[[OutboxRow, Haul], Coroutine[None, None, None]]
Spawn = Callable[[Coroutine[None, None, None]], None]


class Hands:
    """Does `work` for each row in the order of the claims; `spawn` lets a hand begin.

    (A task for each row would cost more than all that is decided about it.)
    """

    def __init__(self, work: Work, spawn: Spawn) -> None:
        self._work = work
        self._spawn = spawn
        self._at_hand: deque[tuple[OutboxRow, Haul]] = deque()
        self._busy = 0

    def give(self, rows: Sequence[OutboxRow], haul: Haul, most: int) -> None:
        """Have rows sent, by `most` hands in all."""
        self._at_hand.extend((row, haul) for row in rows)
        for _ in range(min(most - self._busy, len(rows))):
            self._begin()

    def take_back(self) -> tuple[OutboxRow, ...]:
        """Take back what nobody has begun with."""
        rows = tuple(row for row, _ in self._at_hand)
        self._at_hand.clear()
        return rows

    def _begin(self) -> None:
        self._busy += 1
        self._spawn(self._hand())

    async def _hand(self) -> None:
        try:
            while self._at_hand:
                await self._work(*self._at_hand.popleft())
        except Exception:
            self._begin()  # one row has failed; what is still at hand leaves all the same
            raise
        finally:
            self._busy -= 1
