"""Retention: what nobody needs any more goes, a little at a time, as the campaign file says.

Each rule looks only at what is due (an index finds it), and takes a few customers in a turn each;
so ten million who are not due cost nothing. The facts stand in programme.md, section 8.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from dateutil.relativedelta import relativedelta

from bot.rights.scrubber import REWRITE
from bot.turns.erasing import forgotten
from bot.turns.house import House
from bot.turns.journal import seal
from flows.calendar import add_months
from flows.campaign import Retention as Terms
from flows.credit import CreditState
from flows.journey import Journey, Stage, State
from flows.standing import state_of, step_of
from storage.changes import Change, CloseBooks, Decision, DropHistory, PutJourney
from storage.memory import Key, Memory
from storage.rights import ERASED
from storage.store import Store

CHUNK = 50  # customers of one rule before the others have their turn
MOST_ROWS = 500  # of links and reports, which are deleted by the row
NAP = timedelta(hours=1)
PASS = timedelta(days=30)  # how often those who were still on their way are looked at again
AT_NIGHT = 3  # o'clock
SOURCE = "retention"
LONG_AGO = "2000-01-01T00:00:00+00:00"
_EARLY, _HISTORY, _BOOKS = "retention.early", "retention.history", "retention.books"
_CAME_TO_NOTHING = (Stage.EXPIRED, Stage.DECLINED)
_OVER = (Stage.LEFT, Stage.DROPPED, Stage.ENDED, *_CAME_TO_NOTHING)
_OVER_STATES = (State.DONE, State.UNREACHABLE, *(State(stage.value) for stage in _OVER))
_SETTLED = (CreditState.CONFIRMED, CreditState.REJECTED, CreditState.VOIDED, CreditState.REVERSED)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Retention:
    """Deletes what is due; a worker like any other."""

    store: Store
    house: House
    clock: Callable[[], datetime]
    _not_before: datetime | None = None

    async def tick(self) -> datetime | None:
        """Let every rule take a little; tell when to come back."""
        now = self.clock()
        if self._not_before is not None and now < self._not_before:
            return self._not_before
        rules: tuple[Callable[[datetime], Awaitable[int]], ...] = (
            self.forget_unanswered,
            self.forget_uninvited,
            self.drop_held_early,
            self.drop_histories,
            self.close_books,
            self.drop_expired,
        )
        went = {rule.__name__: await rule(now) for rule in rules}
        await self._sweep(now)
        if not any(went.values()):
            self._not_before = now + NAP
            return self._not_before
        log.info("retention", **went)
        return now

    async def _sweep(self, now: datetime) -> None:
        """Sweep; a large database is written anew at night, if somebody was erased since."""
        await self.store.rights.flush()  # strangers' rows go by themselves, their bytes do not
        hour = now.astimezone(self.house.terms.current.zone).hour
        is_due = hour == AT_NIGHT and await self.store.get(REWRITE)
        if is_due and await self.store.rights.rewrite():
            await self.store.put(REWRITE, "")

    @property
    def _terms(self) -> Terms:
        return self.house.terms.current.retention

    # --- whose invitation came to nothing

    async def forget_unanswered(self, now: datetime) -> int:
        """Forget who never joined; how many there were stays."""
        open_days = self.house.terms.current.invitations.expires_after_days
        since_then = timedelta(days=max(0, self._terms.unanswered_days - open_days))
        due = await self.store.rights.lapsed(now - since_then, CHUNK)
        for customer, _ in due:
            await self._change(customer, lambda memory: self._forget(memory, _CAME_TO_NOTHING))
            self.house.forgotten(customer)
        return len(due)

    async def forget_uninvited(self, now: datetime) -> int:
        """Forget who was imported and could not be invited, as soon as who never answered."""
        until = now - timedelta(days=self._terms.unanswered_days)
        due = await self.store.rights.uninvited(until, CHUNK)
        for customer in due:
            await self._change(customer, self._forget_stranger)
            self.house.forgotten(customer)
        return len(due)

    async def drop_held_early(self, now: datetime) -> int:
        """Drop what was reported before a consent that cannot come any more, or did not in time."""
        hold = timedelta(days=self.house.terms.current.steps.hold_days)
        seen = datetime.fromisoformat(await self.store.get(_EARLY) or LONG_AGO)
        spans = (seen, now), (seen - hold, now - hold)
        due = await self.store.rights.held_early(*spans, CHUNK)
        for customer, _ in due:
            await self._change(customer, lambda memory: self._sealed(memory, _CAME_TO_NOTHING))
        if len(due) < CHUNK:
            await self.store.put(_EARLY, now.isoformat())
        return len(due)

    # --- after the campaign

    async def drop_histories(self, now: datetime) -> int:
        """Drop what happened to those who are through, some time after the end of the campaign."""
        terms = self.house.terms.current
        if terms.ends_at is None:
            return 0
        if now < add_months(terms.ends_at, terms.retention.events_months, terms.zone):
            return 0
        after = await self.store.get(_HISTORY) or ""
        if after.startswith("from ") and now < datetime.fromisoformat(after[5:]):
            return 0
        page = await self.store.customers("" if after.startswith("from ") else after, CHUNK)
        for row in page:
            if row.state in _OVER_STATES:
                await self._change(row.number, lambda memory: self._sealed(memory, tuple(Stage)))
        rest = page[-1].number if page else f"from {(now + PASS).isoformat()}"
        await self.store.put(_HISTORY, rest)
        return len(page)

    # --- years later

    async def close_books(self, now: datetime) -> int:
        """Carry over the bookings of those who are through, years after the last of them."""
        until = first_of_year(now, self.house) - relativedelta(years=self._terms.ledger_years)
        year, _, after = (await self.store.get(_BOOKS) or "").partition(":")
        last = int(after) if year == str(until.year) else 0
        page = await self.store.rights.old_books(last, until, CHUNK)
        for customer in dict.fromkeys(customer for _, customer in page):
            await self._close(customer, until)
        if page:
            await self.store.put(_BOOKS, f"{until.year}:{page[-1][0]}")
        return len(page)

    async def _close(self, customer: str, until: datetime) -> None:
        dossier = await self.store.dossier(customer)
        if dossier is None or any(book.at >= until for book in dossier.ledger):
            return
        journey = dossier.memory.journey
        if journey is None or (journey.out_at or until) > until:
            return
        if not customer.startswith(ERASED):
            await self._change(customer, lambda memory: self._forget(memory, tuple(Stage)))
            self.house.forgotten(customer)
            customer = self.house.keys.pseudonym(customer)
        await self._change(customer, self._closed)

    def _closed(self, memory: Memory) -> tuple[Change, ...]:
        if memory.customer is None or not _is_settled(memory):
            return ()
        return (CloseBooks(memory.customer.number, self.clock()),)

    async def drop_expired(self, now: datetime) -> int:
        """Drop links and codes that ended, and words that were kept long enough."""
        texts = now - timedelta(days=self._terms.free_text_days)
        rows = await self.store.rights.drop_expired(now, texts, MOST_ROWS)
        return rows + await self.store.questions.forget_words(texts, MOST_ROWS)

    # --- one customer

    async def _change(self, customer: str, change: Callable[[Memory], tuple[Change, ...]]) -> None:
        await self.store.turn(Key(customer=customer), lambda memory: Decision(None, change(memory)))

    def _forget(self, memory: Memory, stages: tuple[Stage, ...]) -> tuple[Change, ...]:
        who, journey, now = memory.customer, memory.journey, self.clock()
        if who is None or journey is None or not self._is_over(journey, stages):
            return ()
        if not _is_settled(memory):
            return ()
        return tuple(forgotten(self.house, who, journey, memory.tail, now, SOURCE))

    def _forget_stranger(self, memory: Memory) -> tuple[Change, ...]:
        who, now = memory.customer, self.clock()
        if who is None or memory.journey is not None:
            return ()
        return tuple(forgotten(self.house, who, None, memory.tail, now, SOURCE))

    def _sealed(self, memory: Memory, stages: tuple[Stage, ...]) -> tuple[Change, ...]:
        """Let one row stand for everything that happened."""
        journey, now = memory.journey, self.clock()
        if journey is None or memory.entries <= 1 or not self._is_over(journey, stages):
            return ()
        if not _is_settled(memory):
            return ()
        left, terms = journey.record, self.house.terms.of(journey)
        state, step = state_of(left, terms).value, step_of(left, terms)
        return (
            DropHistory(left.customer),
            seal(left, before=memory.tail, at=now, source=SOURCE),
            PutJourney(left, state, step, left.months_told, now),
        )

    def _is_over(self, journey: Journey, stages: tuple[Stage, ...]) -> bool:
        state = state_of(journey, self.house.terms.of(journey))
        return journey.stage in stages and state in _OVER_STATES


def _is_settled(memory: Memory) -> bool:
    """Tell whether no credit is on its way any more."""
    return all(credit.state in _SETTLED for credit in memory.credits)


def first_of_year(now: datetime, house: House) -> datetime:
    """Give the first moment of this year where the campaign runs."""
    there = now.astimezone(house.terms.current.zone)
    return there.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
