"""Puts the managers' chat together over open premises."""

from collections.abc import Mapping

from bot.channels.channel import Files
from bot.inviting.invitations import Invitations
from bot.office.managers import Managers
from bot.premises import Premises
from bot.setting_values import Role


def managers_of(
    premises: Premises, roles: Mapping[str, Role], files: Files | None = None
) -> Managers:
    """Make the managers' chat for these roles by Telegram id; `files` fetches attachments."""
    invitations = Invitations(
        directory=premises.store,
        turns=premises.turns,
        campaign=premises.terms.current,
        clock=premises.clock,
        keys=premises.keys,
        estimate=premises.estimate,
    )
    return Managers(premises.broadcasts, invitations, roles, files)
