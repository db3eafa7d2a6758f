"""Puts the managers' chat together over open premises."""

from collections.abc import Mapping

from bot.inviting.invitations import Invitations
from bot.office.managers import Managers
from bot.premises import Premises
from bot.setting_values import Role


def managers_of(premises: Premises, roles: Mapping[str, Role]) -> Managers:
    """Make the managers' chat for these roles by Telegram id."""
    invitations = Invitations(
        directory=premises.store,
        turns=premises.turns,
        campaign=premises.terms.current,
        clock=premises.clock,
        keys=premises.keys,
        estimate=premises.estimate,
    )
    return Managers(premises.broadcasts, invitations, roles)
