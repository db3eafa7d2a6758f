"""Lengths of time by which the clock is moved, as people write and count them."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from flows.calendar import DAY, at_wall

LONGEST_YEARS = 20

_SPAN = re.compile(
    r"P(?=[\dT])(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?"
    r"(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?",
    re.ASCII,
)


class ClockError(Exception):
    """The clock cannot be moved."""


class UnreadableSpanError(ClockError):
    """A length of time is written as in ISO 8601, such as P1M, P1D or PT1H, or as next."""


class TooFarError(ClockError):
    """The clock moves at most 20 years at a time."""


@dataclass(frozen=True, slots=True)
class Span:
    """A length as people count it: months and days by the calendar, the rest by the clock."""

    months: int = 0
    days: int = 0
    rest: timedelta = timedelta()

    def after(self, start: datetime, zone: ZoneInfo) -> datetime:
        """Give the moment that lies this length behind the start, in UTC.

        Raises TooFarError beyond twenty years.
        """
        wall = start.astimezone(zone).replace(tzinfo=None)
        try:
            end = wall + relativedelta(months=self.months, days=self.days)
        except (ValueError, OverflowError):
            raise TooFarError(TooFarError.__doc__) from None
        moment = start if end == wall else at_wall(end, zone)
        if moment + self.rest > start + LONGEST_YEARS * 366 * DAY:
            raise TooFarError(TooFarError.__doc__)
        return moment + self.rest


def read_span(text: str) -> Span:
    """Read an ISO 8601 duration of whole numbers: P1M, P9M10D, PT1H. Raises UnreadableSpanError."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise UnreadableSpanError(UnreadableSpanError.__doc__)
    years, months, weeks, days, hours, minutes, seconds = (int(n or 0) for n in found.groups())
    rest = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return Span(years * 12 + months, weeks * 7 + days, rest)
