"""How a lane has fared lately on this node: its figures, its failures, and whether it is halted."""

from collections import Counter
from datetime import datetime

import structlog

from bot.channels.channel import Accepted, NotSent, Outcome, Refused, Unknown
from bot.sending.lanes import HALTING, Surroundings, backoff
from storage.outbox import OutboxRow

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Health:
    """Counts what sends came to; `failures` is how often in a row nothing could be sent."""

    def __init__(self, lane: str, around: Surroundings) -> None:
        self.failures = 0
        self.is_halted = False
        self._lane = lane
        self._around = around
        self._tokens = around.metrics.tokens.labels(lane)
        self._paused = around.metrics.paused.labels(lane)
        self._outcomes: Counter[str] = Counter()
        self._spent = 0
        self._failing_until: datetime | None = None

    def count(self, row: OutboxRow, outcome: Outcome, at: datetime) -> None:
        """Count an outcome, and what it says of the lane."""
        name = "unknown"
        match outcome:
            case Accepted():
                name = "accepted"
                self._recover()
                self._spent += row.cost
            case Refused(fault):
                name = fault.value
                if fault not in HALTING:
                    self._recover()
            case NotSent(holds=holds):
                name = "not_sent"
                if holds != "recipient":
                    self._fail(at)
            case Unknown():
                pass
        self._outcomes[name] += 1

    def publish(self) -> None:
        """Add to the figures what was counted since the last time; to add each one takes longer."""
        for outcome, many in self._outcomes.items():
            self._around.metrics.sends.labels(self._lane, outcome).inc(many)
        self._tokens.inc(self._spent)
        self._outcomes.clear()
        self._spent = 0

    def halt(self, until: datetime, reason: str) -> None:
        """Note that only one row at a time may try whether somebody has mended it."""
        self.is_halted = True
        self._paused.set(1)
        log.error("lane_halted", lane=self._lane, until=until, reason=reason)

    def _recover(self) -> None:
        """Note that the provider serves us, whatever it says of one row."""
        if self.failures or self.is_halted:
            self.failures, self._failing_until, self.is_halted = 0, None, False
            self._paused.set(0)

    def _fail(self, at: datetime) -> None:
        """Count a failure of the lane once for all that fail in the same moment."""
        if self._failing_until is None or at >= self._failing_until:
            self.failures += 1
            self._failing_until = at + backoff(self.failures, self._around.chance)
