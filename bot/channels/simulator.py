"""The simulator channel shows what is sent on pretend phones, by SMS or by Telegram."""

from datetime import datetime

from bot.channels.channel import Accepted, Clock, Outcome, Parcel
from bot.channels.simulator_phones import Phones
from flows.customer import Channel


class Simulator:
    """Sends to the pretend phones, for SMS or for Telegram."""

    def __init__(self, channel: Channel, phones: Phones, clock: Clock) -> None:
        self.channel = channel
        self._phones = phones
        self._clock = clock

    async def prepare(self) -> None:
        """Bring nothing: the phones are there."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Show the message on the phone."""
        return Accepted(self._phones.receive(parcel, self._clock()))

    async def look_up(self, parcel: Parcel, posted_at: datetime) -> Accepted | None:
        """Tell whether the message arrived under its tag."""
        found = self._phones.find(parcel.tag)
        return Accepted(found) if found else None

    async def close(self) -> None:
        """Give nothing back: whoever opened the phones closes them."""
