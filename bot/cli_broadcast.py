"""The commands by which managers write to many: `statthotline broadcast …`."""
# ruff: noqa: PLC0415 - commands import what they need when they run, so --help answers at once

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.broadcasting.authority import Actor
    from bot.broadcasting.broadcasts import Broadcasts
    from bot.broadcasting.progress import Progress
    from bot.premises import Premises

commands = typer.Typer(no_args_is_help=True, help="Messages to many.")

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]
_AS_A_WHOLE = ("invitations", "campaign")
IdOrWhole = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The broadcast's id; or `invitations`, or `campaign`: all that is unasked.",
    ),
]
Id = Annotated[str, typer.Argument(metavar="ID", help="The broadcast's id, such as B7.")]
As = Annotated[
    str | None,
    typer.Option("--as", metavar="MANAGER", help="Who acts: an id of TELEGRAM_MANAGERS."),
]


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.add_typer(commands, name="broadcast")


def _inside(
    manager: str | None, work: "Callable[[Broadcasts, Actor, Premises], Awaitable[None]]"
) -> None:
    """Do something in the house; what is refused becomes one line and exit 1."""
    from bot.app import open_house
    from bot.commands.acting import actor_of
    from bot.commands.belonging import refuse_strangers
    from bot.commands.refusal import RefusedError
    from bot.settings import load_settings
    from flows.broadcast import BroadcastError

    refuse_strangers()
    settings = load_settings()

    async def run() -> None:
        async with open_house(settings) as house:
            actor = await actor_of(settings, manager, house.broadcasts)
            await work(house.broadcasts, actor, house)

    try:
        asyncio.run(run())
    except BroadcastError as error:
        raise RefusedError(str(error)) from None


@commands.command(
    epilog="Example: statthotline broadcast draft --audience 'state:streak month:>=4'"
    " --text de='Schon {month} Monate!' --as 4711"
)
def draft(
    *,
    audience: Annotated[
        str, typer.Option(metavar="EXPR", help="To whom, like a search: state:streak language:de.")
    ],
    text: Annotated[
        list[str], typer.Option(metavar="CODE=TEXT", help="What, once for each language.")
    ],
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When, in the customers' local time.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Refuse an audience that is larger than this.")
    ] = None,
    manager: As = None,
    as_json: AsJson = False,
) -> None:
    """Draft a broadcast.

    A text may hold {customer}, {month}, {megabytes} and {attribute.NAME}.
    """
    from bot.commands import broadcast as command

    texts = command.texts_of(text)

    async def work(broadcasts: "Broadcasts", actor: "Actor", _: "Premises") -> None:
        drafted = await broadcasts.draft(actor, audience, texts, at=at, limit=limit)
        command.show_id(drafted, json=as_json)

    _inside(manager, work)


@commands.command(epilog="Example: statthotline broadcast preview B7")
def preview(broadcast: Id, *, manager: As = None, as_json: AsJson = False) -> None:
    """Show who would get which text, who is passed over and why, and what it costs."""
    from bot.commands import broadcast as command

    async def work(broadcasts: "Broadcasts", actor: "Actor", house: "Premises") -> None:
        preview = await broadcasts.preview(actor, broadcast)
        command.show_preview(preview, house.terms.current.zone, json=as_json)

    _inside(manager, work)


@commands.command("test", epilog="Example: statthotline broadcast test B7 --to '0171 3920011'")
def try_out(
    broadcast: Id,
    *,
    to: Annotated[str, typer.Option(metavar="ADDRESS", help="A phone, or telegram:ID.")],
    manager: As = None,
    as_json: AsJson = False,
) -> None:
    """Send the texts to one address, as they would arrive."""
    from bot.commands import broadcast as command

    async def work(broadcasts: "Broadcasts", actor: "Actor", _: "Premises") -> None:
        command.show_sent(broadcast, await broadcasts.test(actor, broadcast, to), json=as_json)

    _inside(manager, work)


