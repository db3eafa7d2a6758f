"""`invite`: imports a file of customers and invites them, and reports on every line."""

from functools import partial
from pathlib import Path

from bot.commands.house import OpenHouse, opened
from bot.commands.refusal import RefusedError
from bot.commands.showing import Json, as_json, bar, facts, moment, table, zoned
from bot.inviting.customers_file import Rejected, UnusableFileError, read_customers
from bot.inviting.invitations import Invitations, InviteReport
from bot.inviting.waves import closed, last_waiting

_SHOWN = 20  # rejected lines on a terminal; --json has all


async def invite(
    house: OpenHouse, path: Path, *, dry_run: bool, holdout_percent: float | None
) -> InviteReport:
    """Take a file, with a bar on the terminal. Raises RefusedError if it cannot be used."""
    if not dry_run:
        await check_inviting(house)
    invitations = Invitations(
        directory=house.store,
        turns=house.turns,
        campaign=house.terms.current,
        clock=house.clock,
        keys=house.keys,
        estimate=house.estimate,
        waiting=partial(last_waiting, house.store),
    )
    try:
        with opened(path) as stream, bar(stream, path) as progress:
            return await invitations.invite(
                read_customers(stream),
                dry_run=dry_run,
                holdout_percent=holdout_percent,
                progress=progress.tell,
            )
    except UnusableFileError as reason:
        raise RefusedError(f"{path}: {reason}") from None


async def check_inviting(house: OpenHouse) -> None:
    """Raise RefusedError if nobody can be invited now, with what to do."""
    if why := await closed(house.store, house.terms.current, house.clock()):
        raise RefusedError(why)


def show_json(report: InviteReport) -> None:
    """Write the report for programs."""
    as_json(
        {
            "rows": report.rows,
            "accepted": report.accepted,
            "duplicate": report.duplicate,
            "invited": report.invited,
            "not_invited": report.not_invited,
            "held_out": report.held_out,
            "rejected": _lines(report.rejected),
            "repeated": _lines(report.repeated),
            "segments": report.segments,
            "cost_cents": report.cost_cents,
            "first_at": moment(report.first_at),
            "done_at": moment(report.done_at),
        }
    )


def _lines(rows: tuple[Rejected, ...]) -> Json:
    return [{"line": row.line, "reason": row.reason} for row in rows]


def show(report: InviteReport, house: OpenHouse, path: Path, *, dry_run: bool) -> None:
    """Write the report for people."""
    zone = house.terms.current.zone
    title = f"{path}: {report.rows} rows" + (", only rehearsed: nothing was changed" * dry_run)
    facts(
        title,
        [
            ("accepted", str(report.accepted)),
            ("  invited", str(report.invited)),
            ("  not invited", _unless_none(report.not_invited, "no basis, or opted out")),
            ("  held out", _unless_none(report.held_out, "on purpose, to measure the effect")),
            ("duplicate", _unless_none(report.duplicate, "known already, not changed")),
            ("rejected", _unless_none(len(report.rejected), "see below")),
            ("first message", zoned(report.first_at, zone)),
            ("last message", zoned(report.done_at, zone)),
            ("cost", f"{report.segments} SMS segments, {report.cost_cents / 100:.2f} €"),
        ],
    )
    bad = [(str(row.line), row.reason) for row in (*report.rejected, *report.repeated)]
    table(("line", "why it was not taken"), bad[:_SHOWN])
    if len(bad) > _SHOWN:
        facts(f"… and {len(bad) - _SHOWN} more; --json lists them all", [])


def _unless_none(count: int, why: str) -> str:
    return f"{count}  ({why})" if count else ""
