"""The command by which people see what waits for them."""
# ruff: noqa: PLC0415 - commands import what they need when they run, so --help answers at once

import asyncio
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]


def add_to(app: typer.Typer) -> None:
    """Put this command into the command line."""
    app.command(epilog="Example: statthotline questions --json")(questions)


def questions(
    *,
    suggests: Annotated[
        bool,
        typer.Option("--suggestions", help="Words of the last weeks that found no topic, instead."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List what waits for a person: questions, objections, requests about data, odd credits."""
    from bot.app import open_house
    from bot.commands import questions as command
    from bot.commands.belonging import refuse_strangers
    from bot.office.suggestions import suggested
    from bot.settings import load_settings

    refuse_strangers()
    settings = load_settings()

    async def run() -> None:
        async with open_house(settings) as house:
            kept, zone = house.store.questions, house.terms.current.zone
            if suggests:
                words = await suggested(kept, house.clock())
                (command.show_suggestions_json if as_json else command.show_suggestions)(words)
            elif as_json:
                command.show_json(await kept.waiting(command.MOST))
            else:
                command.show(await kept.waiting(command.MOST), zone)

    asyncio.run(run())
