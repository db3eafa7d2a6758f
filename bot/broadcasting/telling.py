"""Telling managers something: a row of the outbox that is nobody's message."""

from bot.channels.channel import Message
from bot.turns.house import House
from bot.turns.routing import PRIORITIES
from bot.turns.saying import encode
from flows.customer import Address, Channel
from flows.effects import Purpose
from storage.changes import Enqueue

LINE = "Manager"


def to_manager(
    house: House,
    chat: Address,
    message: Message,
    purpose: Purpose = Purpose.ANSWER,
    about: str | None = None,
) -> Enqueue:
    """Queue something for a manager, or for a group; what is `about` the same is told once."""
    now, lane = house.clock(), house.lanes.lane(Channel.TELEGRAM)
    return Enqueue(
        lane=lane or Channel.TELEGRAM.value,
        priority=PRIORITIES[purpose],
        recipient=chat.uri,
        line=LINE,
        body=encode(message),
        due=now,
        created_at=now,
        is_unasked=False,
        may_resend=True,
        about=about,
    )
