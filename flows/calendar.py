"""Calendar arithmetic on aware datetimes: months as people count them, and hours to keep quiet."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from flows.holidays import holidays

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
SATURDAY, SUNDAY = 5, 6
MIDNIGHT = 24


@lru_cache(maxsize=4096)  # one event asks for the same end of the window many times
def add_months(start: datetime, months: int, zone: ZoneInfo) -> datetime:
    """Add calendar months to a moment, in wall time of the zone; the answer is in UTC.

    The day is clamped to the end of the month: 31 January + 1 month is 28 February. Always add to
    the original start, or repeated clamping drifts.
    """
    wall = start.astimezone(zone).replace(tzinfo=None)
    return at_wall(wall + relativedelta(months=months), zone)


def months_between(start: datetime, now: datetime, zone: ZoneInfo) -> int:
    """Count the whole calendar months that have passed since the start; never negative."""
    if now <= start:
        return 0
    gap = relativedelta(now.astimezone(zone).replace(tzinfo=None), _wall(start, zone))
    months = gap.years * 12 + gap.months
    # Clamping and clock changes make the estimate miss by one in either direction.
    while add_months(start, months + 1, zone) <= now:
        months += 1
    while months and add_months(start, months, zone) > now:
        months -= 1
    return months


def at_wall(wall: datetime, zone: ZoneInfo) -> datetime:
    """Give the UTC moment of a wall time; one that a clock change skips moves on to the next."""
    while not _exists(wall, zone):
        wall = wall.replace(second=0, microsecond=0) + MINUTE
    return wall.replace(tzinfo=zone).astimezone(UTC)


def end_of_next_month(at: datetime, zone: ZoneInfo) -> datetime:
    """Give the last moment of the calendar month after this one: the next billing period's end."""
    first = at.astimezone(zone).replace(tzinfo=None, day=1, hour=0, minute=0, second=0)
    after = first.replace(microsecond=0) + relativedelta(months=2)
    return at_wall(after, zone) - timedelta(seconds=1)


def days_until(end: datetime, now: datetime, zone: ZoneInfo) -> int:
    """Count the calendar days from today to the day of the end; 0 when it has come."""
    return max(0, (end.astimezone(zone).date() - now.astimezone(zone).date()).days)


def next_loud(
    at: datetime, zone: ZoneInfo, quiet: tuple[int, int], *, workdays_only: bool, land: str | None
) -> datetime:
    """Give the first moment from `at` on that lies outside quiet hours.

    `quiet` holds the hours at which silence begins and ends, such as (20, 8). Sundays and holidays
    of the Land (ISO 3166-2:DE, such as "BE"; None: only those of all Germany) are skipped when
    `workdays_only`.
    """
    begins, ends = quiet
    local = at.astimezone(zone)
    if local.hour >= begins:
        local = _morning(local.date() + DAY, ends, zone)
    elif local.hour < ends:
        local = _morning(local.date(), ends, zone)
    while workdays_only and _is_day_of_rest(local.date(), land):
        local = _morning(local.date() + DAY, ends, zone)
    return max(at, local.astimezone(UTC))


def next_open(
    at: datetime, zone: ZoneInfo, hours: tuple[int, int], *, saturdays: bool, land: str | None
) -> datetime:
    """Give the first moment from `at` on at which an office is open, `hours` of a workday long."""
    opens, closes = hours
    last = SATURDAY if saturdays else SATURDAY - 1
    local = at.astimezone(zone)
    if local.hour >= closes:
        local = _morning(local.date() + DAY, opens, zone)
    elif local.hour < opens:
        local = _morning(local.date(), opens, zone)
    while local.weekday() > last or _is_day_of_rest(local.date(), land):
        local = _morning(local.date() + DAY, opens, zone)
    return max(at, local.astimezone(UTC))


def next_quiet(at: datetime, zone: ZoneInfo, quiet: tuple[int, int]) -> datetime:
    """Give the first moment after `at` at which quiet hours begin."""
    local = at.astimezone(zone)
    day = local.date() if local.hour < quiet[0] else local.date() + DAY
    begins = datetime.combine(day, time(quiet[0] % MIDNIGHT)) + DAY * (quiet[0] // MIDNIGHT)
    return at_wall(begins, zone)


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _exists(wall: datetime, zone: ZoneInfo) -> bool:
    return _wall(wall.replace(tzinfo=zone).astimezone(UTC), zone) == wall


def _morning(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return at_wall(datetime.combine(day, time(hour)), zone).astimezone(zone)


def _is_day_of_rest(day: date, land: str | None) -> bool:
    return day.weekday() == SUNDAY or day in holidays(land, day.year)
