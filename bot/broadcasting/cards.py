"""Cards show a broadcast in the managers' chat: one message for each, edited in place."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape

import msgspec

from bot.broadcasting.broadcasts import Broadcasts, Progress
from bot.broadcasting.previewing import Preview, Rendering
from bot.channels.channel import Choice, Message
from bot.turns.composing import encode
from flows.broadcast import BroadcastState
from flows.customer import Address, Channel
from storage.changes import Decision, Enqueue
from storage.memory import Key
from storage.store import Store

EVERY = timedelta(seconds=5)
_WIDTH = 20
_BUTTONS = {
    BroadcastState.DRAFT: ("cancel",),
    BroadcastState.APPROVED: ("start", "cancel"),
    BroadcastState.SCHEDULED: ("pause", "cancel"),
    BroadcastState.RUNNING: ("pause", "cancel"),
    BroadcastState.PAUSED: ("resume", "cancel"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card stands: the chat, and the provider's id of the message."""

    chat: str
    ref: str


_read_place = msgspec.json.Decoder(Place).decode


async def keep_card(store: Store, number: int, chat: Address, ref: str) -> None:
    """Remember which message is the card of a broadcast."""
    await store.put(f"card.{number}", msgspec.json.encode(Place(chat.uri, ref)).decode())


def card(progress: Progress) -> Message:
    """Show how far a broadcast is, with what can be done about it."""
    states, planned = progress.counts.states, progress.counts.planned
    left = states.get("planned", 0) + states.get("claimed", 0)
    done = round(_WIDTH * (planned - left) / planned) if planned else 0
    lines = [
        f"<b>{progress.id}: {progress.row.state}</b>",
        escape(progress.row.reason),
        "▰" * done + "▱" * (_WIDTH - done) + f" {planned - left} of {planned}",
        ", ".join(f"{state} {count}" for state, count in states.items() if count),
        f"{progress.rate_per_s:.1f}/s" if progress.rate_per_s else "",
        f"done at {progress.done_at:%H:%M} UTC" if progress.done_at else "",
    ]
    acts = _BUTTONS.get(progress.row.state, ())
    choices = tuple(Choice(act.title(), command=f"{act}:{progress.id}") for act in acts)
    return Message("\n".join(line for line in lines if line), choices)


def preview_words(preview: Preview) -> str:
    """Show a preview in the chat."""
    excluded = ", ".join(f"{count} {reason}" for reason, count in preview.excluded.items())
    lines = [
        f"<b>{preview.id}: {preview.planned} recipients</b>",
        f"not: {excluded}" if excluded else "",
        f"{preview.segments} SMS segments, {preview.cost_cents / 100:.2f} €,"
        f" takes {preview.duration_s} s",
        *(_rendered(rendering) for rendering in preview.renderings),
        "A second person approves it.",
    ]
    return "\n".join(line for line in lines if line)


def _rendered(rendering: Rendering) -> str:
    head = (
        rendering.language,
        rendering.channel,
        rendering.encoding,
        str(rendering.segments or ""),
    )
    return " ".join(filter(None, head)) + "\n" + _shown(rendering.text, rendering.channel)


def _shown(text: str, channel: Channel) -> str:
    return text if channel is Channel.TELEGRAM else escape(text)


@dataclass(frozen=True, slots=True)
class Cards:
    """A worker: edits the cards of what runs, every few seconds at most, and once at the end."""

    broadcasts: Broadcasts
    clock: Callable[[], datetime]
    shown: dict[int, tuple[datetime, Message]] = field(default_factory=dict)

    async def tick(self) -> datetime | None:
        """Edit what has changed; tell when to look again."""
        now, is_running = self.clock(), False
        for row in await self.broadcasts.keeper.all():
            if row.state is BroadcastState.RUNNING or row.id in self.shown:
                is_running = is_running or row.state is BroadcastState.RUNNING
                await self._edit(row.id, now)
        return now + EVERY if is_running else None

    async def _edit(self, number: int, now: datetime) -> None:
        last = self.shown.get(number)
        row = await self.broadcasts.keeper.find(number)
        kept = await self.broadcasts.store.get(f"card.{number}")
        if row is None or not kept or (last is not None and now - last[0] < EVERY):
            return
        message = card(await self.broadcasts.progress(row))
        if last is None or last[1] != message:
            await self._send(_read_place(kept), message, now)
        self.shown[number] = (now, message)
        if row.state in (BroadcastState.DONE, BroadcastState.CANCELLED):
            del self.shown[number]

    async def _send(self, place: Place, message: Message, now: datetime) -> None:
        lane = self.broadcasts.house.lanes.lane(Channel.TELEGRAM) or Channel.TELEGRAM.value
        told = Message(message.text, message.choices, replaces=place.ref)
        row = Enqueue(
            lane=lane,
            priority=1,
            recipient=place.chat,
            line="Manager",
            body=encode(told),
            due=now,
            created_at=now,
            is_unasked=False,
        )
        await self.broadcasts.store.turn(Key(), lambda _: Decision(None, (row,)))
        self.broadcasts.poke()
