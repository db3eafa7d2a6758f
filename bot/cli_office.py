"""The commands by which people look after money: credits, calls, decisions, the audit trail."""
# ruff: noqa: PLC0415 - commands import what they need when they run, so --help answers at once

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.carrier.tmf654 import Tmf654
    from bot.credits.decisions import By
    from bot.premises import Premises
    from bot.settings import Settings

credit_commands = typer.Typer(no_args_is_help=True, help="The ledger: does it add up?")
audit_commands = typer.Typer(no_args_is_help=True, help="The audit trail.")

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]
Credit = Annotated[str, typer.Argument(metavar="ID", help="The credit's id.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept.")]
As = Annotated[
    str, typer.Option("--as", metavar="MANAGER", help="Who decides: an id of TELEGRAM_MANAGERS.")
]


class Finding(StrEnum):
    """What the operator's books say of a credit."""

    BOOKED = "booked"
    NOT_BOOKED = "not-booked"


class Answer(StrEnum):
    """What a person decides."""

    ACCEPT = "accept"
    REJECT = "reject"


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.command(epilog="Example: statthotline calls calls.csv --complete-until 2026-12-01")(calls)
    app.command(epilog="Example: statthotline decide 7 accept --reason 'a wrong number' --as 4711")(
        decide
    )
    app.add_typer(credit_commands, name="credits")
    app.add_typer(audit_commands, name="audit")


def _settings() -> "Settings":
    from bot.commands.belonging import refuse_strangers
    from bot.settings import load_settings

    refuse_strangers()
    return load_settings()


def _inside(settings: "Settings", work: "Callable[[Premises], Awaitable[bool]]") -> None:
    """Do something in the house, and exit with 1 if it found a fault.

    There is no stand-in for this house: money is decided about in the real one only.
    """
    from bot.app import open_house

    async def run() -> bool:
        async with open_house(settings) as house:
            return await work(house)

    if not asyncio.run(run()):
        raise typer.Exit(1)


def _carrier(settings: "Settings") -> "Tmf654 | None":
    """Make the client of the operator; the sandbox' operator is there while `serve` runs."""
    from bot.carrying import carrier_of
    from bot.sandbox.sandbox import operator_settings

    return carrier_of(operator_settings(settings) if settings.is_sandbox else settings)


def _by(settings: "Settings", manager: str, reason: str) -> "By":
    from bot.commands.acting import acting
    from bot.commands.refusal import RefusedError
    from bot.credits.decisions import By

    if not reason.strip():
        raise RefusedError("--reason: must not be empty")
    return By(acting(settings, manager), reason.strip())


# --- credits ------------------------------------------------------------------------------------


@credit_commands.command(epilog="Example: statthotline credits check --json")
def check(*, as_json: AsJson = False) -> None:
    """Count everything anew, and name whatever does not add up."""
    from bot.commands import credits as command

    _inside(_settings(), lambda house: command.check_all(house, json=as_json))


@credit_commands.command(epilog="Example: statthotline credits reconcile operator.csv --json")
def reconcile(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE.csv", help="The operator's list [default: ask for it]."),
    ] = None,
    *,
    repairs: Annotated[
        bool, typer.Option("--repair", help="Take over bookings that only the operator knows of.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, if --repair.")] = "",
    manager: Annotated[str, typer.Option("--as", metavar="MANAGER", help="Who, if --repair.")] = "",
    as_json: AsJson = False,
) -> None:
    """Compare our credits with the operator's books.

    Lists what is missing there, what only the operator has, and what differs; each run is kept.
    """
    from bot.commands import credits as command

    settings = _settings()
    if repairs and not (reason and manager):
        raise typer.BadParameter("needs --reason and --as", param_hint="--repair")
    by = _by(settings, manager, reason) if repairs else None

    async def work(house: "Premises") -> bool:
        carrier = None if file else _carrier(settings)
        try:
            return await command.reconcile(house, file, carrier, by, json=as_json)
        finally:
            if carrier is not None:
                await carrier.close()

    _inside(settings, work)


