"""Makes a parcel of an outbox row and hands it to a channel: so every lane of messages works."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from bot.channels.channel import Accepted, Fault, Message, Outcome, Parcel, Refused, Sender
from bot.sending.receipts import OnRefused
from bot.turns.routing import BROADCAST_PRIORITY
from flows.customer import Address
from storage.outbox import OutboxRow

_MESSAGE = msgspec.json.Decoder(Message)

ValidFor = Callable[[OutboxRow], timedelta | None]


def never_silent(row: OutboxRow) -> bool:
    """Say of every row that it may ring."""
    del row
    return False


@dataclass(frozen=True, slots=True)
class Parcels:
    """Sends the messages of one channel.

    `valid_for` says how long a row is worth arriving: until its use-by or until people sleep.
    `on_refused` is told of every address that is closed to us. `reveal` puts in what a stored text
    must not hold. `is_silent` tells what shall wake nobody.
    """

    sender: Sender
    valid_for: ValidFor
    on_refused: OnRefused
    reveal: Callable[[str], str] = str
    is_silent: Callable[[OutboxRow], bool] = never_silent

    async def send(self, row: OutboxRow, tag: str) -> Outcome:
        """Send one row; a body or address that cannot be read is our own fault."""
        try:
            parcel = self._wrap(row, tag)
        except ValueError as error:
            return Refused(Fault.OURS, "body", str(error))
        return await self.sender.send(parcel)

    async def look_up(self, row: OutboxRow, tag: str, posted_at: datetime) -> Accepted | None:
        """Ask the channel whether a row of unknown outcome was sent."""
        return await self.sender.look_up(self._wrap(row, tag), posted_at)

    async def refused(self, row: OutboxRow, refusal: Refused) -> None:
        """Pass a refusal on to whoever closes addresses."""
        await self.on_refused(row.customer, Address(row.recipient), refusal)

    def _wrap(self, row: OutboxRow, tag: str) -> Parcel:
        message = _MESSAGE.decode(self.reveal(row.body))
        is_bulk = row.priority >= BROADCAST_PRIORITY
        return Parcel(
            Address(row.recipient),
            message,
            tag,
            self.valid_for(row),
            row.id,
            row.created_at,
            is_bulk,
            self.is_silent(row),
        )
