"""What a turn changes about how somebody may be reached, or come in by a link or a code."""

from dataclasses import dataclass
from datetime import datetime

from storage.memory import Code, Link


@dataclass(frozen=True, slots=True)
class Suppress:
    """Put an address, by its keyed hash, on the list of those who are never written to."""

    address_hash: bytes
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Unsuppress:
    """Take an address off that list: its owner said START there."""

    address_hash: bytes


@dataclass(frozen=True, slots=True)
class CountStranger:
    """Remember, by keyed hash and for a while, that a stranger was answered."""

    address_hash: bytes
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MintLink:
    """Make a personal link valid."""

    link_hash: bytes
    link: Link


@dataclass(frozen=True, slots=True)
class SpendLink:
    """Mark a single-use link as used."""

    link_hash: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class RevokeLinks:
    """Let all links of a customer that were made for this purpose lead nowhere."""

    customer: str
    purpose: str


@dataclass(frozen=True, slots=True)
class PutCode:
    """Write the code that was sent to a customer; each has one at most."""

    code: Code
