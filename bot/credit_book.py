"""The book of credits: each step of a credit's life is one turn, the customer's news included."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.carrier.book import Move, moved
from bot.carrier.carrier import CreditOrder, Subscriber
from bot.composing import Composition, House
from flows.calendar import end_of_next_month
from flows.credit import CreditState
from flows.customer import Channel, Customer
from flows.effects import Request
from flows.events import CreditMoved
from storage.store import (
    Book,
    Change,
    CreditRow,
    Decision,
    Key,
    Memory,
    OpenRequest,
    PutCredit,
    Store,
)

_FINAL = (CreditState.CONFIRMED, CreditState.REJECTED)


@dataclass(frozen=True, slots=True)
class TurnedCredits:
    """Keeps the credits, and tells the journey when one is booked or refused for good."""

    store: Store
    house: House
    poke: Callable[[], None]

    async def order(self, credit: CreditRow) -> CreditOrder | None:
        """Say what the operator is to be asked for; None if there is nobody to credit."""

        def decide(memory: Memory) -> Decision[CreditOrder | None]:
            if memory.customer is None:
                return Decision(None)
            terms = self.house.terms.of(memory.journey)
            return Decision(
                CreditOrder(
                    credit_id=credit.id,
                    subscriber=_subscriber(memory.customer),
                    megabytes=credit.megabytes,
                    step=credit.step,
                    campaign=terms.name,
                    valid_until=end_of_next_month(self.house.clock(), terms.zone),
                )
            )

        return await self.store.turn(Key(credit=credit.id), decide)

    async def move(self, move: Move) -> bool:
        """Write a move; False if the credit has gone on meanwhile."""

        def decide(memory: Memory) -> Decision[bool]:
            row = next((c for c in memory.credits if c.id == move.credit_id), None)
            new = moved(row, move) if row is not None else None
            if row is None or new is None:
                return Decision(answer=False)
            changes = self._consequences(memory, row, new, move)
            return Decision(answer=True, changes=(PutCredit(new), *changes))

        has_moved = await self.store.turn(Key(credit=move.credit_id), decide)
        self.poke()
        return has_moved

    def _consequences(
        self, memory: Memory, old: CreditRow, new: CreditRow, move: Move
    ) -> tuple[Change, ...]:
        """Book what is delivered, and let the journey know; only a final answer is news."""
        now = self.house.clock()
        asked: tuple[Change, ...] = ()
        if move.needs_person:
            asked = (OpenRequest(new.customer, Request.CREDIT, str(new.id), now),)
        if new.state not in _FINAL or new.state is old.state or memory.customer is None:
            return asked
        is_confirmed = new.state is CreditState.CONFIRMED
        turn = Composition(self.house, memory, memory.customer, now)
        event = CreditMoved(
            at=now, step=new.step, is_confirmed=is_confirmed, usable_until=new.usable_until
        )
        turn.take(event, "carrier")
        delivered = (self._delivered(new),) if is_confirmed else ()
        return (*asked, *delivered, *turn.finish())

    def _delivered(self, credit: CreditRow) -> Book:
        number, megabytes = credit.customer, credit.megabytes
        entries = ((f"liability:{number}", -megabytes), (f"delivered:{number}", megabytes))
        return Book(self.house.clock(), "deliver", number, entries, credit.id)


def _subscriber(customer: Customer) -> Subscriber:
    phones = (c.address.value for c in customer.contacts if c.address.channel is Channel.SMS)
    return Subscriber(customer.number, next(phones, None), customer.bucket, customer.account)
