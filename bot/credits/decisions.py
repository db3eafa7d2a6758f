"""What people decide about customers and credits, each as one turn that the managers' chain keeps.

A decision is given with a reason and by somebody; one that changes nothing is refused, so that
nobody is answered twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import UUID

from bot.credits.credit_book import settled
from bot.turns.composing import Composition
from bot.turns.house import House
from flows.credit import CreditState, credit_id, may_move
from flows.effects import Request
from flows.events import (
    AccessNeeded,
    Event,
    ObjectionAnswered,
    Readmitted,
    StepWaived,
)
from storage.changes import Audit, Change, CloseRequest, Decision, PutCredit
from storage.memory import CreditRow, Key, Memory, RequestRow
from storage.store import Store

T = TypeVar("T")

_BY_HAND = "settled by hand"
# Of one that is being asked for, nobody can say yet that it was not booked.
_UNCERTAIN = frozenset({CreditState.ACCEPTED, CreditState.UNKNOWN})


class UndecidableError(Exception):
    """This cannot be decided; the message says why."""


@dataclass(frozen=True, slots=True)
class By:
    """Who decides, and why; both stay in the managers' chain."""

    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """Lets people's decisions take effect. Every verb raises UndecidableError."""

    store: Store
    house: House
    poke: Callable[[], None]

    # --- customers

    async def waive(self, customer: str, step: str, by: By) -> None:
        """Count a step that is impossible for this customer as done, without credit."""
        event = StepWaived(at=self.house.clock(), step=step)
        await self._about(customer, event, by, f"waive {step}")

    async def reinstate(self, customer: str, by: By) -> None:
        """Bring a customer back who has dropped out."""
        await self._about(customer, Readmitted(at=self.house.clock()), by, "reinstate")

    async def accessible(self, customer: str, by: By) -> None:
        """Note that a customer declared an accessibility need: no call counts."""
        await self._about(customer, AccessNeeded(at=self.house.clock()), by, "accessible")

    async def _about(self, customer: str, event: Event, by: By, act: str) -> None:
        def decide(memory: Memory) -> Decision[None]:
            turn = self._turn(memory)
            if turn is None:
                raise UndecidableError(f"nobody was invited as customer {customer}")
            # By an alias: what the chain's hashes cover must outlive an erasure.
            about = f"customer {self.house.keys.alias(customer)}"
            before = turn.journey
            turn.take(event, "manager")
            if turn.journey == before:
                raise UndecidableError(f"{act}: this changes nothing for customer {customer}")
            return Decision(None, (*turn.finish(), self._noted(by, act, about)))

        await self._decided(Key(customer=customer), decide)

    # --- the queue

    async def answer(self, request: int, by: By, *, is_accepted: bool) -> RequestRow:
        """Accept or reject something of the queue; who objected is told, once."""
        word = "accept" if is_accepted else "reject"

        def decide(memory: Memory) -> Decision[RequestRow]:
            row = memory.request
            if row is None:
                raise UndecidableError(f"nothing waits under {request}")
            if row.closed_at is not None:
                raise UndecidableError(f"{request} was answered on {row.closed_at:%Y-%m-%d}")
            closed = CloseRequest(request, self.house.clock(), by.actor)
            noted = self._noted(by, f"{word} {row.request.value}", f"request {request}")
            told = self._told(memory, row, is_accepted=is_accepted)
            return Decision(row, (*told, closed, noted))

        return await self._decided(Key(request=request), decide)

    def _told(self, memory: Memory, row: RequestRow, *, is_accepted: bool) -> tuple[Change, ...]:
        turn = self._turn(memory)
        if row.request is not Request.OBJECTION or turn is None:
            return ()
        now = self.house.clock()
        answered = ObjectionAnswered(at=now, is_accepted=is_accepted, call_id=row.about)
        turn.take(answered, "manager")
        return turn.finish()

    # --- credits

    async def settle(
        self, credit: UUID, by: By, *, is_booked: bool, provider_id: str | None = None
    ) -> None:
        """Say of a credit whose booking is uncertain what the operator's books say.

        Booked: it is confirmed, and the customer told. Not booked: it is asked for again.
        """
        to = CreditState.CONFIRMED if is_booked else CreditState.FAILED
        act = "settle booked" if is_booked else "settle not-booked"

        def decide(memory: Memory) -> Decision[None]:
            row = _credit(memory, credit)
            way = _way(row.state, to) if is_booked or row.state in _UNCERTAIN else ()
            if not way:
                raise UndecidableError(f"{act}: the credit is {row.state.value}")
            rows = self._led(row, way, provider_id)
            news = settled(self.house, memory, rows[-1])
            noted = self._noted(by, act, f"credit {credit}")
            return Decision(None, (*map(PutCredit, rows), *news, noted))

        await self._decided(Key(credit=credit), decide)

    def _led(
        self, row: CreditRow, way: tuple[CreditState, ...], provider_id: str | None
    ) -> tuple[CreditRow, ...]:
        """Lead a credit through its states; one that failed is due at once."""
        now = self.house.clock()
        return tuple(
            replace(
                row,
                state=state,
                moved_at=now,
                poll_at=now if state is CreditState.FAILED else None,
                provider_id=provider_id or row.provider_id,
                note=_BY_HAND,
            )
            for state in way
        )

    async def reverse(self, credit: UUID, by: By, *, is_done: bool = False) -> UUID:
        """Take back a confirmed credit by an entry against it; nothing is edited.

        The operator is asked for it like for a credit, and the customer hears of it when it is
        done. `is_done`: the operator has taken it back by hand. Gives the id of the new entry.
        """

        def decide(memory: Memory) -> Decision[UUID]:
            row = _credit(memory, credit)
            back = self._counter_entry(memory, row)
            noted = self._noted(by, "reverse", f"credit {credit}")
            if not is_done:
                return Decision(back.id, (PutCredit(back), noted))
            rows = (back, *self._led(back, _way(back.state, CreditState.CONFIRMED), None))
            news = settled(self.house, memory, rows[-1])
            return Decision(back.id, (*map(PutCredit, rows), *news, noted))

        return await self._decided(Key(credit=credit), decide)

    def _counter_entry(self, memory: Memory, row: CreditRow) -> CreditRow:
        """Earn the reversal of a credit, unless one is under way."""
        if row.takes_back or not may_move(row.state, CreditState.REVERSED):
            state = "itself a reversal" if row.takes_back else row.state.value
            raise UndecidableError(f"the credit is {state}; only a confirmed one can be reversed")
        earlier = [c for c in memory.credits if c.step == row.step and c.takes_back]
        if any(back.state is not CreditState.REJECTED for back in earlier):
            raise UndecidableError(f"it is being taken back already, as {earlier[-1].id}")
        name, cycle = self.house.terms.of(memory.journey).name, -1 - len(earlier)
        now = self.house.clock()
        return CreditRow(
            id=credit_id(name, row.customer, row.step, cycle),
            customer=row.customer,
            step=row.step,
            cycle=cycle,
            megabytes=-row.megabytes,
            state=CreditState.EARNED,
            earned_at=now,
            moved_at=now,
            poll_at=now,
        )

    # --- what all have in common

    def _turn(self, memory: Memory) -> Composition | None:
        if memory.customer is None or memory.journey is None:
            return None
        return Composition(self.house, memory, memory.customer, self.house.clock())

    def _noted(self, by: By, act: str, about: str) -> Audit:
        return Audit(self.house.clock(), by.actor, act, f"{about}: {by.reason}")

    async def _decided(self, key: Key, decide: Callable[[Memory], Decision[T]]) -> T:
        answer = await self.store.turn(key, decide)
        self.poke()
        return answer


def _credit(memory: Memory, credit: UUID) -> CreditRow:
    row = next((row for row in memory.credits if row.id == credit), None)
    if row is None:
        raise UndecidableError(f"there is no credit {credit}")
    return row


def _way(old: CreditState, new: CreditState) -> tuple[CreditState, ...]:
    """Find the states through which a person's finding leads; `requested` may lie between."""
    if may_move(old, new):
        return (new,)
    via = CreditState.REQUESTED
    leads = may_move(old, via) and may_move(via, new) and old is not new
    return (via, new) if leads else ()
