"""What a turn keeps as proof of consent, and what it lets go of when its time is over."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class KeepText:
    """Keep the exact text that a consent refers to, once per hash."""

    text_hash: str
    text: str
    version: str
    language: str


@dataclass(frozen=True, slots=True)
class Erase:
    """Forget a customer: who they are is deleted, and what must stay passes to a pseudonym.

    Credits, ledger and the counts of broadcasts stay; customer, contacts, journey, journal,
    messages, links, wakes, requests and viewings go. `names` are what reports that wait may know
    them by.
    """

    customer: str
    pseudonym: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CloseBooks:
    """Let go of a pseudonym whose time is over: its bookings are carried over as one sum.

    The balances of all accounts that are nobody's own stay as they are.
    """

    pseudonym: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DropHistory:
    """Delete a customer's journal, messages, viewing and answered requests; a sealed row follows.

    What is still on its way to them stays.
    """

    customer: str
