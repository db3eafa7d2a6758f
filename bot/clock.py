"""The virtual clock runs at real speed and can be moved ahead; its mover does what becomes due.

The offset between real and virtual time is kept, so that other processes and the next start see the
same time. Virtual time never goes back.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from bot.spans import ClockError, read_span
from flows.calendar import DAY

Clock = Callable[[], datetime]

NEXT = "next"
BERLIN = ZoneInfo("Europe/Berlin")
REPORT_EVERY = timedelta(hours=1)  # of virtual time, while the clock moves
KEPT_AHEAD = timedelta(days=7)  # a crash must not turn time back
SETTLE_WITHIN = timedelta(seconds=1.5)  # an answer that waits for its lane is worth waiting for
LONGEST_NAP_S = 1.0  # other processes poke nobody
ENOUGH_ROUNDS = 20  # the same things stay due: they wait for something that we do not bring
TOO_MANY_ROUNDS = 10_000

_log = structlog.stdlib.get_logger("statthotline.clock")


class StandstillError(ClockError):
    """However often the workers run, there is always more to do at the same moment."""


# --- The clock ----------------------------------------------------------------------------------


class VirtualClock:
    """Real time and an offset; called, it gives the moment. It can be held while it is moved."""

    def __init__(self, real: Clock, offset: timedelta = timedelta()) -> None:
        self._real = real
        self._offset = offset
        self._latest = real() + offset
        self._pinned: datetime | None = None

    def __call__(self) -> datetime:
        """Give the virtual moment, aware, in UTC."""
        # The machine's clock may be set back; what we have told stays true.
        self._latest = max(self._latest, self._pinned or self._real() + self._offset)
        return self._latest

    def offset_at(self, moment: datetime) -> timedelta:
        """Tell by how much real time must be moved to give this moment now."""
        return moment - self._real()

    @property
    def is_pinned(self) -> bool:
        """Tell whether the clock stands still, because it is being moved."""
        return self._pinned is not None

    def pin(self, moment: datetime) -> None:
        """Stand still at a moment; an earlier one than now counts as now."""
        self._pinned = max(self(), moment)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Stand still for a while, and go on from wherever the clock was moved to."""
        self.pin(self())
        try:
            yield
        finally:
            self._offset = self.offset_at(self())
            self._pinned = None


# --- Its mover ----------------------------------------------------------------------------------


class Ticker(Protocol):
    """A worker that does what is due."""

    async def tick(self) -> datetime | None:
        """Do everything that is due now; tell when the next thing is due, None if nothing waits."""


