"""The programme in the managers' chat: where everybody stands, as a picture, and one customer."""

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import structlog

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from bot.card import flags, next_of
from bot.channels.channel import Document, Message
from bot.commands.house import find
from bot.office.parts import bar, page
from bot.setting_values import Role
from flows import standing
from flows.campaign import STREAK, Campaign
from flows.journey import State
from flows.life import Life
from messages.funnels import Bar, Funnel
from storage.broadcasts import Census
from storage.reading import Dossier

EASEL = (sys.executable, "-P", "-m", "bot.office.easel")
DRAWN_WITHIN_S = 20.0
MOST_ROWS = 14
_MONTHS = (3, 6)
_LOST = (
    State.WAITING, State.DECLINED, State.EXPIRED, State.LEFT, State.DROPPED, State.UNREACHABLE,
    State.ENDED, State.HELD_OUT,
)  # fmt: skip
_JOINED = (State.STEPS, State.STREAK, State.SETTLING, State.DONE)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Programme:
    """Shows where people stand."""

    broadcasts: Broadcasts

    async def stats(self, actor: Actor, life: Life) -> Message:
        """Show the funnel, in words and as a picture."""
        await self.broadcasts.authority.look(actor, Role.VIEWER, "stats", "")
        house = self.broadcasts.house
        now = house.clock().astimezone(house.terms.current.zone)
        funnel = Funnel(
            title=f"{house.terms.current.operator.brand}: the way through the programme",
            below=f"Where everybody stands on {now:%d.%m.%Y %H:%M}",
            bars=funnel_of(await self.broadcasts.keeper.census(), house.terms.current),
        )
        shown = [f"{bar(b.number, funnel.whole)} {b.label}: {b.number}" for b in funnel.bars]
        picture = await painted(funnel)
        document = Document("funnel.png", picture) if picture else None
        return Message(page(funnel.title, f"The campaign is {life}.", *shown), document=document)

    async def customer(self, actor: Actor, text: str) -> Message:
        """Show one person: state, credits, and what happened and was said, in one line of time."""
        await self.broadcasts.authority.allow(actor, Role.MANAGER, "customer", "")
        dossier = await find(self.broadcasts.store, text)
        known, journey = dossier.memory.customer, dossier.memory.journey
        number = known.number if known else text
        alias = self.broadcasts.house.keys.alias(number)
        await self.broadcasts.authority.noted(actor, "customer", alias)
        terms = self.broadcasts.house.terms.of(journey)
        state = standing.state_of(journey, terms).value if journey else "imported, not invited"
        due = next_of(dossier)
        return Message(
            page(
                f"Customer {number}: {state}",
                ", ".join(flags(known.contacts if known else (), journey)),
                ", ".join(contact.address.value for contact in known.contacts) if known else "",
                *(f"{c.step}: {c.megabytes} MB, {c.state.value}" for c in dossier.memory.credits),
                f"next: {due[1]} on {due[0].astimezone(terms.zone):%d.%m.%Y}" if due else "",
                "",
                *_timeline(dossier, terms),
            )
        )


def _timeline(dossier: Dossier, terms: Campaign) -> list[str]:
    """Put events and messages of all channels in order; the latest stand below."""
    happened = [(row.at, f"● {row.kind} {row.effects}".rstrip()) for row in dossier.journal]
    said = [
        (m.sent_at or m.created_at, f"→ {m.line} ({m.lane}, {m.state.value})")
        for m in dossier.messages
    ]
    latest = sorted([*happened, *said], key=lambda row: row[0])[-MOST_ROWS:]
    return [f"{at.astimezone(terms.zone):%d.%m.%y %H:%M} {what}" for at, what in latest]


def funnel_of(census: Iterable[Census], terms: Campaign) -> tuple[Bar, ...]:
    """Count how many have come how far, and how many are not on the way, each by their state."""
    rows = [row for row in census if row.state]
    states = {state: sum(r.number for r in rows if r.state == state) for state in State}
    invited = sum(n for state, n in states.items() if state is not State.HELD_OUT)
    joined = [row for row in rows if row.state in _JOINED]
    bars = [Bar("invited", invited), Bar("joined", sum(row.number for row in joined))]
    bars += [Bar(step, _done(joined, step, terms)) for step in terms.tasks]
    months = [month for month in _MONTHS if month < terms.streak.months]
    bars += [
        Bar(f"{month} months done", sum(r.number for r in joined if r.month >= month))
        for month in (months if terms.has_streak else ())
    ]
    ended = states[State.SETTLING] + states[State.DONE]
    lost = [
        Bar(state.value.replace("_", " "), states[state], is_lost=True)
        for state in _LOST
        if states[state]
    ]
    return (*bars, Bar("goal reached", ended), *lost)


def _done(joined: list[Census], step: str, terms: Campaign) -> int:
    """Count who has this step behind them: a later one is open for them, or none any more."""
    order = [*terms.tasks, STREAK, ""]
    later = order[order.index(step) + 1 :]
    return sum(r.number for r in joined if r.state != State.STEPS or r.step in later)


async def painted(funnel: Funnel) -> bytes | None:
    """Have a funnel drawn by a process of its own; None if that fails, and the words go alone."""
    pipe = asyncio.subprocess.PIPE
    easel = await asyncio.create_subprocess_exec(*EASEL, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(DRAWN_WITHIN_S):
            picture, said = await easel.communicate(msgspec.json.encode(funnel))
    except TimeoutError:
        said, picture = b"took too long", b""
    finally:
        if easel.returncode is None:
            easel.kill()
            await easel.wait()
    if easel.returncode != 0:
        log.error("funnel_not_drawn", said=said.decode(errors="replace")[-300:])
        return None
    return picture
