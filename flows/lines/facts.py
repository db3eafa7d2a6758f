"""Lines: what the operator's systems tell; it stands before a status or an answer."""

from dataclasses import dataclass
from datetime import datetime

from flows.lines.line import Line


@dataclass(frozen=True, slots=True)
class VolumeLeft(Line):
    """What is left of the month's volume. `read_at`: when, if it was not read just now."""

    megabytes: int
    until: datetime | None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One item of a bill, and by how many cents it differs from the bill before."""

    name: str
    cents: int


@dataclass(frozen=True, slots=True)
class BillTold(Line):
    """The last bill, and what changed most since the one before; cents of `currency`."""

    billed_at: datetime
    cents: int
    currency: str
    more: int | None
    changes: tuple[Change, ...]
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutageTold(Line):
    """Whether we know of an open incident where the customer lives, and since when."""

    since: datetime | None


@dataclass(frozen=True, slots=True)
class FactMissing(Line):
    """What could not be read in time: volume, bill or outage."""

    fact: str
