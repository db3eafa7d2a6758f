"""Authority: who may do what, checked at the command and kept in the managers' chain."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.setting_values import Role
from flows.broadcast import BroadcastError
from storage.broadcasts import Broadcasting
from storage.changes import Audit

_RANKS = (Role.VIEWER, Role.MANAGER, Role.APPROVER)


class NotAllowedError(BroadcastError):
    """Somebody's role does not cover this."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who commands: `id` tells people apart, `name` is what the audit trail keeps."""

    id: str
    role: Role
    name: str

    def may(self, role: Role) -> bool:
        """Tell whether this role is covered."""
        return _RANKS.index(self.role) >= _RANKS.index(role)


@dataclass(frozen=True, slots=True)
class Authority:
    """Lets people pass or not, and keeps what they did and what they were refused."""

    keeper: Broadcasting
    clock: Callable[[], datetime]

    async def allow(self, actor: Actor, role: Role, act: str, about: str) -> None:
        """Let somebody of this role pass. Raises NotAllowedError for all others."""
        if not actor.may(role):
            await self.refused(actor, act, about, f"a {actor.role} may not")
            raise NotAllowedError(f"{act}: not for the role {actor.role}; it takes the role {role}")

    async def look(self, actor: Actor, role: Role, act: str, about: str) -> None:
        """Let somebody of this role look at something, and keep that they did."""
        await self.allow(actor, role, act, about)
        await self.noted(actor, act, about)

    async def refuse(self, actor: Actor, act: str, about: str, why: str) -> None:
        """Keep that somebody was refused something, and say so by BroadcastError."""
        await self.refused(actor, act, about, why)
        raise BroadcastError(f"{about}: {why}")

    async def refused(self, actor: Actor, act: str, about: str, why: str) -> None:
        """Keep that somebody was refused something."""
        await self.keeper.note(self.audit(actor, f"refused {act}", f"{about}: {why}"))

    async def noted(self, actor: Actor, act: str, about: str) -> None:
        """Keep that somebody did something that leaves no other trace."""
        await self.keeper.note(self.audit(actor, act, about))

    def audit(self, actor: Actor, act: str, about: str) -> Audit:
        """Make the row of the managers' chain for an act."""
        return Audit(self.clock(), actor.name, act, about)
