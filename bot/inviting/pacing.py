"""How long many messages take: at the lane's pace, and in loud hours only."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from bot.turns.routing import leaves_at
from flows.calendar import at_wall
from flows.campaign import Campaign
from flows.effects import Purpose

_HOUR_S = 3600


def done_at(first_at: datetime, seconds: float, campaign: Campaign) -> datetime:
    """Give the moment at which the last has left, if the first leaves at a loud moment.

    `seconds` is what all of them take at the lane's pace; at night and on days of rest none leaves.
    """
    at, left = first_at, timedelta(seconds=seconds)
    while left > (today := _quiet_at(at, campaign) - at):
        left -= today
        at = leaves_at(Purpose.INVITATION, at + today, campaign)
    return at + left


@dataclass(slots=True)
class Pace:
    """The moments at which invitations leave, so many an hour; `first_at` is the first of them."""

    campaign: Campaign
    first_at: datetime
    known: tuple[int, datetime] = field(init=False)  # goes on from here: a wave may take months

    def __post_init__(self) -> None:
        self.known = (0, self.first_at)

    def moment(self, before: int) -> datetime:
        """Give the moment for somebody before whom so many are invited."""
        known, at = self.known if self.known[0] <= before else (0, self.first_at)
        per_hour = self.campaign.invitations.per_hour
        seconds = (before - known) * _HOUR_S / per_hour if per_hour else 0.0
        self.known = (before, done_at(at, seconds, self.campaign))
        return self.known[1]


def _quiet_at(at: datetime, campaign: Campaign) -> datetime:
    """Give the moment of the same day at which silence begins."""
    zone, hour = campaign.zone, campaign.messages.quiet_from_hour
    midnight = datetime.combine(at.astimezone(zone).date(), time())
    return at_wall(midnight + timedelta(hours=hour), zone)
