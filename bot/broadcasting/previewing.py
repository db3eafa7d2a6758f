"""Previews: what a broadcast would do now, worded for real customers, counted and priced."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.broadcasting.dialogues import span
from bot.broadcasting.texts import Facts, check, render, text_for
from bot.turns.house import House
from bot.turns.routing import leaves_at
from flows.audience import Field, UnreadableAudienceError, read_audience
from flows.broadcast import BroadcastError, BroadcastState, Draft, fingerprint
from flows.broadcast_rule import BroadcastRule
from flows.campaign import StartMode
from flows.customer import Channel
from flows.effects import Purpose
from messages.segments import count
from storage.broadcasts import Asked, Audience, Broadcasting, BroadcastRow, Group, Talking

FREE_PER_S = 30  # what Telegram carries for nothing; above it a message costs a tenth of a Star
SCHEMES = {Channel.SMS: "tel", Channel.TELEGRAM: "telegram", Channel.EMAIL: "mailto"}
_CHANNELS = {scheme: channel for channel, scheme in SCHEMES.items()}
_HOUR_S = 3600
_HUNDRED = 100


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
    """What a broadcast would do now; `duration_s` is from the first to the last message.

    `segments` are those of all SMS, by language. `stars` is what Telegram takes for going faster
    than is free, and `calls_avoided` what the operator expects of so many messages, if anything.
    Those `in_dialogue` have just written: they wait, or are passed over, as `during_dialogue` says.
    """

    id: str
    planned: int
    excluded: Mapping[str, int]
    renderings: tuple[Rendering, ...]
    segments: Mapping[str, int]
    cost_cents: int
    stars: int
    first_at: datetime
    duration_s: int
    in_dialogue: int
    during_dialogue: StartMode
    replies_per_hour: int
    calls_avoided: int | None
    hash: str
    draft: Draft
    is_approved: bool
    samples: Mapping[str, Facts]  # of a real customer, by language

    @property
    def all_segments(self) -> int:
        """Add up the segments of all languages."""
        return sum(self.segments.values())

    @property
    def done_at(self) -> datetime:
        """Give the moment at which the last message leaves."""
        return self.first_at + timedelta(seconds=self.duration_s)

    @property
    def reach(self) -> "Reach":
        """Give how many are written to or passed over."""
        return Reach(self.planned, self.excluded)


@dataclass(frozen=True, slots=True)
class Reach:
    """How many of an audience would be written to, and how many are passed over for what reason."""

    planned: int
    excluded: Mapping[str, int]

    def check(self, audience: str) -> None:
        """Raise BroadcastError if nobody would be written to."""
        if self.planned == 0:
            why = ", ".join(f"{n} {said(reason)}" for reason, n in self.excluded.items())
            raise BroadcastError(
                f"{audience}: nobody can be written to ({why or 'nobody is there'});"
                " widen the audience"
            )


@dataclass(frozen=True, slots=True)
class Previews:
    """Looks at audiences; `rates` are each channel's messages (of SMS: segments) a second."""

    keeper: Broadcasting
    house: House
    rates: Mapping[Channel, float]

    async def check(self, audience: str, texts: Mapping[str, str]) -> Asked:
        """Tell what the texts ask for. Raises BroadcastError for what cannot be sent."""
        try:
            terms = read_audience(audience)
        except UnreadableAudienceError as error:
            raise BroadcastError(str(error)) from error
        asked = check(texts, self.house.terms.current.messages.languages)
        named = {term.name for term in terms if term.field is Field.ATTRIBUTE}
        for name in sorted({*named, *asked.attributes}):
            if not await self.keeper.has_attribute(name):
                raise BroadcastError(f"attribute.{name}: no customer has this attribute (any more)")
        return asked

    async def planned(self, row: BroadcastRow) -> int:
        """Count those who would be written to."""
        groups = await self.keeper.survey(self.audience(row), Asked())
        return sum(group.count for group in groups if group.reason is None)

    async def reach(self, audience: str, starts_at: datetime | None) -> Reach:
        """Count an audience."""
        groups = await self.keeper.survey(self._audience(audience, 0, starts_at), Asked())
        planned = sum(group.count for group in groups if group.reason is None)
        return Reach(planned, _excluded(groups))

    def audience(self, row: BroadcastRow) -> Audience:
        """Put together whom a broadcast is for, as the terms have it, at the hour it begins."""
        return self._audience(row.draft.audience, row.id, row.starts_at)

    def _audience(self, text: str, number: int, starts_at: datetime | None) -> Audience:
        now = self.house.clock()
        rule = self.house.terms.current.messages
        on = (channel for channel, _ in self.house.lanes.by_channel)
        return Audience(
            terms=read_audience(text),
            schemes=tuple(SCHEMES[channel] for channel in on),
            now=max(now, starts_at or now),
            per_week=rule.promotional_per_week,
            per_month=rule.promotional_per_month,
            broadcast=number,
        )

    async def of(self, row: BroadcastRow) -> Preview:
        """Show what a broadcast would do. Raises BroadcastError if it cannot be sent any more."""
        asked = await self.check(row.draft.audience, row.draft.texts)
        first_at = self._first_at(row)
        groups, talking = await asyncio.gather(
            self.keeper.survey(self.audience(row), asked), self._talking(row, first_at)
        )
        reached = [group for group in groups if group.reason is None]
        planned = sum(group.count for group in reached)
        tokens, segments = self._tokens(row, reached, asked)
        terms = self.house.terms.current
        waiting = talking if terms.messages.during_dialogue is StartMode.AFTER else ()
        first_at, last_at = span(first_at, self._seconds(tokens), planned, waiting, terms)
        duration_s = math.ceil((last_at - first_at).total_seconds())
        return Preview(
            id=f"B{row.id}",
            planned=planned,
            excluded=_excluded(groups),
            renderings=self._renderings(row, reached, asked),
            segments=segments,
            cost_cents=math.ceil(sum(segments.values()) * terms.messages.sms_cents_per_segment),
            stars=self._stars(tokens.get(Channel.TELEGRAM, 0)),
            first_at=first_at,
            duration_s=duration_s,
            in_dialogue=sum(some.number for some in talking),
            during_dialogue=terms.messages.during_dialogue,
            replies_per_hour=_replies(planned, duration_s, terms.broadcasts),
            calls_avoided=_calls_avoided(planned, terms.broadcasts),
            hash=fingerprint(row.draft),
            draft=row.draft,
            is_approved=row.state is not BroadcastState.DRAFT,
            samples={group.language: self._facts(group, asked) for group in reached},
        )

    def _first_at(self, row: BroadcastRow) -> datetime:
        """Tell when it begins, if nobody is in a dialogue."""
        now = self.house.clock()
        return leaves_at(Purpose.REMINDER, max(now, row.starts_at or now), self.house.terms.current)

    async def _talking(self, row: BroadcastRow, first_at: datetime) -> tuple[Talking, ...]:
        """Count those who are still in a dialogue when it begins, if that makes a difference."""
        rule = self.house.terms.current.messages
        since = first_at - rule.dialogue
        if rule.during_dialogue is StartMode.INTERRUPT or since >= self.house.clock():
            return ()
        return await self.keeper.talking(self.audience(row), since)

    def _seconds(self, tokens: Mapping[Channel, int]) -> float:
        """Tell how long the slowest lane takes at its pace."""
        return max((tokens[c] / self.rates[c] for c in tokens if self.rates.get(c)), default=0.0)

    def _stars(self, messages: int) -> int:
        """Price in Stars what leaves by Telegram above the free pace; 0 at that pace."""
        per_s = self.rates.get(Channel.TELEGRAM, 0)
        is_paid = per_s > FREE_PER_S
        return math.ceil(messages * (per_s - FREE_PER_S) / per_s / 10) if is_paid else 0

    def _worded(self, row: BroadcastRow, group: Group, asked: Asked) -> tuple[Channel, str]:
        channel = _CHANNELS[group.scheme or "tel"]
        languages = self.house.terms.current.messages.languages
        text = text_for(row.draft.texts, group.language, languages)
        return channel, render(text, self._facts(group, asked), channel)

    def _facts(self, group: Group, asked: Asked) -> Facts:
        return Facts(
            customer=group.sample,
            month=group.month or 0,
            megabytes=group.megabytes or 0,
            attributes=dict(zip(asked.attributes, group.attributes, strict=False)),
        )

    def _tokens(
        self, row: BroadcastRow, groups: list[Group], asked: Asked
    ) -> tuple[dict[Channel, int], dict[str, int]]:
        """Count what each lane has to carry, and the segments of SMS in each language."""
        tokens: dict[Channel, int] = {}
        segments: dict[str, int] = {}
        for group in groups:
            channel, text = self._worded(row, group, asked)
            is_sms = channel is Channel.SMS
            many = (count(text).segments if is_sms else 1) * group.count
            tokens[channel] = tokens.get(channel, 0) + many
            if is_sms:
                segments[group.language] = segments.get(group.language, 0) + many
        return tokens, segments

    def _renderings(
        self, row: BroadcastRow, groups: list[Group], asked: Asked
    ) -> tuple[Rendering, ...]:
        """Show one real customer's text for each language and channel: the longest there is."""
        found: dict[tuple[str, Channel], Rendering] = {}
        for group in groups:
            channel, text = self._worded(row, group, asked)
            key, rendering = (group.language, channel), rendered(group.language, channel, text)
            known = found.get(key)
            if known is None or (known.segments, len(known.text)) < (rendering.segments, len(text)):
                found[key] = rendering
        return tuple(found[key] for key in sorted(found))


def rendered(language: str, channel: Channel, text: str) -> Rendering:
    """Measure a text as its channel does."""
    size = count(text) if channel is Channel.SMS else None
    return Rendering(
        language=language,
        channel=channel,
        text=text,
        encoding=size.encoding.value if size else None,
        segments=size.segments if size else 0,
    )


def said(reason: str) -> str:
    """Say a state or a reason as people do."""
    return reason.replace("_", " ")


def _excluded(groups: tuple[Group, ...]) -> dict[str, int]:
    excluded: dict[str, int] = {}
    for group in groups:
        if group.reason is not None:
            excluded[group.reason] = excluded.get(group.reason, 0) + group.count
    return excluded


def _replies(planned: int, duration_s: int, rule: BroadcastRule) -> int:
    """Guess the replies of the busiest hour."""
    share = rule.reply_percent / _HUNDRED
    return round(planned * share * min(1, _HOUR_S / max(duration_s, 1)))


def _calls_avoided(planned: int, rule: BroadcastRule) -> int | None:
    return round(planned * rule.calls_avoided_per_100 / _HUNDRED) or None
