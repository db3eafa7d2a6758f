"""What is the same for every customer in the eyes of a turn, and how a turn changes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from types import MappingProxyType

from flows.events import Feed
from storage.changes import Book, Change, SetWatermark


@dataclass(frozen=True, slots=True)
class Common:
    """Watermarks, and the balance of each kind of account."""

    watermarks: Mapping[Feed, datetime]
    kinds: Mapping[str, int]

    @property
    def reserved_megabytes(self) -> int:
        """What is promised to members of the campaign and not delivered yet."""
        return self.kinds.get("liability", 0)

    @property
    def delivered_megabytes(self) -> int:
        """What was delivered."""
        return self.kinds.get("delivered", 0)

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


def kind_of(account: str) -> str:
    """Name the kind of an account: `liability:100001` is a liability."""
    return account.partition(":")[0]
