"""What became of a send that nobody answered: it is looked up, and seldom sent once more."""

from datetime import timedelta

import structlog

from bot.sending.lanes import (
    Handler,
    Outbox,
    Surroundings,
    accepted,
    resend,
    resent_name,
    unknown,
)
from storage.outbox import OutboxState, Settle, Unresolved

LOOK_AGAIN = timedelta(minutes=2)
BLIND_FOR = timedelta(hours=24)  # so long we go on asking a provider that gives no list

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Resolver:
    """Resolves the unknown rows of one lane."""

    def __init__(self, outbox: Outbox, handler: Handler, around: Surroundings) -> None:
        self._outbox = outbox
        self._handler = handler
        self._around = around

    async def resolve(self, lost: Unresolved) -> Settle:
        """Look a row up and say what is to be noted of it."""
        row, metrics = lost.row, self._around.metrics.unknown
        try:
            found = await self._handler.look_up(row, row.tag, lost.posted_at)
        except Exception as error:  # noqa: BLE001 (nobody could tell, so nothing is decided)
            log.warning("look_up_failed", lane=row.lane, row=row.id, error=type(error).__name__)
            return self._blind(lost)
        at = self._around.clock()
        if found is not None:
            metrics.labels(row.lane, "found").inc()
            return accepted(row, found.ref, at)
        settle = unknown(row, lost.posted_at, at, reason="not listed")
        if settle.due is not None:
            return settle
        return await self._give_up(lost, settle)

    async def _give_up(self, lost: Unresolved, settle: Settle) -> Settle:
        row, metrics = lost.row, self._around.metrics.unknown
        if not row.may_resend or row.attempt > 1:
            metrics.labels(row.lane, "uncertain").inc()
            log.error("send_uncertain", lane=row.lane, row=row.id, line=row.line)
            return settle
        await self._outbox.put(resent_name(row.tag), str(row.id))
        metrics.labels(row.lane, "resent").inc()
        return resend(row, settle.at)

    def _blind(self, lost: Unresolved) -> Settle:
        row, at = lost.row, self._around.clock()
        due = at + LOOK_AGAIN if at - lost.posted_at < BLIND_FOR else None
        reason = "look-up failed"
        return Settle(row.id, OutboxState.UNKNOWN, at, reason=reason, due=due, tag=row.tag)
