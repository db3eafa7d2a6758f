"""What a turn notes about what came in: handled once, or kept until it can be."""

from dataclasses import dataclass
from datetime import datetime

from storage.memory import InboxKey


@dataclass(frozen=True, slots=True)
class Remember:
    """Note a message as handled; a repeat is then seen."""

    key: InboxKey
    digest: bytes
    answer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Keep an event or update that cannot be applied now, and why."""

    key: InboxKey
    body: bytes
    reason: str
    at: datetime
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unquarantine:
    """Let a kept event go: it has been applied, and its inbox row says so from now on."""

    key: InboxKey
    answer: str
