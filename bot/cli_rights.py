"""The commands for people's data and for the house: export, erase, doctor, backup, unfence."""
# ruff: noqa: PLC0415 - commands import what they need when they run, so --help answers at once

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.premises import Premises
    from bot.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.command(epilog="Example: statthotline doctor")(doctor)
    app.command(epilog="Example: statthotline backup /srv/backup/bot.db")(backup)
    app.command(epilog="Example: statthotline receipt consent-2027-01.txt")(receipt)
    app.command(epilog="Example: statthotline returned - < bounce.eml")(returned)
    app.command(epilog="Example: statthotline unfence --reason 'the old machine is gone'")(unfence)


def _settings() -> "Settings":
    from bot.commands.belonging import refuse_strangers
    from bot.settings import load_settings

    refuse_strangers()
    return load_settings()


def _inside(settings: "Settings", work: "Callable[[Premises], Awaitable[str]]") -> None:
    """Do something in the house, and say what came of it."""
    from bot.app import open_house

    async def run() -> str:
        async with open_house(settings) as house:
            return await work(house)

    typer.echo(asyncio.run(run()))


def about_data(
    address: str, export: Path | None, *, erase: bool, reason: str, manager: str
) -> None:
    """Hand out or erase what is held about a customer: `customer ADDRESS --export … --erase`."""
    from bot.commands import rights as command
    from bot.commands.acting import acting
    from bot.premises import file_beside
    from bot.rights.data_rights import Act

    if erase and not (reason.strip() and manager):
        raise typer.BadParameter("an erasure needs both", param_hint="--reason and --as")
    settings = _settings()
    act = Act(acting(settings, manager), reason.strip()) if erase else None

    async def work(house: "Premises") -> str:
        done = [await command.export(house, address, export)] if export else []
        if act is not None:
            done.append(await command.erase(house, file_beside(settings, "films"), address, act))
        return "\n".join(done)

    _inside(settings, work)


def doctor(
    *, as_json: Annotated[bool, typer.Option("--json", help="Write JSON for programs.")] = False
) -> None:
    """Check settings, credentials, webhooks, public address, database and wording.

    Says for each fault how it is mended, and exits with 1 if there is one. Nothing is changed, and
    no secret is shown. Run it beside `serve`, on the machine that it runs on.
    """
    from bot.commands import doctor as command
    from bot.commands.belonging import refuse_strangers

    refuse_strangers()
    found = command.diagnose()
    show = command.show_json if as_json else command.show
    show(found)
    raise typer.Exit(0 if found.ok else 1)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes.")],
) -> None:
    """Write a consistent copy of the database, while the bot is at work (SQLite).

    The copy is stamped as one: a bot that is started on it stores what comes in and sends nothing,
    until `unfence`. Keep the file secret.key beside it: without it nobody knows who said STOP.
    """
    from bot.app import now
    from bot.commands import copying as command

    typer.echo(command.back_up(_settings(), file, now()))


def receipt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The receipt, as it was saved.")],
    key: Annotated[
        str, typer.Option("--key", metavar="KEY", help="The operator's key; default: ours.")
    ] = "",
) -> None:
    """Tell whether the receipt of a consent is genuine; with --key no database is needed.

    The key stands at the end of every receipt; ask the operator whether it is theirs.
    """
    from bot.commands import receipt as command
    from bot.turns.consent_receipt import Receipts

    if key:
        typer.echo(command.check(file, key))
        return

    async def work(house: "Premises") -> str:
        return command.check(file, Receipts(house.keys).public_key)

    _inside(_settings(), work)


def returned(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The mail; - reads from stdin.")],
    to: Annotated[
        str, typer.Option("--to", metavar="ADDRESS", help="Whom its envelope named.")
    ] = "",
) -> None:
    """Take a mail that came back to EMAIL_RETURNS: a bounce, or a wish to hear no more.

    A mailbox that is gone is closed; whoever writes to unsubscribe gets no more messages.
    """
    from bot.commands import returned as command

    raw = command.read(file)
    _inside(_settings(), lambda house: command.take(house.conversations, raw, to))


def unfence(
    *,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it stays in the audit trail.")
    ],
) -> None:
    """Let a restored copy send.

    Only one database of a campaign may send: be sure that the other one never will again.
    """
    from bot.commands import copying as command

    _inside(_settings(), lambda house: command.unfence(house.store, reason, house.clock()))
