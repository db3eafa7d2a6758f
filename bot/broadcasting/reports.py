"""The report of a broadcast as CSV: one line for each recipient, and what became of them."""

import csv
from collections.abc import AsyncIterator
from io import StringIO

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from storage.broadcasts import ReportRow

_PAGE = 1000
_COLUMNS = (
    "customer", "state", "reason", "attempts", "address", "channel", "sent_at", "provider_id",
    "segments", "price_cents", "code",
)  # fmt: skip


async def as_csv(broadcasts: Broadcasts, actor: Actor, name: str) -> AsyncIterator[bytes]:
    """Write the report a page at a time. Raises BroadcastError as any command does."""
    yield _lines([_COLUMNS])
    after = ""
    while page := await broadcasts.report(actor, name, after, _PAGE):
        yield _lines([_row(row) for row in page])
        after = page[-1].customer


def _row(row: ReportRow) -> tuple[object, ...]:
    sent_at = row.sent_at.isoformat() if row.sent_at else None
    become = (row.customer, row.state, row.reason, row.attempts, row.address, row.channel)
    return (*become, sent_at, row.ref, row.segments, row.price_cents, row.code)


def _lines(rows: list[tuple[object, ...]]) -> bytes:
    written = StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode()
