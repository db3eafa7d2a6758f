"""Four times a day: what the messages cost that have arrived or failed since, a whole day at once.

Twilio knows the price some time after the end of a message, so whatever it lists without one is
asked for again, for a few days.
"""

from datetime import UTC, datetime, timedelta

import structlog

from bot.channels.channel import Clock
from bot.channels.sms import ListingFailedError, SmsSender
from storage.deliveries import Deliveries

EVERY = timedelta(hours=6)
AGAIN = timedelta(minutes=15)
NOT_YET = timedelta(hours=1)  # so fresh that the price is hardly known
GIVEN_UP = timedelta(days=4)
DAY = timedelta(days=1)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class PriceReader:
    """Fetches prices and segments of the messages of one lane."""

    def __init__(
        self, sender: SmsSender, deliveries: Deliveries, clock: Clock, lane: str = "sms"
    ) -> None:
        self._sender = sender
        self._deliveries = deliveries
        self._clock = clock
        self._lane = lane
        self._due: datetime | None = None

    async def tick(self) -> datetime | None:
        """Fetch what is missing if it is time; tell when it is again. Raises StorageError."""
        now = self._clock()
        if self._due is None or now >= self._due:
            try:
                await self._fetch(now)
                self._due = now + EVERY
            except ListingFailedError as error:
                log.warning("sms_not_priced", error=str(error))
                self._due = now + AGAIN
        return self._due

    async def _fetch(self, now: datetime) -> None:
        """List every day on which something ended without a price, each once."""
        since, until = now - GIVEN_UP, now - NOT_YET
        while (left_at := await self._deliveries.unpriced(self._lane, since, until)) is not None:
            day = left_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            await self._sender.prices(day, self._deliveries.price)
            since = day + DAY
