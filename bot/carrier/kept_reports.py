"""A report whose time has not come is kept as it was understood, and taken in then."""

from datetime import datetime

import msgspec

from bot.carrier.feed import FeedComplete, Happening, IncidentClosed, IncidentOpened, Report
from flows.events import Event

_KINDS: dict[str, type[Happening]] = {
    kind.__name__: kind
    for kind in (*Event.__subclasses__(), FeedComplete, IncidentClosed, IncidentOpened)
}


class UnreadableReportError(Exception):
    """A kept report was written by another version of this program."""


class _Kept(msgspec.Struct, omit_defaults=True):
    source: str
    id: str
    type: str
    at: datetime
    digest: bytes
    kind: str
    what: msgspec.Raw
    customer: str | None = None
    phone: str | None = None


def write(report: Report) -> bytes:
    """Write a report that says something."""
    kept = _Kept(
        source=report.source,
        id=report.id,
        type=report.type,
        at=report.at,
        digest=report.digest,
        kind=type(report.what).__name__,
        what=msgspec.Raw(msgspec.json.encode(report.what)),
        customer=report.customer,
        phone=report.phone,
    )
    return msgspec.json.encode(kept)


def read(body: bytes) -> Report:
    """Read it back. Raises UnreadableReportError."""
    try:
        kept = msgspec.json.decode(body, type=_Kept)
        what: Happening = msgspec.json.decode(kept.what, type=_KINDS[kept.kind])
    except (msgspec.MsgspecError, KeyError) as error:
        raise UnreadableReportError(str(error)) from error
    return Report(
        source=kept.source,
        id=kept.id,
        type=kept.type,
        customer=kept.customer,
        at=kept.at,
        what=what,
        digest=kept.digest,
        phone=kept.phone,
    )
