"""A turn answers one event in one transaction; here are those that people and the clock cause."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.terms import Terms
from bot.turns.composing import Composition
from bot.turns.house import House
from bot.turns.routing import choose
from flows.customer import Customer
from flows.effects import Purpose
from flows.events import Event, Invited, PlaceFreed, Woke
from storage.changes import Decision, PutCustomer
from storage.memory import Key, Memory
from storage.outbox import WakeRow
from storage.store import Store


def has_room(memory: Memory, terms: Terms) -> bool:
    """Tell whether the budget bears what one more member may earn."""
    now = terms.current
    if now.budget_megabytes is None:
        return True
    promised = memory.reserved_megabytes + memory.delivered_megabytes
    return promised + now.total_megabytes <= now.budget_megabytes


@dataclass(frozen=True, slots=True)
class Turns:
    """What managers decide and what the calendar brings, each as one turn of the store."""

    store: Store
    house: House
    poke: Callable[[], None]

    async def invite(
        self, customer: Customer, *, is_held_out: bool, at: datetime | None = None
    ) -> str:
        """Import a customer and invite them, once: invited, not_invited, held_out or duplicate.

        With `at` it is as if they were imported now and invited then.
        """

        def decide(memory: Memory) -> Decision[str]:
            if memory.customer is not None:
                return Decision("duplicate")
            now = self.house.clock()
            put = PutCustomer(self._closed(customer, memory.suppressed, now), now)
            if not is_held_out and (memory.suppressed or not self._may_invite(customer)):
                return Decision("not_invited", (put,))
            then = at or now
            turn = Composition(self.house, memory, customer, then)
            turn.take(Invited(at=then, is_held_out=is_held_out), "manager")
            return Decision("held_out" if is_held_out else "invited", (put, *turn.finish()))

        answer = await self.store.turn(self._key(customer), decide)
        self.poke()
        return answer

    async def would_invite(self, customer: Customer, *, is_held_out: bool) -> str:
        """Tell what `invite` would answer, and change nothing."""

        def decide(memory: Memory) -> Decision[str]:
            if memory.customer is not None:
                return Decision("duplicate")
            if is_held_out:
                return Decision("held_out")
            is_closed = memory.suppressed or not self._may_invite(customer)
            return Decision("not_invited" if is_closed else "invited")

        return await self.store.turn(self._key(customer), decide)

    def _key(self, customer: Customer) -> Key:
        """Ask for a customer and for all addresses: STOPP at one of them was meant for all.

        And for the number: whoever took part and was erased could earn everything a second time.
        """
        hashes = tuple(self.house.keys.of_address(c.address) for c in customer.contacts)
        erased = self.house.keys.of_customer(customer.number)
        return Key(customer=customer.number, address_hashes=(*hashes, erased))

    def _closed(self, customer: Customer, out: frozenset[bytes], now: datetime) -> Customer:
        """Mark the addresses whose owners once said STOPP: an import opens nothing."""
        contacts = (
            replace(c, opted_out_at=now) if self.house.keys.of_address(c.address) in out else c
            for c in customer.contacts
        )
        return replace(customer, contacts=tuple(contacts)) if out else customer

    def _may_invite(self, customer: Customer) -> bool:
        """Tell whether there is a ground to invite somebody, and a channel that reaches them."""
        has_way = choose(customer, Purpose.INVITATION, self.house.lanes) is not None
        return customer.basis is not None and has_way

    async def woke(self, wake: WakeRow) -> None:
        """Let a journey do what is due."""

        def decide(memory: Memory) -> Decision[None]:
            now = self.house.clock()
            woke = Woke(at=now, slot=wake.slot, watermarks=memory.watermarks)
            return self._taken(memory, woke, "clock")

        await self.store.turn(Key(customer=wake.customer), decide)
        self.poke()

    async def place_freed(self, customer: str) -> bool:
        """Enrol somebody from the waiting list if the budget bears it; tell whether it did."""

        def decide(memory: Memory) -> Decision[bool]:
            if not has_room(memory, self.house.terms):
                return Decision(answer=False)
            freed = PlaceFreed(at=self.house.clock())
            return Decision(True, self._taken(memory, freed, "budget").changes)  # noqa: FBT003

        return await self.store.turn(Key(customer=customer), decide)

    async def decided(self, customer: str, event: Event, actor: str) -> None:
        """Let a manager's decision take effect."""
        await self.store.turn(Key(customer=customer), lambda m: self._taken(m, event, actor))
        self.poke()

    def _taken(self, memory: Memory, event: Event, source: str) -> Decision[None]:
        if memory.customer is None or memory.journey is None:
            return Decision(None)
        turn = Composition(self.house, memory, memory.customer, self.house.clock())
        turn.take(event, source)
        return Decision(None, turn.finish())
