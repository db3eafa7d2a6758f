"""What is asked of messages that have left: what they cost, and how many ended for one reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Priced:
    """What a provider billed for a message, by its own id; cents of the account's currency."""

    ref: str
    price_cents: float
    segments: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a lane's last messages ended with one code of the provider."""

    ended: int
    of: int


class Deliveries(Protocol):
    """The keeper of what became of messages in the end."""

    async def unpriced(self, lane: str, since: datetime, until: datetime) -> datetime | None:
        """Tell when the first message left, between two moments, that ended without a price."""

    async def price(self, figures: Sequence[Priced]) -> None:
        """Note what messages cost; ids that no row has are passed over."""

    async def share(self, lane: str, code: str, last: int) -> Share:
        """Count a code among the last messages of a lane that have ended."""
