"""How long before its slot a row is asked for, and how late it may leave.

Two commits lie between the asking and the departure. Were slots given for now, every row would
leave late, and one that leaves late may fill up the second of those that do not.
"""

from dataclasses import dataclass
from datetime import timedelta

SHORTEST_LEAD_S = 0.01
LONGEST_LEAD_S = 5.0
SHORTEST_LATE_S = 0.025
LONGEST_LATE_S = 2.0
SPARE = 1.5
FADING = 0.95


@dataclass(slots=True)
class Lead:
    """Follows commits and event loop: at once if they become slower, slowly if they do not.

    Slots lie at least `seconds` ahead, and are so far apart that each row may be `late_s` late.
    """

    seconds: float = 2 * SHORTEST_LEAD_S
    late_s: float = SHORTEST_LATE_S

    def committed(self, took: timedelta) -> None:
        """Learn how long it took from asking for rows until they could leave."""
        needed = max(took.total_seconds() * SPARE, self.seconds * FADING, SHORTEST_LEAD_S)
        self.seconds = min(needed, LONGEST_LEAD_S)

    def left(self, late: timedelta) -> None:
        """Learn by how much a row missed its slot."""
        needed = max(late.total_seconds() * SPARE, self.late_s * FADING, SHORTEST_LATE_S)
        self.late_s = min(needed, LONGEST_LATE_S)


@dataclass(frozen=True, slots=True)
class NoLead:
    """Without a rate nothing is early or late, nor under a clock that is moved by hand.

    Under that one a moment ahead would not come by itself.
    """

    seconds: float = 0.0
    late_s: float | None = None

    def committed(self, took: timedelta) -> None:
        """Learn nothing."""

    def left(self, late: timedelta) -> None:
        """Learn nothing."""


NO_LEAD = NoLead()
