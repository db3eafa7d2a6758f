"""The campaign's life as managers see it: where it stands, and since when, kept in their chain."""

from dataclasses import dataclass
from datetime import datetime

from bot.broadcasting.broadcasts import Broadcasts
from bot.inviting.waves import Pausable, Waves
from flows.life import Life, life_of
from storage.changes import Audit

ENGINE = "engine"
_KEPT = "campaign.life"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Tells where the campaign stands, and is a worker that keeps each change of it."""

    broadcasts: Broadcasts
    pauses: Waves

    async def stands(self) -> Life:
        """Tell where the campaign stands now."""
        house = self.broadcasts.house
        paused_at = await self.pauses.paused_at(Pausable.CAMPAIGN)
        return life_of(house.terms.current, house.clock(), is_paused=paused_at is not None)

    async def tick(self) -> datetime | None:
        """Keep that the campaign has begun, ended or the like; tell when it may do so next."""
        house, life = self.broadcasts.house, await self.stands()
        now, terms = house.clock(), house.terms.current
        if await self.broadcasts.store.get(_KEPT) != life:
            await self.broadcasts.keeper.note(Audit(now, ENGINE, f"campaign {life}", terms.name))
            await self.broadcasts.store.put(_KEPT, life)
        return min((at for at in (terms.starts_at, terms.ends_at) if at and at > now), default=None)
