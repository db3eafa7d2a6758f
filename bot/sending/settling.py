"""Settling records what became of rows: all that is known at the same time by one call."""

from collections.abc import Callable, Coroutine, Sequence

import structlog

from bot.sending.lanes import Outbox, Surroundings, backoff
from storage.errors import StorageError
from storage.outbox import Settle

TRIES = 6

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Settling:
    """Records outcomes of one lane; `spawn` starts its work, `on_settled` hears of its end.

    Tried again for a while: what is lost here has to be looked up.
    """

    def __init__(
        self,
        outbox: Outbox,
        around: Surroundings,
        spawn: Callable[[Coroutine[None, None, None]], None],
        on_settled: Callable[[], None],
    ) -> None:
        self._outbox = outbox
        self._around = around
        self._spawn = spawn
        self._on_settled = on_settled
        self._waiting: list[Settle] = []

    def record(self, settle: Settle) -> None:
        """Have an outcome recorded, with all that come in the same turn of the event loop."""
        self._waiting.append(settle)
        if len(self._waiting) == 1:
            self._spawn(self._record_waiting())

    async def _record_waiting(self) -> None:
        settles, self._waiting = self._waiting, []
        try:
            await self.settle(settles)
        finally:
            self._on_settled()

    async def settle(self, settles: Sequence[Settle]) -> None:
        """Record outcomes and wait until they are."""
        for attempt in range(1, TRIES):
            try:
                return await self._outbox.settle(settles)
            except StorageError:
                log.exception("settle_failed", rows=[settle.id for settle in settles])
                wait = backoff(attempt, self._around.chance)
                await self._around.until(self._around.clock() + wait)
        for settle in settles:  # it may be one of them that cannot be recorded
            await self._alone(settle)
        return None

    async def _alone(self, settle: Settle) -> None:
        try:
            await self._outbox.settle((settle,))
        except StorageError:
            log.exception("settle_given_up", row=settle.id)
