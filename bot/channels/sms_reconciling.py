"""Once an hour: messages that Twilio has received for us and that never reached our door.

Twilio calls a webhook again only for a quarter of a minute; what came while we were down is
listed and handed to the same listener, whose inbox makes a second hearing harmless.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime, timedelta

import structlog

from bot.channels.channel import Clock, Inbound, Listener
from bot.channels.sms import ListingFailedError, Received, SmsSender
from bot.channels.sms_reading import UnreadableMessageError, read_inbound

EVERY = timedelta(hours=1)
AGAIN = timedelta(minutes=5)
OVERLAP = timedelta(minutes=15)
FIRST_LOOK_BACK = timedelta(days=1)
NAME = "sms.reconciled_until"

Load = Callable[[str], Awaitable[str | None]]
Save = Callable[[str, str], Awaitable[None]]
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class InboundReconciler:
    """Hands the listener every message of the last hour, the oldest first."""

    def __init__(
        self, sender: SmsSender, listener: Listener, clock: Clock, load: Load, save: Save
    ) -> None:
        self._sender = sender
        self._listener = listener
        self._clock = clock
        self._load = load
        self._save = save
        self._due: datetime | None = None

    async def tick(self) -> datetime | None:
        """Reconcile if an hour has passed; tell when it is due again. Raises StorageError.

        What is due later than that was set by a clock that ran ahead.
        """
        now = self._clock()
        if self._due is not None and now < self._due <= now + EVERY:
            return self._due
        try:
            received = await self._sender.received(await self._since(now))
        except ListingFailedError as error:
            log.warning("sms_not_reconciled", error=str(error))
            self._due = now + AGAIN
            return self._due
        oldest_first = _readable(reversed(received))  # moments are whole seconds, order tells more
        for inbound in sorted(oldest_first, key=lambda inbound: inbound.at):
            await self._listener.heard(inbound)
        await self._save(NAME, now.isoformat())
        self._due = now + EVERY
        return self._due

    async def _since(self, now: datetime) -> datetime:
        kept = await self._load(NAME)
        last = datetime.fromisoformat(kept) if kept else None
        if last is None or last > now:  # a clock that ran ahead knows nothing of the hours before
            last = now - FIRST_LOOK_BACK
        return last - OVERLAP


def _readable(received: Iterable[Received]) -> Iterator[Inbound]:
    for message in received:
        form = {"MessageSid": message.sid, "From": message.sender, "Body": message.text}
        try:
            yield read_inbound(form, message.at)
        except UnreadableMessageError as error:
            log.warning("sms_unreadable", reason=str(error))
