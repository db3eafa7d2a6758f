"""A trial: a broadcast's texts as they would arrive, sent to one address and counted nowhere."""

from bot.addresses import UnusableAddressError, address
from bot.broadcasting.previewing import Preview
from bot.broadcasting.texts import Facts, render, text_for
from bot.channels.channel import Message
from bot.turns.house import House
from bot.turns.saying import encode
from flows.broadcast import BroadcastError
from flows.customer import Address, Channel
from messages.segments import count
from storage.changes import Enqueue


def usable(to: str, house: House) -> Address:
    """Read where a trial goes. Raises BroadcastError if nothing can be sent there."""
    try:
        place = address(to)
    except UnusableAddressError as error:
        raise BroadcastError(f"{to}: {error}") from error
    if house.lanes.lane(place.channel) is None:
        raise BroadcastError(f"{to}: {place.channel} is off")
    return place


def trial(house: House, preview: Preview, place: Address) -> tuple[Enqueue, ...]:
    """Make one message for each language."""
    now, lane = house.clock(), house.lanes.lane(place.channel)
    return tuple(
        Enqueue(
            lane=lane or place.channel.value,
            priority=0,
            recipient=place.uri,
            line="BroadcastTest",
            body=encode(Message(text)),
            due=now,
            created_at=now,
            cost=count(text).segments if place.channel is Channel.SMS else 1,
            is_unasked=False,
        )
        for text in _texts(house, preview, place.channel)
    )


def _texts(house: House, preview: Preview, channel: Channel) -> list[str]:
    """Word it for a real customer: of each language, or of any if nobody speaks it."""
    texts, languages = preview.draft.texts, house.terms.current.messages.languages
    anybody = next(iter(preview.samples.values()), Facts())
    return [
        render(
            text_for(texts, language, languages), preview.samples.get(language, anybody), channel
        )
        for language in texts
    ]
