"""What a turn keeps of the operator's feeds: how far they are complete, and incidents."""

from dataclasses import dataclass
from datetime import datetime

from flows.events import Feed


@dataclass(frozen=True, slots=True)
class SetWatermark:
    """Raise a feed's watermark (never lower it) and open the gates that it opens."""

    feed: Feed
    complete_until: datetime


@dataclass(frozen=True, slots=True)
class PutIncident:
    """Note an incident, its area or its customers, and when it was open."""

    incident: str
    area: str | None
    customers: tuple[str, ...]
    opened_at: datetime | None
    closed_at: datetime | None
