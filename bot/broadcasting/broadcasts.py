"""Broadcasts as managers command them, in the chat and by the command line alike.

Authority is checked here, at the command, whatever a menu has shown; refusals are kept in the
managers' chain as commands are.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.addresses import UnusableAddressError, address
from bot.broadcasting.texts import Facts, check, render, text_for
from bot.channels.channel import Message
from bot.setting_values import Role
from bot.turns.composing import encode
from bot.turns.house import House
from flows.audience import Field, UnreadableAudienceError, read_audience
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
from messages.segments import count
from storage.broadcasts import (
    Asked,
    Audience,
    Broadcasting,
    BroadcastRow,
    Counts,
    Group,
    Move,
    ReportRow,
)
from storage.changes import Audit, Decision, Enqueue
from storage.memory import Key
from storage.store import Store

BROADCAST = "Broadcast"
REPLY_SHARE = 0.05  # of those who are written to, in the first hour: a guess to plan people by
SCHEMES = {Channel.SMS: "tel", Channel.TELEGRAM: "telegram", Channel.EMAIL: "mailto"}
_CHANNELS = {scheme: channel for channel, scheme in SCHEMES.items()}
_HOUR_S = 3600
_RANKS = (Role.VIEWER, Role.MANAGER, Role.APPROVER)
_ENDED = (BroadcastState.DONE, BroadcastState.CANCELLED)


class NotAllowedError(BroadcastError):
    """Somebody's role does not cover this."""


class NoSuchBroadcastError(BroadcastError):
    """There is no broadcast of this id."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who commands: `id` tells people apart, `name` is what the audit trail keeps."""

    id: str
    role: Role
    name: str

    def may(self, role: Role) -> bool:
        """Tell whether this role is covered."""
        return _RANKS.index(self.role) >= _RANKS.index(role)


@dataclass(frozen=True, slots=True)
class Rendering:
    """One text as it will arrive; `segments` of an SMS, else 0."""

    language: str
    channel: Channel
    text: str
    encoding: str | None
    segments: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a broadcast would do now."""

    id: str
    planned: int
    excluded: Mapping[str, int]
    renderings: tuple[Rendering, ...]
    segments: int
    cost_cents: int
    duration_s: int
    replies_per_hour: int
    hash: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a broadcast is; `done_at` is when it ended, or will at this pace."""

    row: BroadcastRow
    counts: Counts
    rate_per_s: float | None
    done_at: datetime | None

    @property
    def id(self) -> str:
        """Give the id that people see."""
        return f"B{self.row.id}"


