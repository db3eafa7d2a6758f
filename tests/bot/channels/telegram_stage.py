"""The stage for tests of the Telegram sender: the server, a hand-set clock, and Babak's chat."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.channels.channel import Message, Outcome, Parcel
from bot.channels.telegram import TelegramSender
from bot.channels.telegram_request import TelegramConnection
from bot.channels.telegram_uploads import Gallery
from flows.customer import Address
from tests.cast import BABAKS_TELEGRAM, NOON
from tests.fakes.telegram import FakeTelegram

BABAK, CAROL = 700002, 700003


class HandSetClock:
    """A moment, and the seconds since, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@dataclass(frozen=True, slots=True)
class Stage:
    """Who plays."""

    fake: FakeTelegram
    sender: TelegramSender
    clock: HandSetClock

    async def send(
        self, message: Message | str, to: Address = BABAKS_TELEGRAM, tag: str = "t1"
    ) -> Outcome:
        """Send to Babak, if to nobody else."""
        message = Message(message) if isinstance(message, str) else message
        return await self.sender.send(Parcel(to, message, tag))


@asynccontextmanager
async def staged(
    *,
    fake: FakeTelegram | None = None,
    read_s: float = 20.0,
    gallery: Gallery | None = None,
) -> AsyncIterator[Stage]:
    """Set up a sender with its server, or beside another at the same one."""
    clock = HandSetClock()
    async with AsyncExitStack() as closing:
        if fake is None:
            fake = FakeTelegram(clock)
            await fake.start()
            closing.push_async_callback(fake.stop)
        connection = TelegramConnection(fake.token, fake.url, read_s=read_s)
        sender = TelegramSender(connection, gallery, monotonic=clock.monotonic)
        closing.push_async_callback(sender.close)
        yield Stage(fake, sender, clock)
