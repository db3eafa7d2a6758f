"""The book of credits: each step of a credit's life is one turn, the customer's news included."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.carrier.book import Move, moved
from bot.carrier.carrier import CreditOrder, Subscriber
from bot.carrier.topup_events import Hint
from bot.turns.composing import Composition
from bot.turns.house import House
from flows.calendar import end_of_next_month
from flows.credit import CreditState, may_move
from flows.customer import Channel, Customer
from flows.effects import Request
from flows.events import CreditMoved, CreditReversed, Event
from storage.changes import Book, Change, Decision, OpenRequest, PutCredit
from storage.memory import CreditRow, Key, Memory
from storage.store import Store

_FOLLOWED = (CreditState.ACCEPTED, CreditState.UNKNOWN)
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
                    subscriber=subscriber(memory.customer),
                    megabytes=abs(credit.megabytes),
                    step=credit.step,
                    campaign=terms.name,
                    valid_until=end_of_next_month(self.house.clock(), terms.zone),
                    takes_back=credit.takes_back,
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

    async def follow_now(self, hint: Hint) -> bool:
        """Make a credit due for following; False if it is none of ours that is open."""
        credit = hint.credit
        if credit is None and hint.provider_id is not None:
            credit = await self.store.followed(hint.provider_id)
        if credit is None:
            return False

        def decide(memory: Memory) -> Decision[bool]:
            now = self.house.clock()
            row = next((c for c in memory.credits if c.id == credit), None)
            if row is None or row.state not in _FOLLOWED:
                return Decision(answer=False)
            is_due = row.poll_at is not None and row.poll_at <= now
            changes = () if is_due else (PutCredit(replace(row, poll_at=now)),)
            return Decision(answer=True, changes=changes)

        is_ours = await self.store.turn(Key(credit=credit), decide)
        self.poke()
        return is_ours

    def _consequences(
        self, memory: Memory, old: CreditRow, new: CreditRow, move: Move
    ) -> tuple[Change, ...]:
        """Book what is delivered, and let the journey know; only a final answer is news."""
        asked: tuple[Change, ...] = ()
        if move.needs_person:
            about = str(new.id)
            asked = (OpenRequest(new.customer, Request.CREDIT, about, self.house.clock()),)
        return asked if new.state is old.state else (*asked, *settled(self.house, memory, new))


def settled(house: House, memory: Memory, credit: CreditRow) -> tuple[Change, ...]:
    """Book what is final and let the journey know of it; nothing else is news."""
    if credit.state not in _FINAL or memory.customer is None:
        return ()
    if credit.takes_back:
        is_back = credit.state is CreditState.CONFIRMED
        return _taken_back(house, memory, credit) if is_back else ()
    is_confirmed = credit.state is CreditState.CONFIRMED
    now = house.clock()
    event = CreditMoved(
        at=now, step=credit.step, is_confirmed=is_confirmed, usable_until=credit.usable_until
    )
    delivered = (_booked("deliver", credit, now),) if is_confirmed else ()
    return (*delivered, *_told(house, memory, event))


def _taken_back(house: House, memory: Memory, back: CreditRow) -> tuple[Change, ...]:
    """Book the delivery backwards; what is then promised to nobody the journey releases."""
    now = house.clock()
    reversed_ = tuple(
        PutCredit(replace(row, state=CreditState.REVERSED, moved_at=now, note=f"by {back.id}"))
        for row in memory.credits
        if row.step == back.step and may_move(row.state, CreditState.REVERSED)
        if not row.takes_back
    )
    event = CreditReversed(at=now, step=back.step)
    return (*reversed_, _booked("reverse", back, now), *_told(house, memory, event))


def _told(house: House, memory: Memory, event: Event) -> tuple[Change, ...]:
    if memory.customer is None:
        return ()
    turn = Composition(house, memory, memory.customer, house.clock())
    turn.take(event, "carrier")
    return turn.finish()


def _booked(what: str, credit: CreditRow, now: datetime) -> Book:
    number, megabytes = credit.customer, credit.megabytes
    entries = ((f"liability:{number}", -megabytes), (f"delivered:{number}", megabytes))
    return Book(now, what, number, entries, credit.id)


def subscriber(customer: Customer) -> Subscriber:
    """Name a customer's line as the operator knows it."""
    phones = (c.address.value for c in customer.contacts if c.address.channel is Channel.SMS)
    return Subscriber(customer.number, next(phones, None), customer.bucket, customer.account)
