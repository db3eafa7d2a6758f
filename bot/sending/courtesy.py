"""Courtesy: nothing unasked arrives at night, and nobody is written to too often.

Both are asked at the last moment, when a row is about to leave, so that what was held up (a lane
that paused, a node that was down) leaves as politely as what was on time (programme.md section 9).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.turns.routing import BROADCAST_PRIORITY, PRIORITIES
from flows.calendar import DAY, at_wall, next_loud
from flows.campaign import Campaign
from flows.effects import Purpose
from storage.outbox import Leaving, Left

ON_ITS_WAY = timedelta(minutes=1)  # what leaves so shortly before silence would arrive in it
WEEK = 7 * DAY

_ANSWER = PRIORITIES[Purpose.ANSWER]
_PROGRAMME = {PRIORITIES[Purpose.REPORT], PRIORITIES[Purpose.REMINDER]}
_PROMOTIONAL = {PRIORITIES[Purpose.INVITATION], BROADCAST_PRIORITY}
_RESTING = {PRIORITIES[Purpose.REMINDER], *_PROMOTIONAL}  # on Sundays and holidays


@dataclass(frozen=True, slots=True)
class Courtesy:
    """Tells from when on a row may leave; `terms` gives those that hold now."""

    terms: Callable[[], Campaign]

    def __call__(self, leaving: Leaving) -> datetime:
        """Give the moment: now, or a morning. An answer that failed for hours is none any more."""
        at, terms = leaving.at, self.terms()
        if leaving.priority == _ANSWER and leaving.attempt == 1:
            return at
        rests = leaving.priority in _RESTING
        free = max([at, *_rooms(leaving, terms)])
        return _morning(free, terms, rests=rests) if free > at else _awake(at, terms, rests=rests)


# --- How often ----------------------------------------------------------------------------------


def _rooms(leaving: Leaving, terms: Campaign) -> Iterator[datetime]:
    """Give the moment from which the campaign is open, and each cap that is reached has room."""
    if terms.is_draft:
        yield leaving.at + DAY
    yield terms.starts_at or leaving.at
    rule, today = terms.messages, leaving.at.astimezone(terms.zone).date()
    if leaving.priority == PRIORITIES[Purpose.REMINDER]:
        invited = _of_kind(leaving.lately, {PRIORITIES[Purpose.INVITATION]}, leaving.at - WEEK)
        yield from (at + _apart(terms) for at in invited)
    if leaving.priority in _PROGRAMME:
        left = _of_kind(leaving.lately, _PROGRAMME, _midnight(today, terms))
        if len(left) >= rule.programme_per_day:
            yield _midnight(today + DAY, terms)
    if leaving.priority in _PROMOTIONAL:
        most = rule.promotional_per_week
        left = _of_kind(leaving.lately, _PROMOTIONAL, leaving.at - WEEK)
        if len(left) >= most:
            yield (left[-most] if most else leaving.at) + WEEK
        left = _of_kind(leaving.lately, _PROMOTIONAL, _midnight(today.replace(day=1), terms))
        if len(left) >= rule.promotional_per_month:
            yield _midnight(_next_first(today), terms)


def _apart(terms: Campaign) -> timedelta:
    """Give what lies between an invitation and a reminder at least, however late it had to leave.

    Half a day less than the campaign's shortest wait, so that one that was on time is not moved.
    """
    days = (*terms.steps.reminder_days[:1], *terms.invitations.reminder_days[:1])
    return timedelta(days=min(days, default=1)) - timedelta(hours=12)


def _of_kind(lately: Sequence[Left], kind: set[int], since: datetime) -> list[datetime]:
    return [left.at for left in lately if left.priority in kind and left.at >= since]


def _next_first(day: date) -> date:
    return (day.replace(day=28) + 4 * DAY).replace(day=1)


def _midnight(day: date, terms: Campaign) -> datetime:
    return at_wall(datetime.combine(day, time()), terms.zone)


# --- At which hours -----------------------------------------------------------------------------


def _awake(at: datetime, terms: Campaign, *, rests: bool) -> datetime:
    """Give the first moment at which people are awake, and will be when it arrives."""
    awake = _loud(at, terms, rests=rests)
    later = _loud(at + ON_ITS_WAY, terms, rests=rests)
    return later if awake == at and later > at + ON_ITS_WAY else awake


def _morning(at: datetime, terms: Campaign, *, rests: bool) -> datetime:
    """Give the first morning from a moment on at which this may be said."""
    day = at.astimezone(terms.zone).date()
    opens = time(terms.messages.quiet_until_hour)
    mornings = (at_wall(datetime.combine(day + n * DAY, opens), terms.zone) for n in (0, 1))
    return _loud(next(morning for morning in mornings if morning >= at), terms, rests=rests)


def _loud(at: datetime, terms: Campaign, *, rests: bool) -> datetime:
    rule = terms.messages
    return next_loud(at, terms.zone, rule.quiet, workdays_only=rests, land=rule.land)
