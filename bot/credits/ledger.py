"""The ledger is checked by counting anew: balances from entries, promises from journeys.

What holds: every transaction adds up to zero; every kept balance is the sum of its entries; what is
set aside for a customer is what the programme still owes them; what is delivered is what the
operator confirmed; nobody was told of a credit that is not; the budget bears it all.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from bot.terms import Terms
from flows.credit import CreditState
from flows.standing import promised
from storage.changes import Book
from storage.memory import CreditRow
from storage.reading import Holding, Snapshot
from storage.rights import PAST

PAGE = 500
MOST_FAULTS = 1000
_BOOKED = frozenset({CreditState.CONFIRMED, CreditState.REVERSED})
_KINDS = ("budget", "liability", "delivered", "released")

Tell = Callable[[int, int], None]


class Checkable(Protocol):
    """Who keeps what is checked; the store does."""

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """Look at all that is kept as it stands at one moment."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What counting anew has shown; `accounts` are the sums of each kind, in MB."""

    customers: int
    faults: tuple[str, ...]
    accounts: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """Tell whether everything adds up."""
        return not self.faults


async def check(store: Checkable, terms: Terms, tell: Tell = lambda done, of: None) -> Checked:
    """Count everything anew at one moment; `tell` hears how many customers are done, of how many.

    The faults beyond a thousand are only counted.
    """
    count = _Count(terms)
    async with store.snapshot() as snapshot:
        size, after = await snapshot.size(), ""
        while page := await snapshot.holdings(after, PAGE):
            for holding in page:
                count.add(holding)
            after = page[-1].customer
            tell(count.customers, size)
        count.close(await snapshot.balances())
    return Checked(count.customers, count.told(), {kind: count.sums[f"{kind}:"] for kind in _KINDS})


@dataclass(slots=True)
class _Count:
    """What was counted so far."""

    terms: Terms
    customers: int = 0
    sums: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, holding: Holding) -> None:
        """Count one customer."""
        self.customers += 1
        for book in holding.ledger:
            for account, megabytes in book.entries:
                kind, colon, _ = account.partition(":")
                self.sums[f"{kind}:"] += megabytes
                if not colon:
                    self.sums[kind] += megabytes
        for fault in _faults(holding, self.terms):
            self._note(f"customer {holding.customer}: {fault}")

    def close(self, kept: Mapping[str, int]) -> None:
        """Compare the sums of all customers, and look at the budget."""
        for account in sorted(self.sums.keys() | kept.keys()):
            if self.sums[account] != kept.get(account, 0):
                name = account.removesuffix(":")
                self._note(
                    f"account {name}: kept are {kept.get(account, 0)} MB, "
                    f"its entries add up to {self.sums[account]} MB"
                )
        owed = self.sums["liability:"] + self.sums["delivered:"]
        budget = self.terms.current.budget_megabytes
        if budget is not None and owed > budget:
            self._note(f"budget: {owed} MB are promised or delivered, it has {budget} MB")

    def told(self) -> tuple[str, ...]:
        """Give the faults; too many are counted at the end."""
        return (*self.faults, *((f"and {self.more} more",) if self.more else ()))

    def _note(self, fault: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)
        else:
            self.more += 1


# --- One customer -------------------------------------------------------------------------------


def _faults(holding: Holding, terms: Terms) -> Iterator[str]:
    sums: Counter[str] = Counter()
    for book in holding.ledger:
        yield from _faults_of_book(book, holding.customer)
        sums.update(dict.fromkeys([account for account, _ in book.entries], 0))
        for account, megabytes in book.entries:
            sums[account] += megabytes
    yield from _faults_of_balances(holding, sums)
    yield from _faults_of_promises(holding, sums, terms)
    yield from _faults_of_credits(holding)


def _faults_of_book(book: Book, customer: str) -> Iterator[str]:
    total = sum(megabytes for _, megabytes in book.entries)
    if total != 0:
        yield f"the booking {book.what!r} of {book.at:%Y-%m-%d %H:%M} adds up to {total} MB, not 0"
    for account, _ in book.entries:
        _, colon, whose = account.partition(":")
        if colon and whose != customer:
            yield f"the booking {book.what!r} touches the account {account}"


def _faults_of_balances(holding: Holding, sums: Counter[str]) -> Iterator[str]:
    kept = dict(holding.balances)
    for kind in ("liability", "delivered"):
        account = f"{kind}:{holding.customer}"
        if kept.get(account, 0) != sums[account]:
            yield (
                f"{kind}: kept are {kept.get(account, 0)} MB, "
                f"its entries add up to {sums[account]} MB"
            )


def _faults_of_promises(holding: Holding, sums: Counter[str], terms: Terms) -> Iterator[str]:
    if holding.customer == PAST:
        return  # what was delivered long ago, without the credits
    journey = holding.journey
    owed = promised(journey, terms.of(journey)) if journey else 0
    aside = sums[f"liability:{holding.customer}"]
    if aside != owed:
        yield f"set aside are {aside} MB, promised are {owed} MB"
    # A credit that was taken back and its counter-entry are both booked, and come to nothing.
    confirmed = sum(c.megabytes for c in holding.credits if c.state in _BOOKED)
    delivered = sums[f"delivered:{holding.customer}"]
    if delivered != confirmed:
        yield f"delivered are {delivered} MB, confirmed credits come to {confirmed} MB"


def _faults_of_credits(holding: Holding) -> Iterator[str]:
    known = {credit.id: credit for credit in holding.credits}
    for credit_id in holding.told:
        credit = known.get(credit_id)
        if credit is None or credit.state not in _BOOKED:
            state = credit.state.value if credit else "no credit"
            yield f"was told of the credit {credit_id}, which is {state}"
    moved = {book.credit for book in holding.ledger if book.what in ("deliver", "reverse")}
    for credit in holding.credits:
        if (credit.state in _BOOKED) != (credit.id in moved):
            yield f"the credit {credit.id} is {credit.state.value}, and the ledger says otherwise"
        if not _agrees(credit, holding):
            yield f"the credit {credit.id} is {credit.state.value}, and the journey says otherwise"


def _agrees(credit: CreditRow, holding: Holding) -> bool:
    """Tell whether the journey knows of a credit, and of its end if it has one."""
    granted = holding.journey.credit(credit.step) if holding.journey else None
    if granted is None or granted.megabytes != abs(credit.megabytes):
        return False
    if credit.takes_back:
        is_back = credit.state is CreditState.CONFIRMED
        return granted.state is (CreditState.REVERSED if is_back else CreditState.CONFIRMED)
    ends = (CreditState.CONFIRMED, CreditState.REJECTED, CreditState.REVERSED)
    return not ({granted.state, credit.state} & set(ends)) or granted.state is credit.state