@commands.command(epilog="Example: statthotline broadcast approve B7 --as 4712")
def approve(
    broadcast: Id,
    *,
    manager: Annotated[str, typer.Option("--as", metavar="MANAGER", help="Who approves.")],
    hash_: Annotated[
        str | None, typer.Option("--hash", help="The hash of the preview that was looked at.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Approve a draft of somebody else, exactly as it was previewed."""
    from bot.commands import broadcast as command

    async def work(broadcasts: "Broadcasts", actor: "Actor", house: "Premises") -> None:
        row = await broadcasts.approve(actor, broadcast, hash_)
        progress = await broadcasts.progress(row)
        command.show_progress(progress, house.terms.current.zone, json=as_json)

    _inside(manager, work)


@commands.command(epilog="Example: statthotline broadcast start B7 --as 4711")
def start(broadcast: Id, *, manager: As = None, as_json: AsJson = False) -> None:
    """Start what was approved; before its hour it is scheduled."""
    _act("start", broadcast, manager, as_json=as_json)


@commands.command(epilog="Example: statthotline broadcast pause B7 --as 4711")
def pause(broadcast: IdOrWhole, *, manager: As = None, as_json: AsJson = False) -> None:
    """Stop planning and sending until it is resumed."""
    _act("pause", broadcast, manager, as_json=as_json)


@commands.command(epilog="Example: statthotline broadcast resume B7 --as 4711")
def resume(broadcast: IdOrWhole, *, manager: As = None, as_json: AsJson = False) -> None:
    """Go on where it stood."""
    _act("resume", broadcast, manager, as_json=as_json)


@commands.command(epilog="Example: statthotline broadcast cancel B7 --as 4711")
def cancel(broadcast: Id, *, manager: As = None, as_json: AsJson = False) -> None:
    """End it for good; who was not written to is skipped."""
    _act("cancel", broadcast, manager, as_json=as_json)


def _act(name: str, broadcast: str, manager: str | None, *, as_json: bool) -> None:
    from bot.commands import broadcast as command

    async def work(broadcasts: "Broadcasts", actor: "Actor", house: "Premises") -> None:
        if broadcast in _AS_A_WHOLE:
            await _act_on_whole(name, broadcast, actor, house, as_json=as_json)
            return
        acts = {
            "start": broadcasts.start,
            "pause": broadcasts.pause,
            "resume": broadcasts.resume,
            "cancel": broadcasts.cancel,
        }
        row = await acts[name](actor, broadcast)
        progress = await broadcasts.progress(row)
        command.show_progress(progress, house.terms.current.zone, json=as_json)

    _inside(manager, work)


async def _act_on_whole(
    name: str, whole: str, actor: "Actor", house: "Premises", *, as_json: bool
) -> None:
    from bot.commands import broadcast as command
    from bot.commands.refusal import RefusedError
    from bot.inviting.waves import Pausable
    from bot.managing import waves_of
    from bot.setting_values import Role

    if name not in ("pause", "resume"):
        raise RefusedError(f"{whole}: can be paused and resumed, and nothing else")
    authority = house.broadcasts.authority
    await authority.look(actor, Role.MANAGER, f"{name} {whole}", "")
    await command.pace(waves_of(house), name, Pausable(whole), json=as_json)


async def _show_campaign(actor: "Actor", house: "Premises", *, as_json: bool) -> None:
    from bot.commands import broadcast as command
    from bot.inviting.waves import Pausable
    from bot.managing import waves_of
    from bot.office.lifetime import Lifetime
    from bot.setting_values import Role

    await house.broadcasts.authority.look(actor, Role.VIEWER, "campaign show", "")
    waves = waves_of(house)
    life = await Lifetime(house.broadcasts, waves).stands()
    paused_at = await waves.paused_at(Pausable.CAMPAIGN)
    command.show_life(life, house.terms.current, paused_at, json=as_json)


@commands.command(epilog="Example: statthotline broadcast show B7 --csv report.csv")
def show(
    broadcast: Annotated[
        str,
        typer.Argument(metavar="ID", help="The broadcast's id; or `campaign`: where that stands."),
    ],
    *,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what became of everybody.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Follow it with a bar until it rests.")
    ] = False,
    manager: As = None,
    as_json: AsJson = False,
) -> None:
    """Show how far a broadcast is."""
    from bot.commands import broadcast as command

    async def work(broadcasts: "Broadcasts", actor: "Actor", house: "Premises") -> None:
        if broadcast == "campaign":
            await _show_campaign(actor, house, as_json=as_json)
            return
        look = command.watch if watch else _shown
        progress = await look(broadcasts, actor, broadcast)
        if csv is not None:
            await command.write_report(broadcasts, actor, broadcast, csv)
        command.show_progress(progress, house.terms.current.zone, json=as_json)

    _inside(manager, work)


async def _shown(broadcasts: "Broadcasts", actor: "Actor", broadcast: str) -> "Progress":
    return await broadcasts.show(actor, broadcast)


@commands.command("list", epilog="Example: statthotline broadcast list")
def list_(*, manager: As = None, as_json: AsJson = False) -> None:
    """List all broadcasts, the newest first."""
    from bot.commands import broadcast as command

    async def work(broadcasts: "Broadcasts", actor: "Actor", _: "Premises") -> None:
        command.show_list(await broadcasts.list(actor), json=as_json)

    _inside(manager, work)


@commands.command("retry-failed", epilog="Example: statthotline broadcast retry-failed B7")
def retry_failed(broadcast: Id, *, manager: As = None, as_json: AsJson = False) -> None:
    """Try those who failed once more, and nobody else."""
    from bot.commands import broadcast as command

    async def work(broadcasts: "Broadcasts", actor: "Actor", _: "Premises") -> None:
        failed = await broadcasts.retry_failed(actor, broadcast)
        command.show_retried(broadcast, failed, json=as_json)

    _inside(manager, work)
