"""What a turn writes into the books: credits, the ledger, the managers' chain."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from storage.memory import CreditRow


@dataclass(frozen=True, slots=True)
class PutCredit:
    """Write a credit and, if its state changed, the row of its history."""

    credit: CreditRow


@dataclass(frozen=True, slots=True)
class Book:
    """Append one ledger transaction; its entries (account, MB) add up to zero."""

    at: datetime
    what: str
    customer: str
    entries: tuple[tuple[str, int], ...]
    credit: UUID | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """Note what a person did, or was refused, in the managers' chain."""

    at: datetime
    actor: str
    act: str
    about: str
