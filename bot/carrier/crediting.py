"""Crediting carries earned credits to the operator and follows each until its booking is certain.

`requested` is committed before the operator is called. What may have been booked is looked up and
never blindly asked for again; a customer is told of a credit by the turn that writes `confirmed`.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from bot.carrier.book import CreditBook, Move, OpenCredits, moved
from bot.carrier.breaker import Breaker
from bot.carrier.carrier import Carrier, CarrierAnswer, Orders
from bot.carrier.patience import Patience
from bot.carrier.verdict import after_look_up, after_poll, after_request, after_silence, waiting
from flows.credit import CreditState
from storage.memory import CreditRow

_BATCHES = 6  # taken from the list at a time, of as many as are under way at once
_CAREFULLY = 8  # as long as the last answer was not a plain one
_BREATH = timedelta(seconds=1)
_A_DAY = timedelta(days=1)
# The operator's clock may be behind ours, and its list is asked from a moment of ours.
_SKEW = timedelta(hours=1)


class Crediting:
    """The worker between ledger and operator; every `tick` does what is due."""

    def __init__(
        self,
        store: OpenCredits,
        book: CreditBook,
        carrier: Carrier,
        clock: Callable[[], datetime],
        *,
        alarm: Callable[[str], None],
        patience: Patience | None = None,
    ) -> None:
        """Take the list of work, the keeper of credits, the operator, the clock and the alarm."""
        self._store = store
        self._book = book
        self._carrier = carrier
        self._clock = clock
        self._patience = patience or Patience()
        self._breaker = Breaker(alarm)
        self._batch = _BATCHES * self._patience.at_once

    async def tick(self) -> datetime | None:
        """Do what is due now; tell when the next thing is due, None if nothing waits."""
        now = self._clock()
        has_moved = True
        if self._breaker.pauses_until(now) is None:
            due = [c for c in await self._store.open_credits(self._batch) if _due_at(c) <= now]
            has_moved = not due or await self._take_all(due)
        return await self._next(has_moved=has_moved)

    async def _take_all(self, due: Sequence[CreditRow]) -> bool:
        """Advance many credits, a few at a time; tell whether any of them moved."""
        places = asyncio.Semaphore(self._patience.at_once if self._breaker.is_well else _CAREFULLY)
        found = await self._look_up([c for c in due if _is_lost(c)])

        async def take(credit: CreditRow) -> bool:
            async with places:
                if _is_lost(credit):
                    return await self._resolve(credit, found[credit.id])
                return await self._take(credit)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(take(credit)) for credit in due]
        return any(task.result() for task in tasks)

    async def _next(self, *, has_moved: bool) -> datetime | None:
        rows = await self._store.open_credits(1)
        if not rows:
            return None
        now, at = self._clock(), _due_at(rows[0])
        if (until := self._breaker.pauses_until(now)) is not None:
            return max(at, until)
        # What another worker holds must not make this one spin.
        return at if has_moved else max(at, now + _BREATH)

    async def _take(self, credit: CreditRow) -> bool:
        if self._breaker.pauses_until(self._clock()) is not None:
            return False
        match credit.state:
            case CreditState.EARNED | CreditState.FAILED:
                return await self._request(credit)
            case CreditState.REQUESTED:
                return await self._write(after_silence(credit, self._clock(), self._patience))
            case CreditState.ACCEPTED:
                answer = await self._ask_about(credit)
                return await self._write(after_poll(credit, answer, self._clock(), self._patience))
            case CreditState.UNKNOWN:
                return await self._resolve(credit, await self._ask_about(credit))
            case _:
                return False

    async def _look_up(self, lost: Sequence[CreditRow]) -> Mapping[UUID, CarrierAnswer | None]:
        """Search for all that are lost at once: one list may be long, and is read once."""
        found: dict[UUID, CarrierAnswer | None] = {}
        for orders, takes_back in ((self._carrier, False), (self._carrier.corrections, True)):
            theirs = [credit for credit in lost if credit.takes_back is takes_back]
            if theirs:
                since = min(credit.earned_at for credit in theirs) - _SKEW
                found |= await orders.look_up_all([credit.id for credit in theirs], since)
        for answer in found.values():
            self._breaker.note(answer, self._clock())
        return found

    def _orders(self, credit: CreditRow) -> Orders:
        return self._carrier.corrections if credit.takes_back else self._carrier

    async def _resolve(self, credit: CreditRow, answer: CarrierAnswer | None) -> bool:
        """Follow what was found; ask again only where that cannot book it twice."""
        move = after_look_up(credit, answer, self._clock(), self._patience)
        return await (self._request(credit) if move is None else self._write(move))

    async def _ask_about(self, credit: CreditRow) -> CarrierAnswer | None:
        if credit.provider_id is not None:
            answer = await self._orders(credit).follow(credit.provider_id)
        else:
            answer = (await self._look_up([credit]))[credit.id]
        self._breaker.note(answer, self._clock())
        return answer

    async def _request(self, credit: CreditRow) -> bool:
        """Commit that we ask, ask, and write what it came to."""
        order, orders = await self._book.order(credit), self._orders(credit)
        now = self._clock()
        if order is None:
            return await self._write(waiting(credit, now, _A_DAY, "there is nobody to credit"))
        ask = Move(
            seen=credit,
            to=CreditState.REQUESTED,
            at=now,
            poll_at=now + self._patience.in_flight,
            usable_until=order.valid_until if orders.sends_validity else None,
        )
        asked = moved(credit, ask)
        if asked is None or not await self._book.move(ask):
            return False
        answer = await orders.request(order)
        self._breaker.note(answer, self._clock())
        await self._write(after_request(asked, answer, self._clock(), self._patience))
        return True

    async def _write(self, move: Move) -> bool:
        return await self._book.move(move)


def _is_lost(credit: CreditRow) -> bool:
    """Tell whether only the operator's list can say what became of a credit."""
    return credit.state is CreditState.UNKNOWN and credit.provider_id is None


def _due_at(credit: CreditRow) -> datetime:
    return credit.poll_at or credit.earned_at
