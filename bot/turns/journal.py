"""The journal keeps what happened to a customer, hash-linked, so that a journey can be recomputed.

Its rows hold pseudonymous facts only: no names, numbers, addresses or words of the customer. Hence
the chain survives an erasure.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce

import msgspec

from flows.advance import advance
from flows.campaign import Campaign
from flows.effects import Effect, Say
from flows.events import Event
from flows.journey import Journey
from storage.changes import Append
from storage.reading import JournalRow

SEALED = "Sealed"  # the kind of a row that stands for all before it
JOURNAL = "journal"
_KINDS = {kind.__name__: kind for kind in Event.__subclasses__()}


class _Sealed(msgspec.Struct):
    """What a sealed row holds."""

    journey: Journey
    before: str


def entry(
    customer: str,
    *,
    n: int,
    tail: bytes,
    event: Event,
    source: str,
    effects: Iterable[Effect],
) -> Append:
    """Write one row: its hash covers the row before it and everything in it."""
    row = Append(
        customer=customer,
        n=n,
        at=event.at,
        known_at=event.now,
        kind=type(event).__name__,
        body=msgspec.json.encode(event).decode(),
        source=source,
        effects=", ".join(_name(effect) for effect in effects),
        hash=b"",
    )
    return replace(row, hash=chain(tail, row))


def seal(journey: Journey, *, before: bytes, at: datetime, source: str) -> Append:
    """Begin a journal anew with what is left of a journey whose history goes.

    The row names the hash of the last one that it stands for, and the credits that those earned.
    """
    body = _Sealed(journey, before.hex())
    row = Append(
        customer=journey.customer,
        n=1,
        at=at,
        known_at=at,
        kind=SEALED,
        body=msgspec.json.encode(body).decode(),
        source=source,
        effects=", ".join(f"Credit {granted.step}" for granted in journey.granted),
        hash=b"",
    )
    return replace(row, hash=chain(b"", row))


def chain(tail: bytes, row: Append | JournalRow) -> bytes:
    """Link a row to the one before it (SHA-256)."""
    # Times as they are kept: whatever zone an event came with, it comes back in UTC.
    moments = (at.astimezone(UTC).isoformat() for at in (row.at, row.known_at))
    link = (str(row.n), *moments, row.kind, row.body, row.source, row.effects)
    return hashlib.sha256(tail + "\x1f".join(link).encode()).digest()


def first_broken(rows: Iterable[JournalRow]) -> int | None:
    """Find the first row that does not fit the one before it; None if the chain holds."""
    tail = b""
    for expected, row in enumerate(rows, start=1):
        tail = chain(tail, row)
        if row.n != expected or row.hash != tail:
            return row.n
    return None


def event_of(row: JournalRow) -> Event:
    """Read the event back from its row."""
    return msgspec.json.decode(row.body, type=_KINDS[row.kind])


def recompute(customer: str, language: str, rows: Iterable[JournalRow], terms: Campaign) -> Journey:
    """Play the journal from its beginning; the same rows always give the same journey."""
    start, happened = Journey(customer, language), list(rows)
    if happened and happened[0].kind == SEALED:
        start = msgspec.json.decode(happened.pop(0).body, type=_Sealed).journey
    events = map(event_of, happened)
    return reduce(lambda journey, event: advance(journey, event, terms).journey, events, start)


def _name(effect: Effect) -> str:
    if isinstance(effect, Say):
        return f"Say {type(effect.line).__name__}"
    what = getattr(effect, "what", None) or getattr(effect, "step", None)
    kind = type(effect).__name__
    return f"{kind} {what}" if what else kind
