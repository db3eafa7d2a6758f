"""Dialogues hold a broadcast up: who has just written gets it once they have fallen silent."""

from datetime import datetime

from bot.inviting.pacing import done_at
from bot.turns.routing import leaves_at
from flows.campaign import Campaign
from flows.effects import Purpose
from storage.broadcasts import Talking


def span(
    first_at: datetime, seconds: float, planned: int, talking: tuple[Talking, ...], terms: Campaign
) -> tuple[datetime, datetime]:
    """Tell when the first and the last message leave, nights and days of rest included.

    `seconds` is what all of those planned take at the lane's pace. Of these some are `talking` when
    it begins, the last first: behind each of them the lane still carries whoever wrote later.
    """
    begins_at, behind = first_at, 0
    last_at = done_at(first_at, seconds, terms)
    for some in talking:
        behind += some.number
        begins_at = leaves_at(Purpose.REMINDER, some.at + terms.messages.dialogue, terms)
        last_at = max(last_at, done_at(begins_at, seconds * behind / planned, terms))
    return (begins_at if behind == planned else first_at), last_at
