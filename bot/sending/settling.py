"""Settling records what became of rows: all that comes during one call, by the next."""

from collections.abc import Callable, Sequence

import structlog

from bot.sending.hands import Spawn
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
        spawn: Spawn,
        on_settled: Callable[[], None],
    ) -> None:
        self._outbox = outbox
        self._around = around
        self._spawn = spawn
        self._on_settled = on_settled
        self._waiting: list[Settle] = []
        self._is_recording = False

    def record(self, settle: Settle) -> None:
        """Have an outcome recorded, with all others that are known by then."""
        self._waiting.append(settle)
        if not self._is_recording:
            self._is_recording = True
            self._spawn(self._record_waiting())

    async def _record_waiting(self) -> None:
        try:
            while self._waiting:
                settles, self._waiting = self._waiting, []
                await self.settle(settles)
                self._on_settled()
        finally:
            self._is_recording = False

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