@dataclass(frozen=True, slots=True)
class Broadcasts:
    """The commands. Each raises BroadcastError with what to do instead."""

    keeper: Broadcasting
    store: Store
    house: House
    rates: Mapping[Channel, float]
    poke: Callable[[], None]

    # --- drafting

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
        await self.allow(actor, Role.MANAGER, "draft", audience)
        asked = await self._check(audience, texts)
        starts_at = self._moment(at)
        draft = Draft(dict(texts), audience, actor.id, limit, at)
        row = BroadcastRow(
            id=0,
            draft=draft,
            hash=fingerprint(draft),
            state=BroadcastState.DRAFT,
            drafted_at=self.house.clock(),
            starts_at=starts_at,
        )
        if await self._count(row, asked) == 0:
            raise BroadcastError(f"{audience}: nobody can be written to; widen the audience")
        number = await self.keeper.draft(row, self._audit(actor, "broadcast draft", ""))
        return f"B{number}"

    async def _check(self, audience: str, texts: Mapping[str, str]) -> Asked:
        try:
            terms = read_audience(audience)
        except UnreadableAudienceError as error:
            raise BroadcastError(str(error)) from error
        asked = check(texts, self.house.terms.current.messages.languages)
        named = {term.name for term in terms if term.field is Field.ATTRIBUTE}
        for name in sorted({*named, *asked.attributes}):
            if not await self.keeper.has_attribute(name):
                raise BroadcastError(f"attribute.{name}: no customer has this attribute")
        return asked

    def _moment(self, at: str | None) -> datetime | None:
        """Read when it shall begin, in the customers' wall time unless it names a zone."""
        if at is None:
            return None
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            raise BroadcastError(f"{at}: must read like 2026-12-01T10:00") from None
        zone = self.house.terms.current.zone
        found = moment if moment.tzinfo else at_wall(moment, zone)
        if found <= self.house.clock():
            raise BroadcastError(f"{at}: this moment has passed")
        return found

    # --- looking

    async def preview(self, actor: Actor, name: str) -> Preview:
        """Show what a broadcast would do, and what it costs."""
        await self.allow(actor, Role.VIEWER, "preview", name)
        return await self._preview(await self._find(name))

    async def _preview(self, row: BroadcastRow) -> Preview:
        asked = await self._check(row.draft.audience, row.draft.texts)
        groups = await self.keeper.survey(self.audience(row), asked)
        reached = [group for group in groups if group.reason is None]
        excluded: dict[str, int] = {}
        for group in groups:
            if group.reason is not None:
                excluded[group.reason] = excluded.get(group.reason, 0) + group.count
        planned = sum(group.count for group in reached)
        tokens = self._tokens(row, reached, asked)
        segments = tokens.get(Channel.SMS, 0)
        cents = segments * self.house.terms.current.messages.sms_cents_per_segment
        lengths = [tokens[c] / self.rates[c] for c in tokens if self.rates.get(c)]
        duration_s = math.ceil(max(lengths, default=0))
        return Preview(
            id=f"B{row.id}",
            planned=planned,
            excluded=excluded,
            renderings=self._renderings(row, reached, asked),
            segments=segments,
            cost_cents=math.ceil(cents),
            duration_s=duration_s,
            replies_per_hour=_replies(planned, duration_s),
            hash=fingerprint(row.draft),
        )

    async def _count(self, row: BroadcastRow, asked: Asked) -> int:
        groups = await self.keeper.survey(self.audience(row), replace(asked, has_customer=False))
        return sum(group.count for group in groups if group.reason is None)

    def audience(self, row: BroadcastRow) -> Audience:
        """Put together whom a broadcast is for, as the terms have it now."""
        rule = self.house.terms.current.messages
        on = (channel for channel, _ in self.house.lanes.by_channel)
        return Audience(
            terms=read_audience(row.draft.audience),
            schemes=tuple(SCHEMES[channel] for channel in on),
            now=self.house.clock(),
            per_week=rule.promotional_per_week,
            per_month=rule.promotional_per_month,
            broadcast=row.id,
        )

    def _worded(self, row: BroadcastRow, group: Group, asked: Asked) -> tuple[Channel, str]:
        channel = _CHANNELS[group.scheme or "tel"]
        languages = self.house.terms.current.messages.languages
        text = text_for(row.draft.texts, group.language, languages)
        facts = Facts(
            customer=group.customer or group.sample,
            month=group.month or 0,
            megabytes=group.megabytes or 0,
            attributes=dict(zip(asked.attributes, group.attributes, strict=False)),
        )
        return channel, render(text, facts, channel)

    def _tokens(self, row: BroadcastRow, groups: list[Group], asked: Asked) -> dict[Channel, int]:
        tokens: dict[Channel, int] = {}
        for group in groups:
            channel, text = self._worded(row, group, asked)
            each = count(text).segments if channel is Channel.SMS else 1
            tokens[channel] = tokens.get(channel, 0) + each * group.count
        return tokens

    def _renderings(
        self, row: BroadcastRow, groups: list[Group], asked: Asked
    ) -> tuple[Rendering, ...]:
        """Show one real customer's text for each language and channel."""
        found: dict[tuple[str, Channel], Rendering] = {}
        for group in groups:
            channel, text = self._worded(row, group, asked)
            size = count(text) if channel is Channel.SMS else None
            rendering = Rendering(
                language=group.language,
                channel=channel,
                text=text,
                encoding=size.encoding.value if size else None,
                segments=size.segments if size else 0,
            )
            found.setdefault((group.language, channel), rendering)
        return tuple(found[key] for key in sorted(found))

    async def show(self, actor: Actor, name: str) -> Progress:
        """Tell how far a broadcast is."""
        await self.allow(actor, Role.VIEWER, "show", name)
        return await self.progress(await self._find(name))

    async def list(self, actor: Actor) -> tuple[Progress, ...]:
        """List all broadcasts, the newest first."""
        await self.allow(actor, Role.VIEWER, "list", "")
        return tuple([await self.progress(row) for row in await self.keeper.all()])

    async def progress(self, row: BroadcastRow) -> Progress:
        """Read the counters of a broadcast, and how fast it is."""
        counts = await self.keeper.counts(row.id)
        pace = await self.keeper.pace(row.id)
        left = counts.states.get("planned", 0) + counts.states.get("claimed", 0)
        done_at = row.ended_at
        if row.state is BroadcastState.RUNNING and pace:
            done_at = self.house.clock() + timedelta(seconds=left / pace)
        return Progress(row, counts, pace, done_at)

    async def report(
        self, actor: Actor, name: str, after_: str, most: int
    ) -> tuple[ReportRow, ...]:
        """List what became of everybody, a page at a time; it names customers."""
        await self.allow(actor, Role.MANAGER, "report", name)
        return await self.keeper.report((await self._find(name)).id, after_, most)

    # --- acting

    async def test(self, actor: Actor, name: str, to: str) -> int:
        """Send every rendering to one address; tells how many messages that are."""
        await self.allow(actor, Role.MANAGER, "test", name)
        row = await self._find(name)
        try:
            place = address(to)
        except UnusableAddressError as error:
            raise BroadcastError(f"{to}: {error}") from error
        lane = self.house.lanes.lane(place.channel)
        if lane is None:
            raise BroadcastError(f"{to}: {place.channel} is off")
        preview, now = await self._preview(row), self.house.clock()
        languages = self.house.terms.current.messages.languages
        texts = {r.language: r.text for r in preview.renderings if r.channel is place.channel}
        texts = texts or {
            language: render(text_for(row.draft.texts, language, languages), Facts(), place.channel)
            for language in row.draft.texts
        }
        rows = tuple(
            Enqueue(
                lane=lane,
                priority=0,
                recipient=place.uri,
                line="BroadcastTest",
                body=encode(Message(text)),
                due=now,
                created_at=now,
                cost=count(text).segments if place.channel is Channel.SMS else 1,
                is_unasked=False,
            )
            for text in texts.values()
        )
        audit = self._audit(actor, "broadcast test", f"{name} to {place.channel}")
        await self.store.turn(Key(), lambda _: Decision(None, (*rows, audit)))
        self.poke()
        return len(rows)

    async def approve(self, actor: Actor, name: str, hash_: str | None = None) -> BroadcastRow:
        """Approve exactly what was previewed; `hash_` may be the beginning of its hash."""
        await self.allow(actor, Role.APPROVER, "approve", name)

        def approved(row: BroadcastRow) -> BroadcastRow:
            state, now_hash = after(row.state, Act.APPROVE), fingerprint(row.draft)
            given = hash_ or row.hash
            check_approval(row.draft, actor.id, now_hash if now_hash.startswith(given) else given)
            return replace(row, state=state, approved_by=actor.id, approved_hash=now_hash)

        return await self._act(actor, name, "approve", approved)

    async def start(self, actor: Actor, name: str) -> BroadcastRow:
        """Start what was approved; before its hour it is scheduled."""
        await self.allow(actor, Role.MANAGER, "start", name)
        row = await self._find(name)
        preview = await self._preview(row)
        if preview.planned == 0:
            await self._refuse(actor, "start", name, "nobody can be written to now")
        if row.draft.limit is not None and preview.planned > row.draft.limit:
            why = f"{preview.planned} recipients are more than its limit of {row.draft.limit}"
            await self._refuse(actor, "start", name, why)
        is_small = preview.planned <= self.house.terms.current.approval_above

        def started(row: BroadcastRow) -> BroadcastRow:
            if is_small and row.state is BroadcastState.DRAFT:
                state = after(BroadcastState.APPROVED, Act.START, is_due=self._is_due(row))
                return replace(row, state=state, started_at=self.house.clock())
            state = after(row.state, Act.START, is_due=self._is_due(row))
            if row.approved_hash != fingerprint(row.draft):
                raise BroadcastError("it has changed since its approval; approve it anew")
            return replace(row, state=state, started_at=self.house.clock())

        return await self._act(actor, name, "start", started)

    async def pause(self, actor: Actor, name: str, reason: str = "") -> BroadcastRow:
        """Stop planning and sending until it is resumed."""
        await self.allow(actor, Role.MANAGER, "pause", name)
        return await self._act(
            actor,
            name,
            "pause",
            lambda row: replace(row, state=after(row.state, Act.PAUSE), reason=reason),
        )

    async def resume(self, actor: Actor, name: str) -> BroadcastRow:
        """Go on where it stood."""
        await self.allow(actor, Role.MANAGER, "resume", name)

        def resumed(row: BroadcastRow) -> BroadcastRow:
            state = after(row.state, Act.RESUME, is_due=self._is_due(row))
            return replace(row, state=state, reason="")

        return await self._act(actor, name, "resume", resumed)

    async def cancel(self, actor: Actor, name: str) -> BroadcastRow:
        """End it for good: who was not written to is skipped."""
        await self.allow(actor, Role.MANAGER, "cancel", name)

        def cancelled(row: BroadcastRow) -> BroadcastRow:
            state = after(row.state, Act.CANCEL)
            return replace(row, state=state, ended_at=self.house.clock())

        return await self._act(actor, name, "cancel", cancelled)

    async def retry_failed(self, actor: Actor, name: str) -> int:
        """Try those who failed once more, and nobody else; tells how many they are."""
        await self.allow(actor, Role.MANAGER, "retry-failed", name)
        audit = self._audit(actor, "broadcast retry-failed", name)

        def reopened(row: BroadcastRow) -> tuple[BroadcastRow, tuple[Audit, ...]]:
            if row.state is BroadcastState.DONE:
                return replace(row, state=BroadcastState.RUNNING), (audit,)
            if row.state in (BroadcastState.RUNNING, BroadcastState.PAUSED):
                return row, (audit,)
            raise BroadcastError(f"a {row.state} broadcast has nothing to retry")

        number = (await self._find(name)).id
        failed = await self._audited(actor, "retry-failed", name, reopened, number)
        self.poke()
        return failed

    async def _audited(self, actor: Actor, act: str, name: str, move: Move, number: int) -> int:
        try:
            return await self.keeper.retry_failed(number, move)
        except BroadcastError as error:
            await self._note_refusal(actor, act, name, str(error))
            raise

    # --- what all have in common

    def _is_due(self, row: BroadcastRow) -> bool:
        return row.starts_at is None or row.starts_at <= self.house.clock()

    async def _find(self, name: str) -> BroadcastRow:
        digits = name.strip().upper().removeprefix("B")
        row = await self.keeper.find(int(digits)) if digits.isdecimal() else None
        if row is None:
            raise NoSuchBroadcastError(f"{name}: there is no such broadcast")
        return row

    async def _act(
        self, actor: Actor, name: str, act: str, change: Callable[[BroadcastRow], BroadcastRow]
    ) -> BroadcastRow:
        number = (await self._find(name)).id
        audit = self._audit(actor, f"broadcast {act}", f"B{number}")
        try:
            row = await self.keeper.move(number, lambda before: (change(before), (audit,)))
        except BroadcastError as error:
            await self._note_refusal(actor, act, name, str(error))
            raise
        assert row is not None  # noqa: S101 - it was found, and none is ever deleted
        self.poke()
        return row

    async def allow(self, actor: Actor, role: Role, act: str, about: str) -> None:
        """Let somebody of this role pass; refuse all others, and keep that they tried."""
        if not actor.may(role):
            await self._note_refusal(actor, act, about, f"a {actor.role} may not")
            raise NotAllowedError(f"{act}: not for the role {actor.role}; it takes the role {role}")

    async def _refuse(self, actor: Actor, act: str, about: str, why: str) -> None:
        await self._note_refusal(actor, act, about, why)
        raise BroadcastError(f"{about}: {why}")

    async def noted(self, actor: Actor, act: str, about: str) -> None:
        """Keep that somebody did something beside broadcasts."""
        await self.keeper.note(self._audit(actor, act, about))

    async def refused(self, actor: Actor, act: str, why: str) -> None:
        """Keep that somebody was refused before a broadcast was named."""
        await self._note_refusal(actor, act, "", why)

    async def _note_refusal(self, actor: Actor, act: str, about: str, why: str) -> None:
        await self.keeper.note(self._audit(actor, f"refused {act}", f"{about}: {why}"))

    def _audit(self, actor: Actor, act: str, about: str) -> Audit:
        return Audit(self.house.clock(), actor.name, act, about)


def _replies(planned: int, duration_s: int) -> int:
    """Guess the replies of the busiest hour."""
    return round(planned * REPLY_SHARE * min(1, _HOUR_S / max(duration_s, 1)))
