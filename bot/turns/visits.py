"""Visits: what a customer reads and does on their own page, which a personal link opens.

Whoever has the link is the customer, so what is done here goes the same way as what is said in a
chat: one turn, one journal, the same proofs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.turns.composing import Composition
from bot.turns.house import House
from bot.turns.personal_links import PAGE_LINK, PersonalLinks, revealed
from bot.turns.saying import ACTS, Reply
from bot.turns.turn import has_room
from flows.campaign import Campaign
from flows.customer import Address, Channel, Customer
from flows.events import AccessNeeded, ChannelClosed, Event, Heard
from flows.intent import Intent
from flows.journey import Journey, Stage
from flows.standing import scene_of
from messages.wording import name_of
from storage.changes import Change, Decision, Remember, RevokeLinks, Suppress
from storage.memory import InboxKey, Key, Memory
from storage.store import Store

SOURCE = "page"
_UNKNOWN = (Stage.NEW, Stage.HELD_OUT)  # they must not learn that there is a programme


@dataclass(frozen=True, slots=True)
class Visit:
    """One customer on their page, and everything that the page may show."""

    customer: Customer
    journey: Journey
    terms: Campaign
    memory: Memory
    at: datetime

    @property
    def scene(self) -> str:
        """Name where the dialogue stands; a form that was made elsewhere does nothing."""
        return scene_of(self.journey, self.terms)


@dataclass(frozen=True, slots=True)
class Form:
    """What every form of the page carries: its own name, and the scene it was made in."""

    once: str
    scene: str


class Said(StrEnum):
    """What the page answers beside the lines of the programme."""

    DONE = "done"
    CHANGED = "changed"  # the page was older than where the customer stands
    CHANNEL_ON = "channel_on"
    CHANNEL_OFF = "channel_off"


@dataclass(frozen=True, slots=True)
class TurnedVisits:
    """Answers visits, each act in one turn."""

    store: Store
    house: House
    poke: Callable[[], None]

    # --- who comes

    async def visit(self, token: str, *, with_viewing: bool = False) -> Visit | None:
        """Let somebody in; unknown, expired and foreign tokens all cost the same look."""
        key = Key(link_hash=self.house.keys.of_link(token), with_viewing=with_viewing)
        memory = await self.store.turn(key, Decision)
        link = memory.link
        if link is None or link.purpose != PAGE_LINK or self.house.clock() >= link.expires_at:
            return None
        return self._visit(memory)

    def _visit(self, memory: Memory) -> Visit | None:
        if memory.customer is None or memory.journey is None or memory.journey.stage in _UNKNOWN:
            return None
        terms = self.house.terms.shown(memory.journey)
        return Visit(memory.customer, memory.journey, terms, memory, self.house.clock())

    # --- what they say

    async def say(
        self, visit: Visit, form: Form, intent: Intent, language: str | None = None
    ) -> str:
        """Take what a button means, once; gives the name of the line that answers it."""

        def act(turn: Composition, memory: Memory) -> str:
            reply = self._reply(turn.customer)
            said = Heard(
                at=self.house.clock(),
                intent=intent,
                channel=Channel.PAGE,
                message_id=f"{SOURCE}:{form.once}",
                language=language,
                has_room=has_room(memory, self.house.terms),
            )
            turn.take(said, SOURCE, reply)
            return name_of(type(reply.answered[0])) if reply.answered else Said.DONE.value

        return await self._once(visit, form, act, is_bound=intent in ACTS)

    async def declare_access(self, visit: Visit, form: Form) -> str:
        """Take the declaration of an accessibility need; no proof is asked."""

        def act(turn: Composition, memory: Memory) -> str:
            del memory
            turn.take(AccessNeeded(at=self.house.clock()), SOURCE)
            return Said.DONE.value

        return await self._once(visit, form, act)

    # --- what may be sent where

    async def open_channel(self, visit: Visit, form: Form, address: Address) -> str:
        """Take a START for one of the customer's addresses."""

        def act(turn: Composition, memory: Memory) -> str:
            del memory
            if turn.customer.contact(address) is None:
                return Said.CHANGED.value
            now, reply = self.house.clock(), Reply(address, is_heard=False)
            said = Heard(at=now, intent=Intent.OPT_IN, channel=Channel.PAGE)
            turn.take(said, SOURCE, reply)
            return Said.CHANNEL_ON.value

        return await self._once(visit, form, act)

    async def close_channel(self, visit: Visit, form: Form, address: Address) -> str:
        """Send nothing unasked there any more; the last open one is a STOP."""

        def act(turn: Composition, memory: Memory) -> str:
            del memory
            contact, now = turn.customer.contact(address), self.house.clock()
            if contact is None:
                return Said.CHANGED.value
            others = [c for c in turn.customer.contacts if c.is_open and c is not contact]
            event: Event = ChannelClosed(at=now, channel=address.channel)
            if not others:
                event = Heard(at=now, intent=Intent.OPT_OUT, channel=Channel.PAGE)
            turn.take(event, SOURCE, self._reply(turn.customer))
            if others:
                turn.set_opted_out(address)
                keyed = self.house.keys.of_address(address)
                turn.changes.append(Suppress(keyed, "customer", now))
            return Said.CHANNEL_OFF.value

        return await self._once(visit, form, act)

    # --- links

    async def renew(self, visit: Visit) -> str:
        """Let every link to the page lead nowhere; gives the address of a new one."""

        def decide(memory: Memory) -> Decision[str]:
            if memory.customer is None:
                return Decision("")
            links = PersonalLinks(self.house, memory.customer, self.house.clock())
            page = links.page or ""
            revoked = RevokeLinks(memory.customer.number, PAGE_LINK)
            return Decision(revealed(page, self.house.keys), (revoked, *links.minted))

        return await self.store.turn(Key(customer=visit.customer.number), decide)

    # --- how a turn is taken here

    async def _once(
        self,
        visit: Visit,
        form: Form,
        act: Callable[[Composition, Memory], str],
        *,
        is_bound: bool = False,
    ) -> str:
        """Take one form: sent again it changes nothing; `is_bound` to the scene it was made in."""
        number = visit.customer.number
        inbox = InboxKey(SOURCE, self.house.keys.seal("form", f"{number}\x1f{form.once}"))

        def decide(memory: Memory) -> Decision[str]:
            here = self._visit(memory)
            if here is None:
                return Decision(Said.CHANGED.value)
            if memory.seen is not None:
                return Decision(memory.seen.answer)
            if is_bound and form.scene != here.scene:
                return Decision(Said.CHANGED.value)
            now = self.house.clock()
            turn = Composition(self.house, memory, here.customer, now)
            said = act(turn, memory)
            remember: Change = Remember(inbox, b"", said, now)
            return Decision(said, (remember, *turn.finish()))

        said = await self.store.turn(Key(customer=number, inbox=inbox), decide)
        self.poke()
        return said

    @staticmethod
    def _reply(customer: Customer) -> Reply:
        """Answer on the page, which shows where the customer then stands: nothing is sent."""
        return Reply(Address(f"page:{customer.number}"), is_heard=False)
