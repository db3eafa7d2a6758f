"""Broadcasts as managers command them, in the chat and by the command line alike.

Every command asks for authority first, whatever a menu has shown, and leaves a row in the managers'
chain, refused or not.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from bot.broadcasting.authority import Actor, Authority
from bot.broadcasting.previewing import Preview, Previews
from bot.broadcasting.pricing import check_price
from bot.broadcasting.progress import Progress
from bot.broadcasting.trial import trial, usable
from bot.setting_values import Role
from bot.turns.house import House
from flows.broadcast import (
    Act,
    BroadcastError,
    BroadcastState,
    Draft,
    after,
    check_approval,
    fingerprint,
)
from flows.calendar import at_wall
from flows.customer import Channel
from flows.life import closed
from storage.broadcasts import Broadcasting, BroadcastRow, ReportRow
from storage.changes import Audit, Decision
from storage.memory import Key
from storage.store import Store

T = TypeVar("T")

_MOST_DIGITS = 15
_SOON = timedelta(minutes=1)  # until then nobody would call it waiting


class NoSuchBroadcastError(BroadcastError):
    """There is no broadcast of this id."""


@dataclass(frozen=True, slots=True)
class Broadcasts:
    """The commands. Each raises BroadcastError with what to do instead."""

    keeper: Broadcasting
    store: Store
    house: House
    rates: Mapping[Channel, float]
    poke: Callable[[], None]

    @property
    def authority(self) -> Authority:
        """Who may do what."""
        return Authority(self.keeper, self.house.clock)

    @property
    def previews(self) -> Previews:
        """What broadcasts would do."""
        return Previews(self.keeper, self.house, self.rates)

    # --- drafting and looking

    async def draft(
        self,
        actor: Actor,
        audience: str,
        texts: Mapping[str, str],
        *,
        at: str | None = None,
        limit: int | None = None,
    ) -> str:
        """Keep a draft; its id comes back."""
        # Nothing of the audience: it may name customers, and the chain cannot be erased.
        await self.authority.allow(actor, Role.MANAGER, "broadcast draft", "")
        draft = Draft(dict(texts), audience, actor.id, limit, at)
        row = BroadcastRow(
            id=0,
            draft=draft,
            hash=fingerprint(draft),
            state=BroadcastState.DRAFT,
            drafted_at=self.house.clock(),
            starts_at=self.moment(at),
        )
        preview = await self.previews.of(row)
        preview.reach.check(audience)
        check_price(preview)
        number = await self.keeper.draft(row, self.authority.audit(actor, "broadcast draft", ""))
        return f"B{number}"

    def moment(self, at: str | None) -> datetime | None:
        """Read when it shall begin, in the customers' wall time unless it names a zone.

        Raises BroadcastError for what is no moment, or a past one.
        """
        if at is None:
            return None
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            raise BroadcastError(f"{at}: must read like 2026-12-01T10:00") from None
        found = moment if moment.tzinfo else at_wall(moment, self.house.terms.current.zone)
        if found <= self.house.clock():
            raise BroadcastError(f"{at}: this moment has passed")
        return found

    async def preview(self, actor: Actor, name: str) -> Preview:
        """Show what a broadcast would do, and what it costs."""
        await self.authority.look(actor, Role.VIEWER, "broadcast preview", name)
        return await self.previews.of(await self._find(name))

    async def show(self, actor: Actor, name: str) -> Progress:
        """Tell how far a broadcast is."""
        await self.authority.look(actor, Role.VIEWER, "broadcast show", name)
        return await self.progress(await self._find(name))

    async def list(self, actor: Actor) -> tuple[Progress, ...]:
        """List all broadcasts, the newest first."""
        await self.authority.look(actor, Role.VIEWER, "broadcast list", "")
        return tuple([await self.progress(row) for row in await self.keeper.all()])

    async def progress(self, row: BroadcastRow) -> Progress:
        """Read the counters of a broadcast, and how fast it is."""
        counts, pace = await self.keeper.counts(row.id), await self.keeper.pace(row.id)
        progress = Progress(row, counts, pace, row.ended_at)
        return await self._going_on(progress) if row.state is BroadcastState.RUNNING else progress

    async def _going_on(self, progress: Progress) -> Progress:
        """Say when the next message leaves, if it waits, and when the last one will."""
        now, due = self.house.clock(), await self.keeper.next_unsent(progress.row.id)
        waits = due if due is not None and due - now > _SOON else None
        progress = replace(progress, next_at=waits)
        if progress.waits_for_the_campaign or not (progress.rate_per_s or waits):
            return progress
        left_s = progress.left / progress.rate_per_s if progress.rate_per_s else 0
        return replace(progress, done_at=(waits or now) + timedelta(seconds=left_s))

    async def report(
        self, actor: Actor, name: str, after_: str, most: int
    ) -> tuple[ReportRow, ...]:
        """List what became of everybody, a page at a time; it names customers."""
        await self.authority.allow(actor, Role.MANAGER, "broadcast report", name)
        if not after_:
            await self.authority.noted(actor, "broadcast report", name)
        return await self.keeper.report((await self._find(name)).id, after_, most)

    async def test(self, actor: Actor, name: str, to: str) -> int:
        """Send every text to one address; tells how many messages that are."""
        await self.authority.allow(actor, Role.MANAGER, "broadcast test", name)
        row, place = await self._find(name), usable(to, self.house)
        rows = trial(self.house, await self.previews.of(row), place)
        audit = self.authority.audit(actor, "broadcast test", f"{name} to {place.channel}")
        await self.store.turn(Key(), lambda _: Decision(None, (*rows, audit)))
        self.poke()
        return len(rows)

    # --- acting

    async def approve(self, actor: Actor, name: str, hash_: str | None = None) -> BroadcastRow:
        """Approve exactly what was previewed; `hash_` may be the beginning of its hash."""
        await self.authority.allow(actor, Role.APPROVER, "broadcast approve", name)

        def approved(row: BroadcastRow) -> BroadcastRow:
            state, now_hash = after(row.state, Act.APPROVE), fingerprint(row.draft)
            given = hash_ or row.hash
            check_approval(row.draft, actor.id, now_hash if now_hash.startswith(given) else given)
            return replace(row, state=state, approved_by=actor.id, approved_hash=now_hash)

        return await self._act(actor, name, "approve", approved)

    async def start(self, actor: Actor, name: str) -> BroadcastRow:
        """Start what was approved; before its hour it is scheduled."""
        await self.authority.allow(actor, Role.MANAGER, "broadcast start", name)
        row = await self._find(name)
        if why := closed(self.house.terms.current, self.house.clock()):
            await self.authority.refuse(actor, "broadcast start", name, why)
        await self.previews.check(row.draft.audience, row.draft.texts)
        planned = await self.previews.planned(row)
        if planned == 0:
            await self.authority.refuse(
                actor, "broadcast start", name, "nobody can be written to now"
            )
        if row.draft.limit is not None and planned > row.draft.limit:
            why = f"{planned} recipients are more than its limit of {row.draft.limit}"
            await self.authority.refuse(actor, "broadcast start", name, why)
        is_small = planned <= self.house.terms.current.approval_above

        def started(row: BroadcastRow) -> BroadcastRow:
            needs_nobody = is_small and row.state is BroadcastState.DRAFT
            before = BroadcastState.APPROVED if needs_nobody else row.state
            state = after(before, Act.START, is_due=self._is_due(row))
            if not needs_nobody and row.approved_hash != fingerprint(row.draft):
                raise BroadcastError("it has changed since its approval; approve it anew")
            return replace(row, state=state, started_at=self.house.clock())

        return await self._act(actor, name, "start", started)

    async def pause(self, actor: Actor, name: str, reason: str = "") -> BroadcastRow:
        """Stop planning and sending until it is resumed."""
        await self.authority.allow(actor, Role.MANAGER, "broadcast pause", name)
        return await self._act(
            actor,
            name,
            "pause",
            lambda row: replace(row, state=after(row.state, Act.PAUSE), reason=reason),
        )

    async def resume(self, actor: Actor, name: str) -> BroadcastRow:
        """Go on where it stood."""
        await self.authority.allow(actor, Role.MANAGER, "broadcast resume", name)

        def resumed(row: BroadcastRow) -> BroadcastRow:
            state = after(row.state, Act.RESUME, is_due=self._is_due(row))
            return replace(row, state=state, reason="")

        return await self._act(actor, name, "resume", resumed)

    async def cancel(self, actor: Actor, name: str) -> BroadcastRow:
        """End it for good: who was not written to is skipped."""
        await self.authority.allow(actor, Role.MANAGER, "broadcast cancel", name)

        def cancelled(row: BroadcastRow) -> BroadcastRow:
            state = after(row.state, Act.CANCEL)
            return replace(row, state=state, ended_at=self.house.clock())

        return await self._act(actor, name, "cancel", cancelled)

    async def retry_failed(self, actor: Actor, name: str) -> int:
        """Try those who failed once more, and nobody else; tells how many they are."""
        await self.authority.allow(actor, Role.MANAGER, "broadcast retry-failed", name)
        audit = self.authority.audit(actor, "broadcast retry-failed", name)

        def reopened(row: BroadcastRow) -> tuple[BroadcastRow, tuple[Audit, ...]]:
            if row.state is BroadcastState.DONE:
                return replace(row, state=BroadcastState.RUNNING), (audit,)
            if row.state in (BroadcastState.RUNNING, BroadcastState.PAUSED):
                return row, (audit,)
            raise BroadcastError(f"a {row.state} broadcast has nothing to retry")

        number = (await self._find(name)).id
        failed = await self._kept(
            actor, "retry-failed", name, self.keeper.retry_failed(number, reopened)
        )
        self.poke()
        return failed

    # --- what all have in common

    def _is_due(self, row: BroadcastRow) -> bool:
        return row.starts_at is None or row.starts_at <= self.house.clock()

    async def _find(self, name: str) -> BroadcastRow:
        digits = name.strip().upper().removeprefix("B")
        is_number = digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS
        row = await self.keeper.find(int(digits)) if is_number else None
        if row is None:
            raise NoSuchBroadcastError(f"{name}: there is no such broadcast")
        return row

    async def _act(
        self, actor: Actor, name: str, act: str, change: Callable[[BroadcastRow], BroadcastRow]
    ) -> BroadcastRow:
        number = (await self._find(name)).id
        audit = self.authority.audit(actor, f"broadcast {act}", f"B{number}")
        row = await self._kept(
            actor,
            act,
            name,
            self.keeper.move(number, lambda before: (change(before), (audit,))),
        )
        assert row is not None  # noqa: S101 - it was found, and none is ever deleted
        self.poke()
        return row

    async def _kept(self, actor: Actor, act: str, name: str, work: Awaitable[T]) -> T:
        """Do something, and keep it if it is refused."""
        try:
            return await work
        except BroadcastError as error:
            await self.authority.refused(actor, f"broadcast {act}", name, str(error))
            raise
