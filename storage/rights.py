"""What people may ask of the store about themselves, and what it may keep no longer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

ERASED = "erased-"  # how a pseudonym begins; the database lets records pass to such only
PAST = ERASED + "past"  # whose bookings are carried over as one sum
Value = str | int | float | datetime | bytes | None

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one table holds about one person; a column that ends in `_json` holds JSON."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


class Rights(Protocol):
    """The keeper of people's rights over what is kept about them."""

    async def held(self, customer: str, hashes: Mapping[str, bytes]) -> tuple[Sheet, ...]:
        """Read every table about one customer; `hashes` are their addresses' by what they name."""

    async def flush(self) -> None:
        """Empty the log of old states, if nobody reads one."""

    async def scrub(self) -> bool:
        """Let go of what was deleted: a small database is written anew, a large one only flushed.

        False if that was not all: pages that were split may still hold bytes of what was moved, or
        somebody was reading an old state. Then `rewrite` does it, when nobody is kept waiting.
        """

    async def rewrite(self) -> bool:
        """Write the database anew, however large it is: nothing of what was deleted is left.

        Turns wait until it is done. False if somebody else held it.
        """

    async def lapsed(self, until: datetime, limit: int) -> tuple[tuple[str, datetime], ...]:
        """List whose invitation came to nothing, and when, the oldest first; none is forgotten."""

    async def uninvited(self, until: datetime, limit: int) -> tuple[str, ...]:
        """List who was imported until then and never invited."""

    async def held_early(
        self, expired: Span, declined: Span, limit: int
    ) -> tuple[tuple[str, datetime], ...]:
        """List of whom a report is kept though their invitation came to nothing, the oldest first.

        It expired, or was declined, after the first moment of a span and by the second.
        """

    async def old_books(
        self, after: int, before: datetime, limit: int
    ) -> tuple[tuple[int, str], ...]:
        """List bookings from before a moment, by number, and whose they are."""

    async def drop_expired(self, links: datetime, texts: datetime, limit: int) -> int:
        """Delete links and codes that ended, and reports that were kept, before these moments.

        At most `limit` of each; tells how many went.
        """
