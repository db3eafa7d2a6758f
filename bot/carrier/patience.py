"""How long we wait for the operator, and when it is safe to ask again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.memory import CreditRow

_A_DAY = timedelta(days=1)
_FEWEST_AT_ONCE, _MOST_AT_ONCE = 8, 100  # more connections at a time nobody opens


def at_once_for(per_second: float) -> int:
    """Say how many may be under way together: no request waits above two seconds for its turn."""
    return int(min(max(_FEWEST_AT_ONCE, per_second * 2), _MOST_AT_ONCE))


@dataclass(frozen=True, slots=True)
class Patience:
    """Spans agreed with the operator; the defaults are cautious.

    `in_flight` outlasts the client's time limit. `processes_within`: after this long an order that
    is in no list was never taken (None: not promised). `dedups_for`: how long the operator takes
    the same `Idempotency-Key` for the same order (None: not at all).
    """

    in_flight: timedelta = timedelta(minutes=1)
    shortest_poll: timedelta = timedelta(seconds=10)
    longest_poll: timedelta = timedelta(minutes=10)
    gives_up_after: timedelta = timedelta(days=1)
    processes_within: timedelta | None = timedelta(hours=1)
    dedups_for: timedelta | None = None
    shortest_retry: timedelta = timedelta(seconds=30)
    longest_retry: timedelta = timedelta(hours=6)
    attempts_alone: int = 8
    at_once: int = 32  # so many are under way together, and share their commits

    def poll_after(self, age: timedelta) -> timedelta:
        """Give the time to the next poll: half of what was waited so far, within bounds."""
        return max(self.shortest_poll, min(age / 2, self.longest_poll))

    def retry_after(self, attempts: int) -> timedelta:
        """Give the time to the next attempt: doubled each time, within bounds, at last a day."""
        if attempts >= self.attempts_alone:
            return _A_DAY
        doublings = max(0, attempts - 1)
        return min(self.shortest_retry * (1 << doublings), self.longest_retry)

    def may_ask_again(self, credit: CreditRow, now: datetime) -> bool:
        """Tell whether an order that the operator's list lacks may be repeated (facts 4.5).

        One that the operator had under an id of its own never may.
        """
        if credit.provider_id is not None:
            return False
        # The key is as old as the first request, and that is no older than the credit.
        is_deduped = self.dedups_for is not None and now - credit.earned_at < self.dedups_for
        return is_deduped or self.is_processed(credit, now)

    def is_processed(self, credit: CreditRow, now: datetime) -> bool:
        """Tell whether the operator's longest time for an order has passed since the last one."""
        within = self.processes_within
        return within is not None and now - credit.moved_at >= within

    def is_stuck(self, credit: CreditRow, now: datetime) -> bool:
        """Tell whether a credit has stood in its state for too long."""
        return now - credit.moved_at >= self.gives_up_after
