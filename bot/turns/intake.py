"""The intake: the one function behind every door by which the operator reports what happened."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.carrier.feed import (
    FeedComplete,
    Happening,
    IncidentClosed,
    IncidentOpened,
    Report,
    Result,
    Taken,
)
from bot.carrier.kept_reports import write
from bot.turns.composing import Composition
from bot.turns.house import House
from flows.customer import Address, Customer
from flows.events import Event, HotlineCalled, IncidentFound
from flows.journey import Journey, Stage
from storage.changes import (
    Audit,
    Change,
    Decision,
    PutIncident,
    Quarantine,
    Remember,
    SetWatermark,
    Unquarantine,
)
from storage.memory import InboxKey, Key, Memory
from storage.store import Store

GRACE = timedelta(hours=24)  # people call before anybody has opened an incident for it
AREA = "area"  # the attribute of a customer that incidents are matched by
_UNKNOWN = Taken(Result.UNKNOWN_CUSTOMER, "nobody by this number was ever invited; nothing is kept")
_REPEAT = Taken(Result.REPEAT, "this report was taken before")
_CONFLICT = Taken(Result.CONFLICT, "another report came under this id before; it stands")
_BEFORE_CONSENT = (Stage.INVITED, Stage.ASKED, Stage.DECLINED, Stage.WAITING)


@dataclass(frozen=True, slots=True)
class TurnedReports:
    """Answers each report in one turn; a repeat has no effect, whichever door it comes by."""

    store: Store
    house: House
    poke: Callable[[], None]

    async def happened(self, report: Report) -> Taken:
        """Take one report in."""
        if report.what is None:
            return Taken(Result.IGNORED, f"{report.type} does not concern the programme")
        if report.is_ahead(self.house.clock()):
            return await self._quarantine(report)
        taken = await self._take(report, report.what)
        self.poke()
        return taken

    async def would_happen(self, report: Report) -> Taken:
        """Tell what would become of a report about a customer, and change nothing."""

        def decide(memory: Memory) -> Decision[Taken]:
            if _is_nobody(memory):
                return Decision(_UNKNOWN)
            if (again := self._again(memory, report)) is not None:
                return Decision(again.answer)
            is_ahead = report.is_ahead(self.house.clock())
            return Decision(Taken(Result.QUARANTINED if is_ahead else Result.APPLIED))

        return await self.store.turn(_key(report), decide)

    async def _take(self, report: Report, what: Happening) -> Taken:
        match what:
            case FeedComplete():
                change = SetWatermark(what.feed, what.until)
                return await self._note(report, change, f"{what.feed} is complete")
            case IncidentOpened():
                opened = PutIncident(what.incident, what.area, what.customers, what.at, None)
                taken = await self._note(report, opened, "calls within it do not count")
                if taken.result is not Result.CONFLICT:
                    await self._exempt(await self._as_known(opened))
                return taken
            case IncidentClosed():
                closed = PutIncident(what.incident, None, (), None, what.at)
                return await self._note(report, closed, "the incident is over")
            case HotlineCalled():
                return await self._take_call(report, what)
            case _:
                return await self._advance(report, what)

    # --- what concerns one customer

    async def _take_call(self, report: Report, call: HotlineCalled) -> Taken:
        """Take a call; an incident that is known already excuses it from the start."""
        incidents = await self.store.incidents_between(call.at, call.at + GRACE)
        taken = await self._advance(report, call, incidents)
        # One may have been opened in between; what it finds is said like a late discovery.
        for incident in await self.store.incidents_between(call.at, call.at + GRACE):
            if incident not in incidents:
                await self._exempt(incident)
        return taken

    async def _advance(
        self, report: Report, event: Event, incidents: tuple[PutIncident, ...] = ()
    ) -> Taken:
        def decide(memory: Memory) -> Decision[Taken]:
            customer, journey = memory.customer, memory.journey
            if customer is None or journey is None or _is_nobody(memory):
                return Decision(_UNKNOWN, _forgotten(memory, report))
            if (again := self._again(memory, report)) is not None:
                return again
            now = self.house.clock()
            happened = replace(_excused(event, customer, incidents), known_at=now)
            turn = Composition(self.house, memory, customer, now)
            turn.take(happened, report.source)
            taken = _told(journey, turn.journey, event)
            return Decision(taken, (self._remember(memory, report, taken, now), *turn.finish()))

        return await self.store.turn(_key(report), decide)

    async def _as_known(self, opened: PutIncident) -> PutIncident:
        """Give an incident as it is kept: its end may have been reported before its beginning."""
        now = self.house.clock()
        found = await self.store.incidents_between(opened.opened_at or now, now)
        return next((i for i in found if i.incident == opened.incident), opened)

    async def _exempt(self, incident: PutIncident) -> None:
        """Tell everybody whose call lies within an incident, unasked, that it does not count."""
        now = self.house.clock()
        calls = await self.store.calls_within(
            incident.area,
            incident.customers,
            (incident.opened_at or now) - GRACE,
            incident.closed_at or now,
        )
        for customer, call_id in calls:
            found = IncidentFound(at=self.house.clock(), call_id=call_id)

            def decide(memory: Memory, found: IncidentFound = found) -> Decision[None]:
                if memory.customer is None or _is_exempt(memory, found):
                    return Decision(None)
                turn = Composition(self.house, memory, memory.customer, self.house.clock())
                turn.take(found, "incident")
                return Decision(None, turn.finish())

            await self.store.turn(Key(customer=customer), decide)

    # --- what concerns nobody in particular

    async def _note(self, report: Report, change: Change, why: str) -> Taken:
        def decide(memory: Memory) -> Decision[Taken]:
            if (again := self._again(memory, report)) is not None:
                return again
            taken = Taken(Result.APPLIED, why)
            remember = self._remember(memory, report, taken, self.house.clock())
            return Decision(taken, (remember, change))

        return await self.store.turn(Key(inbox=_inbox(report)), decide)

    async def _quarantine(self, report: Report) -> Taken:
        """Keep what claims to come from the future until its moment has come."""

        def decide(memory: Memory) -> Decision[Taken]:
            is_about_somebody = report.customer is not None or report.phone is not None
            if is_about_somebody and _is_nobody(memory):
                return Decision(_UNKNOWN)
            if (again := self._again(memory, report)) is not None:
                return again
            now = self.house.clock()
            taken = Taken(Result.QUARANTINED, f"its time {report.due_at.isoformat()} lies ahead")
            kept = Quarantine(_inbox(report), write(report), taken.why, now, report.due_at)
            return Decision(taken, (self._remember(memory, report, taken, now), kept))

        return await self.store.turn(_key(report), decide)

    def _again(self, memory: Memory, report: Report) -> Decision[Taken] | None:
        """Answer an id that we know: a repeat of the same report, or another one under it.

        None if it is new, or was kept until its time, which has come.
        """
        seen = memory.seen
        if seen is None:
            return None
        now = self.house.clock()
        if seen.digest != report.digest:
            return Decision(_CONFLICT, (Audit(now, report.source, "conflict", report.id),))
        was_kept = seen.answer == Result.QUARANTINED.value
        return None if was_kept and not report.is_ahead(now) else Decision(_REPEAT)

    def _remember(self, memory: Memory, report: Report, taken: Taken, now: datetime) -> Change:
        answer = taken.result.value
        if memory.seen is not None:
            return Unquarantine(_inbox(report), answer)
        return Remember(_inbox(report), report.digest, answer, now)


def _key(report: Report) -> Key:
    """Name whom a report concerns; the number wins over the phone."""
    address = Address(f"tel:{report.phone}") if report.phone else None
    return Key(customer=report.customer, address=address, inbox=_inbox(report))


def _forgotten(memory: Memory, report: Report) -> tuple[Change, ...]:
    """Let go what was kept for somebody who is gone."""
    was_kept = memory.seen is not None and memory.seen.answer == Result.QUARANTINED.value
    return (Unquarantine(_inbox(report), Result.UNKNOWN_CUSTOMER.value),) if was_kept else ()


def _is_nobody(memory: Memory) -> bool:
    """Tell whether we may not even keep that there was a report."""
    journey = memory.journey
    return memory.customer is None or journey is None or journey.stage is Stage.NEW


def _is_exempt(memory: Memory, found: IncidentFound) -> bool:
    """Tell whether the call is known to lie within an incident."""
    calls = memory.journey.calls if memory.journey else ()
    return any(call.id == found.call_id and call.has_incident for call in calls)


def _inbox(report: Report) -> InboxKey:
    return InboxKey(report.source, report.id)


def _excused(event: Event, customer: Customer, incidents: tuple[PutIncident, ...]) -> Event:
    area = dict(customer.attributes).get(AREA)
    hits = any((i.area == area and area) or customer.number in i.customers for i in incidents)
    return replace(event, has_incident=True) if isinstance(event, HotlineCalled) and hits else event


def _told(before: Journey, after: Journey, event: Event) -> Taken:
    """Say what became of a report, in one sentence."""
    name = type(event).__name__
    if before.stage is Stage.HELD_OUT:
        return Taken(Result.IGNORED, "the customer is held out of the programme")
    if before == after:
        return Taken(Result.IGNORED, f"{name} changes nothing here: {before.stage.value}")
    if before.stage in _BEFORE_CONSENT:
        return Taken(Result.HELD, "kept until the consent, at most 30 days")
    return Taken(Result.APPLIED, f"{name} taken")