class Mover:
    """Runs the workers: at real speed by `run`, and through virtual time by `advance`."""

    def __init__(
        self,
        clock: VirtualClock,
        tickers: Sequence[Ticker],
        *,
        keep_offset: Callable[[timedelta], Awaitable[None]],
        report_feeds: Callable[[datetime], Awaitable[None]],
        zone: ZoneInfo = BERLIN,
    ) -> None:
        """Take the clock, the workers, the keeper of the offset, and the pretend operator.

        `report_feeds` says that both feeds are complete up to the moment given.
        """
        self.clock = clock
        self._tickers = tuple(tickers)
        self._keep_offset = keep_offset
        self._report_feeds = report_feeds
        self._zone = zone
        self._still = asyncio.Lock()
        self._poked = asyncio.Event()
        self._pokes = 0
        self._pokes_seen = 0
        self._dues: tuple[datetime | None, ...] = ()
        self._stuck: frozenset[tuple[int, datetime]] = frozenset()
        self._kept_until: datetime | None = None
        self._reported_at: datetime | None = None

    def poke(self) -> None:
        """Say that there may be something to do."""
        self._pokes += 1
        self._poked.set()

    @property
    def next_due(self) -> datetime | None:
        """Tell when the next thing is due, as far as was known after the last run."""
        now = self.clock()
        return min((due for due in self._dues if due is not None and due > now), default=None)

    async def advance(self, length: str, *, feeds: bool = True) -> datetime:
        """Move the clock by an ISO 8601 length, or to the `next` due thing; answer what is due.

        Returns the moment that was reached, after everything due until then has been handled in
        order. Raises UnreadableSpanError, TooFarError or StandstillError.
        """
        span = None if length == NEXT else read_span(length)
        async with self._still:
            start = self.clock()
            target = None if span is None else span.after(start, self._zone)
            try:
                with self.clock.held():
                    return await self._travel(target, feeds=feeds)
            finally:
                self._kept_until = None
                await self._keep_offset(self.clock.offset_at(self.clock()))

    async def settle(self) -> None:
        """Do what is due now, and what comes due within a moment: a lane has its pace."""
        patience, ends = SETTLE_WITHIN, self.clock() + SETTLE_WITHIN
        while True:
            async with self._still:
                await self._run_due(ends)
            due = self.next_due
            if due is None or (wait := due - self.clock()) > patience:
                return
            patience -= wait
            await asyncio.sleep(max(wait.total_seconds(), 0))

    async def run(self, stop: asyncio.Event) -> None:
        """Work at real speed until `stop` is set, woken by `poke`; no error ends it."""
        while not stop.is_set():
            self._poked.clear()
            try:
                async with self._still:
                    await self._run_due(self.clock() + SETTLE_WITHIN)
                nap_s = self._nap_s()
            except Exception:  # noqa: BLE001 (whatever it is, the next thing may still be done)
                _log.exception("workers_failed")
                nap_s = LONGEST_NAP_S
            await _first_of((stop.wait(), self._poked.wait()), nap_s)

    def _nap_s(self) -> float:
        due = self.next_due
        ahead_s = (due - self.clock()).total_seconds() if due else LONGEST_NAP_S
        return min(max(ahead_s, 0.0), LONGEST_NAP_S)

    # --- through virtual time

    async def _travel(self, target: datetime | None, *, feeds: bool) -> datetime:
        """Stop wherever something is due, until the target; without one, at the first stop."""
        await self._run_due()
        if target is None:
            target = self.next_due or self.clock()
        while self.clock() < target:
            stops = [target, self.next_due]
            if feeds:
                stops.append(self.clock() + DAY)
            await self._jump(min(at for at in stops if at is not None), target)
            if feeds and self._owes_report(target):
                await self._report()
            await self._run_due()
        return self.clock()

    async def _jump(self, moment: datetime, target: datetime) -> None:
        """Go to a moment; the offset that is kept runs ahead of it, never beyond the target."""
        if self._kept_until is None or moment > self._kept_until:
            self._kept_until = min(target, moment + KEPT_AHEAD)
            await self._keep_offset(self.clock.offset_at(self._kept_until))
        self.clock.pin(moment)

    def _owes_report(self, target: datetime) -> bool:
        """Tell whether the pretend operator reports here: hourly, at the end, where work waits."""
        now, last = self.clock(), self._reported_at
        waits = any(due is not None and due <= now for due in self._dues)
        return last is None or waits or now >= min(last + REPORT_EVERY, target)

    async def _report(self) -> None:
        self._reported_at = self.clock()
        await self._report_feeds(self._reported_at)

    # --- the workers

    async def _run_due(self, ends: datetime | None = None) -> None:
        """Let the workers run in turn until nobody has anything to do at this moment.

        What one does may be work for another, so a round without work ends it. What stays due for
        many rounds waits for the outside, such as a feed, and is left alone from then on. While
        somebody imports a long file there is always work; then `ends` lets others have a turn.
        """
        before, same = (self._ready(), self._pokes_seen), 0
        has_come = bool(before[0] - self._stuck)  # whoever was waited for works in the first round
        for _ in range(TOO_MANY_ROUNDS):
            self._pokes_seen = self._pokes
            self._dues = tuple([await ticker.tick() for ticker in self._tickers])
            ready = self._ready()
            after = (ready, self._pokes)
            has_worked = after != before or has_come
            if ends is not None and self.clock() >= ends:
                self._poked.set()
                return
            before, same, has_come = after, 0 if has_worked else same + 1, False
            if same >= (1 if ready <= self._stuck else ENOUGH_ROUNDS):
                self._stuck = ready
                return
        raise StandstillError(StandstillError.__doc__)

    def _ready(self) -> frozenset[tuple[int, datetime]]:
        now = self.clock()
        return frozenset((n, at) for n, at in enumerate(self._dues) if at is not None and at <= now)


async def _first_of(waits: Sequence[Awaitable[object]], seconds: float) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
