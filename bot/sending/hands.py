"""Hands send what was claimed: so many rows at a time, one after the other each.

What no hand has taken yet is still at hand, and may be taken back.
"""

import asyncio
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

    (A task for each row would cost more than all that is decided about it, so a hand without work
    waits for the next claim where there is going to be one.)
    """

    def __init__(self, work: Work, spawn: Spawn) -> None:
        self._work = work
        self._spawn = spawn
        self._at_hand: deque[tuple[OutboxRow, Haul]] = deque()
        self._idle: list[asyncio.Future[None]] = []
        self._busy = 0
        self._is_more_coming = False

    def give(
        self, rows: Sequence[OutboxRow], haul: Haul, most: int, *, is_more_coming: bool
    ) -> None:
        """Have rows sent, by `most` hands in all; say whether others are going to follow."""
        self._is_more_coming = is_more_coming
        self._at_hand.extend((row, haul) for row in rows)
        for _ in range(min(most - self._busy, len(rows))):
            self._begin()
        if not is_more_coming:
            self._dismiss()

    def take_back(self) -> tuple[OutboxRow, ...]:
        """Take back what nobody has begun with."""
        rows = tuple(row for row, _ in self._at_hand)
        self._at_hand.clear()
        self._is_more_coming = False
        self._dismiss()
        return rows

    def _begin(self) -> None:
        self._busy += 1
        if self._idle:
            self._idle.pop().set_result(None)
        else:
            self._spawn(self._hand())

    def _dismiss(self) -> None:
        """Send home who waits: they find that there is neither work nor a reason to stay."""
        while self._idle:
            self._begin()

    async def _hand(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                while self._at_hand:
                    await self._work(*self._at_hand.popleft())
                if not self._is_more_coming:
                    return
                await self._rest(loop)
        except Exception:
            self._begin()  # one row has failed; what is still at hand leaves all the same
            raise
        finally:
            self._busy -= 1

    def _rest(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """Give what to wait for; whoever calls us counts us as busy again."""
        called = loop.create_future()
        self._idle.append(called)
        self._busy -= 1
        return called
