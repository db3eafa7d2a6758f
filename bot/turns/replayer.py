"""The replayer takes in what came before its time, once the time has come."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.carrier.feed import Intake
from bot.carrier.kept_reports import UnreadableReportError, read
from storage.changes import Decision, Quarantine
from storage.memory import Key
from storage.reading import Quarantined
from storage.store import Store

BATCH = 100
_A_DAY = timedelta(days=1)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Replayer:
    """Hands kept reports to the intake, which lets them go in the turn that answers them."""

    store: Store
    intake: Intake
    clock: Callable[[], datetime]

    async def tick(self) -> datetime | None:
        """Take in what is due now; tell when the next one is."""
        while due := await self.store.quarantined(self.clock(), BATCH):
            for kept in due:
                await self._take(kept)
        return await self.store.next_quarantined()

    async def _take(self, kept: Quarantined) -> None:
        try:
            report = read(kept.body)
        except UnreadableReportError:
            log.exception("kept_report_unreadable", source=kept.key.source, id=kept.key.id)
            await self._put_off(kept)
        else:
            await self.intake.happened(report)

    async def _put_off(self, kept: Quarantined) -> None:
        """Leave it to people for a day; nothing is thrown away."""
        now = self.clock()
        again = Quarantine(kept.key, kept.body, kept.reason, now, now + _A_DAY)
        await self.store.turn(Key(), lambda _: Decision(None, (again,)))
