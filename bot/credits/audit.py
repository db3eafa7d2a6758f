"""The audit trail: one hash-linked chain per customer and one for what managers did, verified.

Every row's hash covers the row before it, so a byte that was changed, and a row that was taken out
or put in, breaks the chain there.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from bot.turns.journal import chain
from storage.reading import JournalRow, Snapshot
from storage.records import act_hash

PAGE = 2000

Tell = Callable[[int, int], None]


class Verifiable(Protocol):
    """Who keeps the chains; the store does."""

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """Look at all that is kept as it stands at one moment."""


@dataclass(frozen=True, slots=True)
class Verified:
    """How many rows were seen, and the first that does not fit."""

    rows: int
    first_bad: str | None = None

    @property
    def ok(self) -> bool:
        """Tell whether every chain holds."""
        return self.first_bad is None


async def verify(store: Verifiable, tell: Tell = lambda done, of: None) -> Verified:
    """Follow every chain to the first row that does not fit; `tell` hears of customers done."""
    async with store.snapshot() as snapshot:
        size = await snapshot.size()
        journals = await _verify_journals(snapshot, lambda done: tell(done, size))
        if not journals.ok:
            return journals
        acts = await _verify_acts(snapshot)
    return Verified(journals.rows + acts.rows, acts.first_bad)


async def _verify_journals(snapshot: Snapshot, tell: Callable[[int], None]) -> Verified:
    rows, customers, whose, tail = 0, 0, "", b""
    expected = 1
    async for customer, row in _journals(snapshot):
        rows += 1
        if customer != whose:
            whose, tail, expected = customer, b"", 1
            customers += 1
            tell(customers)
        tail = chain(tail, row)
        if row.n != expected or row.hash != tail:
            return Verified(rows, f"customer {customer}, row {row.n}")
        expected += 1
    return Verified(rows)


async def _journals(snapshot: Snapshot) -> AsyncIterator[tuple[str, JournalRow]]:
    after = ("", 0)
    while page := await snapshot.journal(after, PAGE):
        for found in page:
            yield found
        after = (page[-1][0], page[-1][1].n)


async def _verify_acts(snapshot: Snapshot) -> Verified:
    rows, tail = 0, b""
    while page := await snapshot.acts(rows, PAGE):
        for act in page:
            rows += 1
            tail = act_hash(tail, act.n, act.at, act.actor, act.act, act.about)
            if act.n != rows or act.hash != tail:
                return Verified(rows, f"managers, row {act.n}")
    return Verified(rows)
