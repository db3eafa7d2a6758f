"""Who acts by a command: the manager whom `--as` names, and the account of the machine."""

import getpass
import os

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from bot.commands.refusal import RefusedError
from bot.setting_values import Role
from bot.settings import Settings

SANDBOX = {9001: Role.MANAGER, 9002: Role.APPROVER, 9003: Role.VIEWER}  # Mona, Otto, Vera


def acting(settings: Settings, manager: str) -> str:
    """Name who acts, for the audit trail. Raises RefusedError for one who may not decide."""
    role = roles(settings).get(manager)
    if role is None:
        raise _nobody(manager, settings)
    if role is Role.VIEWER:
        raise RefusedError(f"--as {manager}: a viewer decides nothing")
    return f"{manager} by {account()}"


async def actor_of(settings: Settings, manager: str | None, broadcasts: Broadcasts) -> Actor:
    """Name who commands a broadcast; who has the shell is trusted, but not with a false name.

    Raises RefusedError for an id that is nobody's, which the audit trail keeps.
    """
    if manager is None:
        return Actor(account(), Role.APPROVER, account())
    role = roles(settings).get(manager)
    if role is None:
        nobody = Actor(manager, Role.VIEWER, f"{manager} by {account()}")
        await broadcasts.authority.refused(nobody, "broadcast", "", "nobody has this id")
        raise _nobody(manager, settings)
    return Actor(manager, role, f"{manager} by {account()}")


def roles(settings: Settings) -> dict[str, Role]:
    """List the managers by Telegram id; the sandbox has some of its own."""
    known = {m.id: m.role for m in settings.telegram_managers}
    return {
        str(id_): role for id_, role in (SANDBOX | known if settings.is_sandbox else known).items()
    }


def _nobody(manager: str, settings: Settings) -> RefusedError:
    named = ", ".join(f"{id_} ({role})" for id_, role in roles(settings).items()) or "nobody"
    return RefusedError(
        f"--as {manager}: nobody of TELEGRAM_MANAGERS has this id; it names {named}"
    )


def account() -> str:
    """Name the account of the machine that runs this, whatever its environment claims."""
    try:
        import pwd  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return getpass.getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
