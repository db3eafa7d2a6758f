"""Who takes part: a customer is one line of the operator, reached at one or more addresses."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Channel(StrEnum):
    """By which way an address is reached."""

    SMS = "sms"
    TELEGRAM = "telegram"
    EMAIL = "email"
    PAGE = "page"  # the customer comes to us: said here, never sent


_SCHEMES = {
    "tel": Channel.SMS,
    "telegram": Channel.TELEGRAM,
    "mailto": Channel.EMAIL,
    "page": Channel.PAGE,
}


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """How a customer is reached, as one string with its scheme: `tel:+49171…`, `telegram:4711`."""

    uri: str

    def __post_init__(self) -> None:
        """Refuse what has no known scheme or nothing behind it (ValueError)."""
        scheme, colon, rest = self.uri.partition(":")
        if scheme not in _SCHEMES or not colon or not rest:
            raise ValueError(f"not an address: {self.uri!r}")

    @property
    def channel(self) -> Channel:
        """Name the channel that reaches this address."""
        return _SCHEMES[self.uri.partition(":")[0]]

    @property
    def value(self) -> str:
        """Give what the provider calls it: the number, the chat, the mailbox."""
        return self.uri.partition(":")[2]

    def __str__(self) -> str:
        return self.uri


class Basis(StrEnum):
    """On which ground a customer may be invited (UWG § 7)."""

    CONSENT = "consent"
    EXISTING_CUSTOMER = "existing_customer"


@dataclass(frozen=True, slots=True)
class Contact:
    """One address of a customer and what we may do with it."""

    address: Address
    opted_out_at: datetime | None = None
    blocked_at: datetime | None = None
    used_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether something unasked may be sent here."""
        return self.opted_out_at is None and self.blocked_at is None


@dataclass(frozen=True, slots=True)
class Customer:
    """One participant: one line, one customer number."""

    number: str
    language: str = "de"
    basis: Basis | None = None
    contacts: tuple[Contact, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    bucket: str | None = None
    account: str | None = None

    def contact(self, address: Address) -> Contact | None:
        """Find one of the customer's addresses."""
        return next((c for c in self.contacts if c.address == address), None)


@dataclass(frozen=True, slots=True)
class Consent:
    """The proof of a consent (GDPR Art. 7(1)): when, to which text, by which message."""

    at: datetime
    version: str
    text_hash: str
    message_id: str
    channel: Channel
    language: str
