"""Data rights: everything that is held about somebody is handed out, or erased.

A page calls these once the code that it asked for is right (`codes.py`):

    export = await rights.export(number)      # None: nobody is known by this number
    export.as_zip(), export.as_json()         # bytes for a download
    await rights.erase(number, "page")        # False: nobody is known by this number

What stays after an erasure, and why, is told by `REMAINS`; `bot/turns/erasing.py` sees to it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bot.rights.export import Export
from bot.rights.scrubber import REWRITE
from bot.turns.composing import Composition
from bot.turns.house import House
from storage.changes import Audit, Decision
from storage.memory import Key, Memory
from storage.reading import KeptText
from storage.store import Store

REMAINS = (
    "the consent that was given (when, to which text, by which message), as its proof",
    "credits and their bookings in MB, because the operator's books must add up",
    "keyed hashes of the number and the addresses, so that nobody is written to again",
    "how many messages of each broadcast were sent, without whom they went to",
)


@dataclass(frozen=True, slots=True)
class Act:
    """Which manager erased somebody, and why: both stay in the managers' chain."""

    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class DataRights:
    """Hands out what is held about somebody, and forgets it."""

    store: Store
    house: House
    poke: Callable[[], None]

    async def export(self, customer: str) -> Export | None:
        """Collect everything about one customer; None if nobody has this number."""
        dossier = await self.store.dossier(customer)
        if dossier is None or dossier.memory.customer is None:
            return None
        contacts = dossier.memory.customer.contacts
        hashes = {c.address.uri: self.house.keys.of_address(c.address) for c in contacts}
        journey = dossier.memory.journey
        named = {journey.consent.text_hash} if journey and journey.consent else set()
        named |= {journey.shown[0]} if journey and journey.shown else set()
        return Export(
            at=self.house.clock(),
            customer=customer,
            sheets=await self.store.rights.held(customer, hashes),
            consents=tuple([text for name in sorted(named) if (text := await self._text(name))]),
        )

    async def _text(self, text_hash: str) -> KeptText | None:
        return await self.store.kept_text(text_hash)

    async def erase(self, customer: str, source: str, act: Act | None = None) -> bool:
        """Forget somebody for good; nobody is written to about it. False if there is nobody."""

        def decide(memory: Memory) -> Decision[bool]:
            now = self.house.clock()
            if memory.customer is None:
                return Decision(answer=False)
            turn = Composition(self.house, memory, memory.customer, now)
            turn.erase(source)
            pseudonym = self.house.keys.pseudonym(customer)
            noted = (Audit(now, act.actor, "erase", f"{pseudonym}: {act.reason}"),) if act else ()
            return Decision(answer=True, changes=(*turn.finish(), *noted))

        is_erased = await self.store.turn(Key(customer=customer), decide)
        if is_erased:
            self.house.forgotten(customer)
            await self._sweep()
        self.poke()
        return is_erased

    async def _sweep(self) -> None:
        """Sweep now, or have it done at night where the database is too large for that."""
        if not await self.store.rights.scrub():
            await self.store.put(REWRITE, "due")
