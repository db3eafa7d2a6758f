"""What is the same for every customer in the eyes of a turn, and how a turn changes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from types import MappingProxyType

from flows.customer import Customer
from flows.events import Feed
from storage.changes import Book, Change, PutIncident, SetWatermark

_AREA = "area"  # the attribute by which incidents name customers


@dataclass(frozen=True, slots=True)
class Common:
    """Watermarks, the balance of each kind of account, and the incidents that are open."""

    watermarks: Mapping[Feed, datetime]
    kinds: Mapping[str, int]
    incidents: Mapping[str, PutIncident]

    @property
    def reserved_megabytes(self) -> int:
        """What is promised to members of the campaign and not delivered yet."""
        return self.kinds.get("liability", 0)

    @property
    def delivered_megabytes(self) -> int:
        """What was delivered."""
        return self.kinds.get("delivered", 0)

    def has_open_incident(self, customer: Customer) -> bool:
        """Tell whether an incident is open that concerns this customer."""
        area = dict(customer.attributes).get(_AREA) if self.incidents else None
        return any(
            customer.number in incident.customers or (area is not None and incident.area == area)
            for incident in self.incidents.values()
        )

    def after(self, changes: Iterable[Change]) -> "Common":
        """Give what the next turn of the same transaction sees."""
        return reduce(Common.changed, changes, self)

    def changed(self, change: Change) -> "Common":
        """Give what is seen after one change."""
        match change:
            case Book():
                return self._booked(change)
            case SetWatermark():
                return self._raised(change)
            case PutIncident():
                return self._noted(change)
            case _:
                return self

    def _booked(self, book: Book) -> "Common":
        kinds = dict(self.kinds)
        for account, megabytes in book.entries:
            kind = kind_of(account)
            kinds[kind] = kinds.get(kind, 0) + megabytes
        return replace(self, kinds=MappingProxyType(kinds))

    def _raised(self, raised: SetWatermark) -> "Common":
        before = self.watermarks.get(raised.feed, raised.complete_until)
        marks = {**self.watermarks, raised.feed: max(before, raised.complete_until)}
        return replace(self, watermarks=MappingProxyType(marks))

    def _noted(self, incident: PutIncident) -> "Common":
        """Open or close an incident; what was never open here is of no concern."""
        incidents = dict(self.incidents)
        if incident.closed_at is not None:
            incidents.pop(incident.incident, None)
        elif incident.opened_at is not None:
            incidents[incident.incident] = incident
        return replace(self, incidents=MappingProxyType(incidents))


def kind_of(account: str) -> str:
    """Name the kind of an account: `liability:100001` is a liability."""
    return account.partition(":")[0]
