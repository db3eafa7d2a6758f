"""`calls`: takes a call centre's export in, and reports on every line."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from bot.carrier.calls import CallRow, UnusableCallsError, read_calls
from bot.carrier.feed import FeedComplete, Report, Result, Taken
from bot.commands.house import opened
from bot.commands.office import Office
from bot.commands.refusal import RefusedError
from bot.commands.showing import Json, as_json, counting, facts, moment, table, wall
from flows.calendar import at_wall
from flows.events import Feed

_SOURCE = "calls"
_WATERMARK = "statthotline.feed.watermark.v1"
_SHOWN = 20  # rejected lines on a terminal; --json has all
_CONFLICT = "another call was reported under this id before; it stands"


@dataclass(slots=True)
class CallsReport:
    """What became of a file's lines; `held` came before their time and wait."""

    rows: int = 0
    accepted: int = 0
    duplicate: int = 0
    unknown_customer: int = 0
    held: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)
    complete_until: datetime | None = None


async def import_calls(
    house: Office, path: Path, *, complete_until: str | None, dry_run: bool
) -> CallsReport:
    """Take a file in, with a bar on the terminal. Raises RefusedError if it cannot be used.

    The feed counts as complete only if every line was understood: a line that was not may be a
    call, and a bonus must not be paid past it.
    """
    until = _until(complete_until, house) if complete_until else None
    with opened(path) as stream:
        body = stream.read()
    try:
        found = read_calls(body, house.keys.of_calls())
    except UnusableCallsError as reason:
        raise RefusedError(f"{path}: {reason}") from None
    report = CallsReport(len(found.rows) + len(found.rejected))
    report.rejected = [(row.line, row.reason) for row in found.rejected]
    with counting("calls") as tell:
        seen: dict[str, bytes] = {}
        for n, row in enumerate(found.rows, start=1):
            _count(report, row, await _taken(house, row.report, seen, dry_run=dry_run))
            tell(n, len(found.rows))
    report.rejected.sort()
    if until is not None and not found.rejected:
        report.complete_until = until
        if not dry_run:
            await house.reports.happened(_completeness(until))
    return report


async def _taken(house: Office, report: Report, seen: dict[str, bytes], *, dry_run: bool) -> Taken:
    if not dry_run:
        return await house.reports.happened(report)
    before = seen.setdefault(report.id, report.digest)
    taken = await house.reports.would_happen(report)
    if before is report.digest or taken.result is Result.UNKNOWN_CUSTOMER:
        return taken
    return Taken(Result.REPEAT if before == report.digest else Result.CONFLICT)


def _count(report: CallsReport, row: CallRow, taken: Taken) -> None:
    match taken.result:
        case Result.APPLIED | Result.HELD | Result.IGNORED:
            report.accepted += 1
        case Result.QUARANTINED:
            report.accepted += 1
            report.held += 1
        case Result.REPEAT:
            report.duplicate += 1
        case Result.UNKNOWN_CUSTOMER:
            report.unknown_customer += 1
        case Result.CONFLICT:
            report.rejected.append((row.line, _CONFLICT))


def _until(text: str, house: Office) -> datetime:
    """Read a moment; without a zone it is wall time, and it must have passed."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise RefusedError(
            f"--complete-until {text}: must be a time such as 2026-12-01T06:00+01:00"
        ) from None
    until = at_wall(at, house.terms.current.zone) if at.tzinfo is None else at.astimezone(UTC)
    if until > house.clock():
        raise RefusedError(f"--complete-until {text}: lies ahead; nobody knows what will be called")
    return until


def _completeness(until: datetime) -> Report:
    name = f"complete {until.isoformat()}"
    what = FeedComplete(Feed.HOTLINE, until)
    digest = sha256(name.encode()).digest()
    return Report(_SOURCE, name, _WATERMARK, None, until, what, digest)


def show_json(report: CallsReport) -> None:
    """Write the report for programs."""
    rejected: list[Json] = [{"line": line, "reason": reason} for line, reason in report.rejected]
    as_json(
        {
            "rows": report.rows,
            "accepted": report.accepted,
            "duplicate": report.duplicate,
            "unknown_customer": report.unknown_customer,
            "held": report.held,
            "rejected": rejected,
            "complete_until": moment(report.complete_until),
        }
    )


def show(
    report: CallsReport, house: Office, path: Path, *, wanted: str | None, dry_run: bool
) -> None:
    """Write the report for people; `wanted`: until when the feed was to be complete."""
    title = f"{path}: {report.rows} rows" + (", only rehearsed: nothing was changed" * dry_run)
    until = wall(report.complete_until, house.terms.current.zone) if report.complete_until else ""
    if wanted and not until:
        until = "not noted: a line that cannot be read may be a call"
    facts(
        title,
        [
            ("accepted", str(report.accepted)),
            ("  ahead of their time", str(report.held) if report.held else ""),
            ("duplicate", str(report.duplicate)),
            ("unknown customer", str(report.unknown_customer)),
            ("rejected", str(len(report.rejected))),
            ("complete until", until),
        ],
    )
    bad = [(str(line), reason) for line, reason in report.rejected]
    table(("line", "why it was not taken"), bad[:_SHOWN])
    if len(bad) > _SHOWN:
        facts(f"… and {len(bad) - _SHOWN} more; --json lists them all", [])