@credit_commands.command(epilog="Example: statthotline credits prove ID --json")
def prove(credit: Credit, *, as_json: AsJson = False) -> None:
    """Show what earned a credit, by which consent, who booked it, and what was said of it."""
    from bot.commands import credits as command

    settings = _settings()

    async def work(house: "Premises") -> bool:
        carrier = _carrier(settings)
        try:
            return await command.show_proof(house, credit, carrier, json=as_json)
        finally:
            if carrier is not None:
                await carrier.close()

    _inside(settings, work)


@credit_commands.command(
    epilog="Example: statthotline credits settle ID booked --reason 'in their books' --as 4711"
)
def settle(credit: Credit, finding: Finding, *, reason: Reason, manager: As) -> None:
    """Say of an uncertain credit whether the operator booked it."""
    from bot.commands import credits as command

    settings = _settings()
    by, is_booked = _by(settings, manager, reason), finding is Finding.BOOKED

    async def work(house: "Premises") -> bool:
        typer.echo(await command.settle(house, credit, by, is_booked=is_booked))
        return True

    _inside(settings, work)


@credit_commands.command(
    epilog="Example: statthotline credits reverse ID --reason 'booked by mistake' --as 4711"
)
def reverse(
    credit: Credit,
    *,
    reason: Reason,
    manager: As,
    is_done: Annotated[
        bool, typer.Option("--done", help="The operator has taken it back by hand already.")
    ] = False,
) -> None:
    """Take back a confirmed credit, by an entry against it.

    The operator is asked for it as for a credit; the customer is told when it is done.
    """
    from bot.commands import credits as command

    settings = _settings()
    by = _by(settings, manager, reason)
    has_operator = settings.is_sandbox or settings.carrier_url is not None

    async def work(house: "Premises") -> bool:
        told = command.reverse(house, credit, by, is_done=is_done, has_operator=has_operator)
        typer.echo(await told)
        return True

    _inside(settings, work)


# --- calls and decisions ------------------------------------------------------------------------


def calls(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The call centre's export.")],
    *,
    complete_until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Every call before this moment is in the files."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report, but change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import hotline contacts from a call-centre export.

    The same file twice changes nothing. No bonus is paid before the feed is known to be complete;
    --complete-until says so, and only holds if every line was understood.
    """
    from bot.commands import calls as command

    async def work(house: "Premises") -> bool:
        report = await command.import_calls(
            house, file, complete_until=complete_until, dry_run=dry_run
        )
        if as_json:
            command.show_json(report)
        else:
            command.show(report, house, file, wanted=complete_until, dry_run=dry_run)
        return True

    _inside(_settings(), work)


def decide(
    number: Annotated[str, typer.Argument(metavar="ID", help="The number in the queue.")],
    answer: Answer,
    *,
    reason: Reason,
    manager: As,
) -> None:
    """Answer an objection, or close something else that waits for a person."""
    from bot.commands import decide as command

    settings = _settings()
    by, is_accepted = _by(settings, manager, reason), answer is Answer.ACCEPT

    async def work(house: "Premises") -> bool:
        typer.echo(await command.decide(house, number, by, is_accepted=is_accepted))
        return True

    _inside(settings, work)


def decide_about(
    address: str, *, waive: str | None, reinstate: bool, accessible: bool, reason: str, manager: str
) -> None:
    """Decide one thing about a customer: what `customer ADDRESS --waive …` does."""
    from bot.commands import decide as command

    if sum((waive is not None, reinstate, accessible)) > 1:
        raise typer.BadParameter("one decision at a time", param_hint="--waive, --reinstate")
    if not (reason and manager):
        raise typer.BadParameter("a decision needs both", param_hint="--reason and --as")
    settings = _settings()
    by = _by(settings, manager, reason)

    async def work(house: "Premises") -> bool:
        typer.echo(
            await command.about_customer(
                house, address, by, waive=waive, reinstate=reinstate, accessible=accessible
            )
        )
        return True

    _inside(settings, work)


# --- audit --------------------------------------------------------------------------------------


@audit_commands.callback()
def audit() -> None:
    """Look after the audit trail."""


@audit_commands.command(epilog="Example: statthotline audit verify --json")
def verify(*, as_json: AsJson = False) -> None:
    """Follow every chain, and name the first row that does not fit."""
    from bot.commands import audit as command

    _inside(_settings(), lambda house: command.verify_all(house, json=as_json))
