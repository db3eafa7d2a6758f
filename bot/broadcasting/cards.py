"""Cards show a broadcast in the managers' chat: one message for each, edited in place."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

import msgspec

from bot.broadcasting.broadcasts import Broadcasts
from bot.broadcasting.previewing import Preview, Rendering, said
from bot.broadcasting.progress import Progress
from bot.broadcasting.telling import to_manager
from bot.channels.channel import Choice, Message
from bot.channels.telegram_text import plain
from flows.broadcast import BroadcastState, RecipientState
from flows.campaign import StartMode
from flows.customer import Address, Channel
from flows.effects import Purpose
from storage.broadcasts import BroadcastRow
from storage.changes import Decision
from storage.memory import Key
from storage.store import Store

EVERY = timedelta(seconds=5)
CARD = "Card"  # the line of a message whose place is kept once it has arrived
ENDED = (BroadcastState.DONE, BroadcastState.CANCELLED)
_WIDTH = 14  # with its figures a line of a narrow phone
_EXCERPT = 200
LATELY = timedelta(hours=1)
_ACTS_ON = re.compile(r"(?!show:)[a-z-]+:B(\d{1,15})(?![^:])")
_LABELS = {
    "start": "Start",
    "pause": "Pause",
    "resume": "Resume",
    "cancel": "Cancel",
    "retry": "Retry the failed",
    "report": "Report (CSV)",
}
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


read_place = msgspec.json.Decoder(Place).decode


def card_of(number: int, manager: str) -> str:
    """Name where a manager has a broadcast before them: the message that showed it last."""
    return f"card.{number}.{manager}"


async def keep_card(store: Store, number: int, chat: Address, ref: str) -> None:
    """Remember which message shows a broadcast to a manager: the one that was tapped becomes it."""
    place = msgspec.json.encode(Place(chat.uri, ref)).decode()
    await store.put(card_of(number, chat.value), place)


def shown_in(message: Message) -> int | None:
    """Tell which one broadcast a message shows, by what its buttons would do."""
    found = {
        int(match[1])
        for choice in message.choices
        if choice.command and (match := _ACTS_ON.match(choice.command))
    }
    return found.pop() if len(found) == 1 else None


def card(progress: Progress, zone: ZoneInfo) -> Message:
    """Show how far a broadcast is, with what can be done about it."""
    row, states, planned = progress.row, progress.counts.states, progress.counts.planned
    excluded = sum(progress.counts.excluded.values())
    texts = " · ".join(row.draft.texts.values())
    lines = [
        f"<b>{progress.id}: {row.state}</b>",
        escape(row.reason),
        _bar(progress),
        "  ".join(f"{state} {states[state]}" for state in RecipientState if states.get(state)),
        f"passed over {excluded}" if excluded else "",
        f"{progress.rate_per_s:.1f} a second" if progress.rate_per_s and progress.left else "",
        _when(progress, zone),
        "" if planned else escape(f"{row.draft.audience}: {plain(texts)[:_EXCERPT]}"),
    ]
    return Message("\n".join(line for line in lines if line), _choices(progress))


def _bar(progress: Progress) -> str:
    planned = progress.counts.planned
    if not planned:
        return ""
    done = round(_WIDTH * (planned - progress.left) / planned)
    return "▰" * done + "▱" * (_WIDTH - done) + f" {planned - progress.left} of {planned}"


def _when(progress: Progress, zone: ZoneInfo) -> str:
    row = progress.row
    if row.state is BroadcastState.SCHEDULED and row.starts_at:
        return f"starts {_moment(row.starts_at, zone)}"
    if progress.waits_for_the_campaign:
        return "the campaign is paused: /resume campaign"
    if progress.next_at is not None:
        return f"the next leaves at {_moment(progress.next_at, zone)}"
    if progress.done_at is None:
        return ""
    word = "ended" if row.state in ENDED else "done at about"
    return f"{word} {_moment(progress.done_at, zone)}"


def _choices(progress: Progress) -> tuple[Choice, ...]:
    acts = list(_BUTTONS.get(progress.row.state, ()))
    if progress.row.state in (*ENDED, BroadcastState.PAUSED):
        acts += ["retry"] if progress.counts.states.get("failed") else []
        acts += ["report"] if progress.counts.planned else []
    return tuple(Choice(_LABELS[act], command=f"{act}:{progress.id}") for act in acts)


def preview_words(preview: Preview, zone: ZoneInfo) -> str:
    """Show a preview in the chat."""
    excluded = ", ".join(f"{count} {said(reason)}" for reason, count in preview.excluded.items())
    lines = [
        f"<b>{preview.id}: {preview.planned} recipients</b>",
        escape(preview.draft.audience),
        f"at most {preview.draft.limit}" if preview.draft.limit else "",
        f"passed over: {excluded}" if excluded else "",
        *(f"{name}: {value}" for name, value in expectations(preview, zone)),
        *(_rendered(rendering) for rendering in preview.renderings),
        "" if preview.is_approved else "\nA second person approves it.",
    ]
    return "\n".join(line for line in lines if line)


def expectations(preview: Preview, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    """Say what a broadcast costs, how long it takes and what follows; without what is nothing."""
    by_language = ", ".join(f"{code} {many}" for code, many in sorted(preview.segments.items()))
    stars = f", {preview.stars} Stars to Telegram" if preview.stars else ""
    segments = f"{preview.all_segments} SMS segments" + f" ({by_language})" * bool(by_language)
    avoided = preview.calls_avoided
    return (
        ("cost", f"{segments}, {preview.cost_cents / 100:.2f} €{stars}"),
        ("first message", _moment(preview.first_at, zone)),
        ("last message", _moment(preview.done_at, zone)),
        ("takes", length_words(preview.duration_s)),
        *_dialogues(preview),
        ("replies", f"about {preview.replies_per_hour} in the busiest hour"),
        *((("calls avoided", f"about {avoided}, by your own figures"),) if avoided else ()),
    )


def _dialogues(preview: Preview) -> tuple[tuple[str, str], ...]:
    if not preview.in_dialogue:
        return ()
    if preview.during_dialogue is StartMode.SKIP:
        fate = "are passed over if they still are then"
    else:
        fate = "get it once they have fallen silent"
    return (("in a dialogue now", f"{preview.in_dialogue} {fate}"),)


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%d.%m. %H:%M %Z}"


def length_words(seconds: int) -> str:
    """Say a length of time as people do."""
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def _rendered(rendering: Rendering) -> str:
    size = f"{rendering.segments} × {rendering.encoding}" if rendering.encoding else ""
    head = ", ".join(filter(None, (rendering.language, rendering.channel.value, size)))
    return f"\n<i>{head}</i>\n" + _shown(rendering.text, rendering.channel)


def _shown(text: str, channel: Channel) -> str:
    return text if channel is Channel.TELEGRAM else escape(text)


@dataclass(frozen=True, slots=True)
class Cards:
    """A worker: edits what managers have before them, every few seconds at most.

    So no button stays that somebody else has overtaken; `managers` are Telegram ids.
    """

    broadcasts: Broadcasts
    clock: Callable[[], datetime]
    managers: Collection[str] = ()
    shown: dict[str, Message] = field(default_factory=dict)
    looked: list[datetime] = field(default_factory=list)

    async def tick(self) -> datetime | None:
        """Edit what has changed; tell when to look again."""
        now = self.clock()
        if self.looked and self.looked[-1] <= now < self.looked[-1] + EVERY:
            return self.looked[-1] + EVERY  # every turn of a customer wakes us
        is_running = False
        for row in filter(lambda row: _is_fresh(row, now), await self.broadcasts.keeper.all()):
            if places := await self._places(row):
                is_running = is_running or row.state is BroadcastState.RUNNING
                await self._edit(row, places)
        self.looked[:] = [now] if is_running else []
        return now + EVERY if is_running else None

    async def _places(self, row: BroadcastRow) -> dict[str, Place]:
        """Find where managers have a broadcast before them."""
        names = [card_of(row.id, manager) for manager in self.managers]
        kept = [(name, await self.broadcasts.store.get(name)) for name in names]
        return {name: read_place(place) for name, place in kept if place}

    async def _edit(self, row: BroadcastRow, places: dict[str, Place]) -> None:
        zone = self.broadcasts.house.terms.current.zone
        message = card(await self.broadcasts.progress(row), zone)
        for name, place in places.items():
            told = replace(message, replaces=place.ref)
            if self.shown.get(name) != told:
                await self._send(place, told)
            self.shown[name] = told
            if row.state in ENDED:  # a retry is commanded by a new card
                self.shown.pop(name)
                await self.broadcasts.store.put(name, "")

    async def _send(self, place: Place, told: Message) -> None:
        row = to_manager(self.broadcasts.house, Address(place.chat), told, Purpose.NOTICE)
        await self.broadcasts.store.turn(Key(), lambda _: Decision(None, (row,)))
        self.broadcasts.poke()


def _is_fresh(row: BroadcastRow, now: datetime) -> bool:
    """Tell whether a card may have to change: what runs or waits, and what has ended lately."""
    if row.state in ENDED:
        return row.ended_at is not None and row.ended_at > now - LATELY
    return row.state is not BroadcastState.DRAFT
