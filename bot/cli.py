"""The command line, `statthotline`: what people and scripts ask of the bot."""
# ruff: noqa: PLC0415 - commands import what they need when they run, so --help answers at once

import asyncio
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import cli_broadcast, cli_office, cli_questions, cli_rights

if TYPE_CHECKING:
    from bot.commands.house import Doors
    from bot.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

cli_office.add_to(app)
cli_broadcast.add_to(app)
cli_rights.add_to(app)
cli_questions.add_to(app)

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]


class ServeRole(StrEnum):
    """Which part of the bot a process plays."""

    ALL = "all"
    WEB = "web"
    WORKER = "worker"


def main(arguments: Sequence[str] | None = None, doors: "Doors | None" = None) -> None:
    """Run one command and exit: 0 if it succeeded, 1 if it failed, 2 if it was used wrongly."""
    try:
        app(args=arguments, obj=doors, prog_name="statthotline")
    except Exception as error:
        if not _is_told_in_a_line(error):
            raise
        typer.echo(f"statthotline: {' '.join(str(error).split())}", err=True)
        sys.exit(1)


def _is_told_in_a_line(error: Exception) -> bool:
    """Tell whether the message says it all; anything else is our own fault and keeps its trace."""
    from bot.commands.refusal import RefusedError

    if isinstance(error, RefusedError):
        return True
    # Only now: a refusal may be about the packages that these lie in.
    from bot.campaigns import UnusableCampaignError
    from bot.settings import UnusableSettingsError
    from bot.terms import ChangedTermsError
    from bot.web.server import PortTakenError
    from messages.topics import UnusableTopicsError
    from messages.wording import WordingError
    from storage.errors import StorageError

    ours = (UnusableSettingsError, UnusableCampaignError, ChangedTermsError, PortTakenError)
    return isinstance(error, (*ours, UnusableTopicsError, WordingError, StorageError))


def _start(context: typer.Context) -> "tuple[Doors, Settings]":
    """Give what every command needs, once it is certain that our packages are ours."""
    import bot.plain_structlog  # noqa: F401 - before all that loads structlog
    from bot.commands.belonging import refuse_strangers
    from bot.settings import load_settings

    refuse_strangers()
    settings = load_settings()
    if context.obj is not None:
        return context.obj, settings
    from bot import app as house
    from bot.commands.house import Doors

    return Doors(house.open_house, house.serve), settings


def _version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        from importlib.metadata import version

        typer.echo(f"statthotline {version('online-statt-hotline')}")
        raise typer.Exit


@app.callback(epilog="Example: statthotline serve")
def statthotline(
    *,
    _shows_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    """Run a telecom operator's reward programme by SMS and Telegram."""


@app.command(epilog="Example: statthotline serve --role web")
def serve(
    context: typer.Context,
    *,
    role: Annotated[ServeRole, typer.Option(help="Which part to play here.")] = ServeRole.ALL,
) -> None:
    """Run the bot, or the sandbox.

    Web, relay and timers run in one process unless --role says otherwise. Without credentials this
    is the sandbox, and nothing leaves the machine.
    """
    from bot.sparing import unswept

    with unswept():  # until it serves
        doors, settings = _start(context)
        if sys.platform == "win32":
            asyncio.run(doors.serve(settings, role.value))
        else:
            import uvloop

            uvloop.run(doors.serve(settings, role.value))


@app.command(epilog="Example: statthotline migrate")
def migrate(context: typer.Context) -> None:
    """Bring the database to this version.

    For SQLite, `serve` does it by itself.
    """
    from bot.commands.migrate import migrate as bring

    _, settings = _start(context)
    typer.echo(f"{asyncio.run(bring(settings))} is at this version.")


@app.command(epilog="Example: statthotline invite customers.csv --dry-run")
def invite(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The customers' file.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report, but change nothing.")] = False,
    holdout: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT",
            min=0,
            max=99.9,
            help="How many of a hundred are not invited on purpose [default: the campaign's].",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import customers and invite them.

    The file has the columns customer, phone, email, language and basis (consent or
    existing_customer); further columns become attributes for audiences. Whoever was imported
    before is not changed.
    """
    from bot.commands import invite as command

    doors, settings = _start(context)

    async def run() -> None:
        async with doors.open_house(settings) as house:
            report = await command.invite(house, file, dry_run=dry_run, holdout_percent=holdout)
            if as_json:
                command.show_json(report)
            else:
                command.show(report, house, file, dry_run=dry_run)

    asyncio.run(run())


@app.command(epilog='Example: statthotline customer "0171 3920011" --why')
def customer(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    address: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS",
            help="A phone number in any spelling, an e-mail, telegram:ID or a customer number.",
        ),
    ],
    *,
    why: Annotated[bool, typer.Option("--why", help="Show the events that led there.")] = False,
    waive: Annotated[
        str | None, typer.Option(metavar="STEP", help="Decide: this step counts as done.")
    ] = None,
    reinstate: Annotated[
        bool, typer.Option("--reinstate", help="Decide: who dropped out is back.")
    ] = False,
    accessible: Annotated[
        bool, typer.Option("--accessible", help="Decide: no call of theirs counts.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write everything held about them: FILE.zip or FILE.json."
        ),
    ] = None,
    erase: Annotated[
        bool, typer.Option("--erase", help="Forget them for good; says what stays, and why.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")] = "",
    manager: Annotated[str, typer.Option("--as", metavar="MANAGER", help="Who decides.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show one customer, decide about one, hand out their data, or forget them.

    State, credits, months without a call, what comes next, and with --why how it came about.
    A decision and an erasure need --reason and --as, and stay in the audit trail.
    """
    if export is not None or erase:
        cli_rights.about_data(address, export, erase=erase, reason=reason, manager=manager)
        return
    if waive is not None or reinstate or accessible:
        cli_office.decide_about(
            address,
            waive=waive,
            reinstate=reinstate,
            accessible=accessible,
            reason=reason,
            manager=manager,
        )
        return
    from bot.commands import customer as command
    from bot.commands.house import find

    doors, settings = _start(context)

    async def run() -> None:
        async with doors.open_house(settings) as house:
            dossier = await find(house.store, address)
            show = command.show_json if as_json else command.show
            show(dossier, house, why=why)

    asyncio.run(run())


@app.command(epilog='Example: statthotline ask "why is my bill so high" --language en')
def ask(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What a customer wrote.")],
    *,
    language: Annotated[
        str | None,
        typer.Option(
            metavar="CODE", help="The customer's language [default: the campaign's first]."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show which help topic a customer's words find, and why.

    One clear topic is answered at once, several are offered, and none leads to a person.
    """
    from bot.campaigns import load_campaign, load_topics
    from bot.commands import ask as command

    _, settings = _start(context)
    campaign = load_campaign(settings.campaign)
    spoken = language or campaign.messages.languages[0]
    found = command.ask(load_topics(campaign), text, spoken)
    show = command.show_json if as_json else command.show
    show(found)


@app.command(epilog="Example: statthotline lint --json")
def lint(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Check the wording: every language and line, by rules, encoding, segments and price.

    Each line is measured with the longest facts that it may hold. Exits with 1 if something is
    amiss.
    """
    from bot.commands import lint as command

    _, settings = _start(context)
    findings = command.lint(settings.campaign)
    show = command.show_json if as_json else command.show
    show(findings)
    raise typer.Exit(0 if findings.is_ok else 1)
