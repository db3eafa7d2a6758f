"""How far a broadcast is, read from its counters."""

from dataclasses import dataclass
from datetime import datetime

from storage.broadcasts import HELD, BroadcastRow, Counts


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a broadcast is; `done_at` is when it ended, or will at this pace.

    `next_at` is told where the next message waits: for a morning, say, or for the campaign.
    """

    row: BroadcastRow
    counts: Counts
    rate_per_s: float | None
    done_at: datetime | None
    next_at: datetime | None = None

    @property
    def waits_for_the_campaign(self) -> bool:
        """Tell whether it goes on only when the campaign does, which nobody knows the hour of."""
        known, at = self.row.started_at, self.next_at
        return bool(known and at and at - known >= HELD)

    @property
    def id(self) -> str:
        """Give the id that people see."""
        return f"B{self.row.id}"

    @property
    def left(self) -> int:
        """Count those of whom nothing is known to have become yet."""
        return self.counts.states.get("planned", 0) + self.counts.states.get("claimed", 0)
