"""Watched means watched: which of the ranges that a player reports are believed.

Three rules, and nothing else counts:

* Whoever says that they have played x seconds since the last report needs x/2 seconds of real time
  for it, by our clock. A report that claims more is believed in nothing.
* No report vouches for more than 10 seconds of real time, hence never for a whole film: who comes
  back after an hour has not watched for an hour.
* A report is ascending pieces within the film, as a player's `played` is. Anything else is forged,
  and believed in nothing.

Positions and lengths are milliseconds of the film.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

FASTEST = 2  # times normal speed
LONGEST_GAP = timedelta(seconds=10)  # real time for which one report can vouch
MOST_RANGES = 100  # in one report: every seek makes one, and nobody seeks this often

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Viewing:
    """What one customer has watched of one film, and when their player last reported."""

    customer: str
    film: str
    duration_ms: int
    reported_at: datetime
    watched: tuple[Range, ...] = ()

    @property
    def share(self) -> float:
        """Give how much of the film is believed to be watched (0..1)."""
        return _length(self.watched) / self.duration_ms


def begin(customer: str, film: str, duration_ms: int, now: datetime) -> Viewing:
    """Start to count: from now on time passes that can be watched."""
    return Viewing(customer, film, duration_ms, now)


def report(viewing: Viewing, played: tuple[Range, ...], now: datetime) -> Viewing:
    """Take a player's report of what was played since its last one, as far as it is believed.

    Whatever it says, the time until now is spent: it does not vouch for the next report again.
    """
    passed = min(now - viewing.reported_at, LONGEST_GAP)
    told = replace(viewing, reported_at=max(now, viewing.reported_at))
    if not _is_plausible(played, viewing.duration_ms):
        return told
    if _length(played) > FASTEST * (passed / timedelta(milliseconds=1)):
        return told
    return replace(told, watched=union((*viewing.watched, *played)))


def union(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Put ranges together: ascending, and apart from one another."""
    joined: list[Range] = []
    for begins, ends in sorted(ranges):
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ends))
        else:
            joined.append((begins, ends))
    return tuple(joined)


def _is_plausible(played: tuple[Range, ...], duration_ms: int) -> bool:
    return (
        len(played) <= MOST_RANGES
        and all(0 <= begins < ends <= duration_ms for begins, ends in played)
        and all(before[1] <= after[0] for before, after in pairwise(played))
    )


def _length(ranges: Iterable[Range]) -> int:
    return sum(ends - begins for begins, ends in ranges)
