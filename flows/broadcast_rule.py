"""What is expected of messages to many, and when one pauses by itself."""

from collections.abc import Iterator
from dataclasses import dataclass

_ALL = 100  # per cent


@dataclass(frozen=True, slots=True)
class BroadcastRule:
    """Of the last `watched` recipients so many per cent may fail or opt out.

    Failures say something once `fewest` are known; those who opt out are a share of `watched`.
    """

    watched: int = 200
    fewest: int = 20
    most_failed_percent: float = 10
    most_opted_out_percent: float = 2
    reply_percent: float = 5  # within the first hour
    calls_avoided_per_100: float = 0  # 0: nobody knows, and nothing is said

    def alarm(self, sent: int, failed: int, opted_out: int) -> str:
        """Say why one must not go on, by what became of its last recipients; empty if it may."""
        if sent >= self.fewest and failed * _ALL >= self.most_failed_percent * sent:
            return f"{failed} of the last {sent} failed"
        if opted_out * _ALL >= self.most_opted_out_percent * self.watched:
            return f"{opted_out} of the last {sent} opted out"
        return ""

    def contradictions(self) -> Iterator[tuple[str, bool, str]]:
        """List the checks: the place, whether it is wrong, and what would be right."""
        yield "fewest", not 0 < self.fewest <= self.watched, "must lie in [1, watched]"
        for name, percent in (
            ("most_failed_percent", self.most_failed_percent),
            ("most_opted_out_percent", self.most_opted_out_percent),
        ):
            yield name, not 0 < percent <= _ALL, "must lie in (0, 100]"
        yield "reply_percent", self.reply_percent > _ALL, "must not be above 100"
