"""How long many messages take: at the lane's pace, and in loud hours only."""

from datetime import datetime, time, timedelta

from bot.turns.routing import leaves_at
from flows.calendar import at_wall
from flows.campaign import Campaign
from flows.effects import Purpose


def done_at(first_at: datetime, seconds: float, campaign: Campaign) -> datetime:
    """Give the moment at which the last has left, if the first leaves at a loud moment.

    `seconds` is what all of them take at the lane's pace; at night and on days of rest none leaves.
    """
    at, left = first_at, timedelta(seconds=seconds)
    while left > (today := _quiet_at(at, campaign) - at):
        left -= today
        at = leaves_at(Purpose.INVITATION, at + today, campaign)
    return at + left


def _quiet_at(at: datetime, campaign: Campaign) -> datetime:
    """Give the moment of the same day at which silence begins."""
    zone, hour = campaign.zone, campaign.messages.quiet_from_hour
    midnight = datetime.combine(at.astimezone(zone).date(), time())
    return at_wall(midnight + timedelta(hours=hour), zone)
