"""The audit trail: one hash-linked chain per customer and one for what managers did, verified.

Every row's hash covers the row before it, so a byte that was changed, and a row that was taken out
or put in, breaks the chain there. The end of each chain is sealed by our key, so rows that were cut
off it are missed as well.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from bot.credits.sealing import End, Sealable, sealed_end
from bot.keys import Keys
from bot.turns.journal import JOURNAL, chain
from storage.reading import JournalRow, Snapshot
from storage.records import act_hash

PAGE = 2000

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Verified:
    """How many rows were seen, and the first that does not fit."""

    rows: int
    first_bad: str | None = None

    @property
    def ok(self) -> bool:
        """Tell whether every chain holds."""
        return self.first_bad is None


async def verify(store: Sealable, keys: Keys, tell: Tell = lambda done, of: None) -> Verified:
    """Follow every chain to the first row that does not fit; `tell` hears of customers done."""
    # Read before the rows are: an act in between may be behind what is sealed, never before it.
    end = await sealed_end(store, keys)
    async with store.snapshot() as snapshot:
        size = await snapshot.size()
        journals = await _verify_journals(snapshot, lambda done: tell(done, size))
        if not journals.ok:
            return journals
        if (cut := await _first_cut(snapshot, keys)) is not None:
            return Verified(journals.rows, cut)
        acts = await _verify_acts(snapshot, end)
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


async def _first_cut(snapshot: Snapshot, keys: Keys) -> str | None:
    """Find the first journal whose end is not the one that was sealed."""
    after = ""
    while page := await snapshot.ends(after, PAGE):
        for end in page:
            if end.seal != keys.of_end(JOURNAL, end.n, end.hash):
                return f"customer {end.customer}, rows after {end.n} are missing"
        after = page[-1].customer
    return None


async def _journals(snapshot: Snapshot) -> AsyncIterator[tuple[str, JournalRow]]:
    after = ("", 0)
    while page := await snapshot.journal(after, PAGE):
        for found in page:
            yield found
        after = (page[-1][0], page[-1][1].n)


async def _verify_acts(snapshot: Snapshot, end: End | None) -> Verified:
    if end is None:
        return Verified(0, "managers, the seal of the end is missing or not by our key")
    rows, tail = 0, b""
    while page := await snapshot.acts(rows, PAGE):
        for act in page:
            rows += 1
            tail = act_hash(tail, act.n, act.at, act.actor, act.act, act.about)
            if act.n != rows or act.hash != tail:
                return Verified(rows, f"managers, row {act.n}")
            if act.n == end.n and act.hash != end.hash:
                return Verified(rows, f"managers, row {act.n} is not the one that was sealed")
    if rows < end.n:
        return Verified(rows, f"managers, rows after {rows} are missing")
    return Verified(rows)
