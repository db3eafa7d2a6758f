"""A pretend operator on loopback with the real client before it, and a clock set by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.carrier.bodies import Dialect, Version
from bot.carrier.carrier import CreditOrder, Subscriber
from bot.carrier.facts import Tmf677, Tmf678
from bot.carrier.paging import Lists
from bot.carrier.pretend import TMF654, TMF677, TMF678, PretendOperator
from bot.carrier.tmf654 import Tmf654
from bot.carrier.transport import HttpTransport
from flows.credit import credit_id
from tests.bot.carrier.serving import Recorder, served
from tests.cast import NOON

ALICE = Subscriber("100001", "+491713920011")
ALICES_BUCKET = replace(ALICE, bucket="B-491713920011", account="A-491713920011")
ALICES_VIDEO = credit_id("online-statt-hotline", "100001", "video")
TOKEN = "open sesame"  # noqa: S105  opens only this pretend operator
NEW_YEAR = datetime.fromisoformat("2027-01-01T00:00:00+01:00")


@dataclass(slots=True)
class HandClock:
    """A clock that moves when it is told to."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def move(self, **span: float) -> None:
        """Go on by a span such as `minutes=3`."""
        self.at += timedelta(**span)


@dataclass(frozen=True, slots=True)
class Pair:
    """The two sides, the clock, and what passed between them."""

    client: Tmf654
    operator: PretendOperator
    wire: Recorder
    clock: HandClock


def order(who: Subscriber = ALICES_BUCKET) -> CreditOrder:
    """Order Alice's 600 MB for the video."""
    return CreditOrder(ALICES_VIDEO, who, 600, "video", "online-statt-hotline", NEW_YEAR)


def reversal() -> CreditOrder:
    """Order that Alice's 600 MB for the video be taken back."""
    name = credit_id("online-statt-hotline", "100001", "video", -1)
    return replace(order(), credit_id=name, valid_until=None, takes_back=True)


@asynccontextmanager
async def pair(version: Version = Version.V4_0, lists: Lists | None = None) -> AsyncIterator[Pair]:
    """Let the real client talk to the pretend operator."""
    clock = HandClock()
    operator = PretendOperator(":memory:", clock, version=version, token=TOKEN)
    wire = Recorder(operator.app)

    def way(base: str, path: str) -> HttpTransport:
        return HttpTransport(base + path, token=TOKEN, per_second=1000)

    lists = lists or Lists(filters=True)
    async with served(wire) as base:
        client = Tmf654(
            way(base, TMF654),
            Dialect(version),
            lists,
            usage=Tmf677(way(base, TMF677)),
            bills=Tmf678(way(base, TMF678), lists),
        )
        yield Pair(client, operator, wire, clock)
        await client.close()
    operator.close()
