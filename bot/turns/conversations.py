"""Conversations: what somebody wrote or tapped is understood and answered in one turn, once.

Whoever is nobody's customer is answered by `strangers.py`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from msgspec import structs

from bot.channels.channel import Fault, Inbound, Reachability
from bot.turns.composing import Composition
from bot.turns.house import House
from bot.turns.inquiries import (
    FREE,
    NOTHING,
    Facts,
    Inquiries,
    Inquiry,
    fact_for,
    follows_answer,
    is_attended,
    unfound,
)
from bot.turns.personal_links import TELEGRAM_LINK, UNSUBSCRIBE_LINK
from bot.turns.saying import Reply
from bot.turns.strangers import answer, is_stranger, known_by
from bot.turns.turn import has_room
from flows.customer import Address, Channel, Customer
from flows.effects import Say
from flows.events import AddressLinked, Event, Heard, TelegramStarted
from flows.intent import Intent
from flows.journey import Journey, Stage
from flows.lines import ButtonOutdated, MovedToTelegram
from flows.standing import scene_of
from messages.hearing import Hearing, Spoken, listen, understand
from storage.changes import Change, Decision, Quarantine, Remember, SpendLink, Suppress
from storage.memory import InboxKey, Key, Memory
from storage.store import Store

_CODE = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Conversations:
    """Answers what the channels hear."""

    store: Store
    house: House
    poke: Callable[[], None]
    facts: Facts | None = None  # what the operator's systems tell just now

    # --- what channels hear

    async def heard(self, inbound: Inbound) -> None:
        """Answer a message or a tap, once; a stranger learns nothing."""
        if inbound.proven_phone is not None and await self.store.customer_at(inbound.address):
            # An account that is one customer's already does not become another's.
            inbound = structs.replace(inbound, proven_phone=None, intent=Intent.STATUS)
        code = inbound.code or _typed_code(inbound.text)
        spoken = listen(inbound.text, inbound.address.channel)
        inquiry = await self.inquiries.look(inbound, spoken)
        key = Key(
            address=inbound.proven_phone or inbound.address,
            address_hash=self.house.keys.of_address(known_by(inbound)),
            link_hash=self.house.keys.of_link(code) if code else None,
            inbox=InboxKey(inbound.source, inbound.provider_id),
            with_question=inquiry is not None,
        )
        found = inquiry or NOTHING
        gone = await self.store.turn(key, lambda memory: self._hear(memory, inbound, spoken, found))
        if gone is not None:
            self.house.forgotten(gone)
            await self.store.rights.scrub()
        self.poke()

    @property
    def inquiries(self) -> Inquiries:
        """Give what looks into free texts before their turn."""
        return Inquiries(self.store, self.house, self.facts)

    def _hear(
        self, memory: Memory, inbound: Inbound, spoken: Spoken, inquiry: Inquiry
    ) -> Decision[str | None]:
        """Answer; gives the number of the customer who is forgotten by it, if one is."""
        if memory.seen is not None:
            return Decision(None)
        now = self.house.clock()
        remember = Remember(InboxKey(inbound.source, inbound.provider_id), b"", "", now)
        if (linked := self._link(memory, inbound, now)) is not None:
            return Decision(None, (remember, *linked))
        hearing = self._understand(memory, inbound, spoken)
        if is_stranger(memory, inbound.address):
            return Decision(None, (remember, *answer(self.house, memory, inbound, hearing, now)))
        assert memory.customer is not None  # noqa: S101 - strangers have been answered
        turn = Composition(self.house, memory, memory.customer, now)
        turn.note_use(inbound.address)
        reply = _reply(inbound)
        if _is_outdated(inbound, turn):
            hearing = Hearing(Intent.STATUS, None, is_exact=True)
            reply.toast = turn.word(ButtonOutdated(), inbound.address).text
        event = self._said(memory, inbound, hearing, now)
        missed: tuple[Change, ...] = ()
        before: tuple[Say, ...] = ()
        if isinstance(event, Heard):
            event = _inquired(event, inquiry, memory) if event.intent in FREE else event
            fact = fact_for(inquiry, turn.journey, event)
            before = (Say(fact),) if fact else ()
            missed = () if event.is_attended else unfound(inquiry, now)
        turn.take(event, inbound.source, reply, before)
        return Decision(turn.forgotten, (remember, *turn.finish(), *missed))

    def _understand(self, memory: Memory, inbound: Inbound, spoken: Spoken) -> Hearing:
        if inbound.intent is not None:
            return Hearing(inbound.intent, inbound.language, is_exact=True)
        known = memory.journey.language if memory.journey else None
        language = known or inbound.language or self.house.wordbook.languages[0]
        return understand(spoken, language)

    def _said(self, memory: Memory, inbound: Inbound, hearing: Hearing, now: datetime) -> Event:
        if inbound.is_start:
            return TelegramStarted(at=now)
        return Heard(
            at=now,
            intent=hearing.intent,
            channel=inbound.address.channel,
            message_id=inbound.provider_id,
            language=hearing.language,
            has_room=has_room(memory, self.house.terms),
        )

    # --- linking a Telegram account

    def _link(self, memory: Memory, inbound: Inbound, now: datetime) -> tuple[Change, ...] | None:
        """Make an account a customer's address, by a valid code or by their own contact card."""
        customer, journey = memory.customer, memory.journey
        if inbound.address.channel is not Channel.TELEGRAM or customer is None or journey is None:
            return None
        proof = _valid_link(memory, inbound, now, self.house)
        if not proof and inbound.proven_phone is None:
            return None
        if journey.stage in (Stage.NEW, Stage.HELD_OUT):
            return None
        is_first = customer.contact(inbound.address) is None
        turn = Composition(self.house, memory, customer, now)
        turn.note_use(inbound.address)
        reply = _reply(inbound)
        # Whoever wrote here as a stranger has been shown the keyboard that shares the number.
        was_stranger = memory.stranger_answered_at is not None or inbound.proven_phone is not None
        reply.takes_keyboard = is_first and was_stranger
        turn.take(AddressLinked(at=now, is_first=is_first), inbound.source, reply)
        phone = next((c for c in customer.contacts if c.address.channel is Channel.SMS), None)
        if is_first and phone is not None and phone.is_open:
            turn.tell(Say(MovedToTelegram()), phone.address)
        return (*proof, *turn.finish())

    # --- reachability

    async def reached(self, change: Reachability) -> None:
        """Note that an address blocked us or took us back; neither is an opt-in."""
        inbox = InboxKey(change.source, change.provider_id)

        def decide(memory: Memory) -> Decision[None]:
            now = self.house.clock()
            if memory.seen is not None or memory.customer is None:
                return Decision(None)
            turn = Composition(self.house, memory, memory.customer, now)
            turn.set_blocked(change.address, is_blocked=change.is_blocked)
            return Decision(None, (Remember(inbox, b"", "", now), *turn.changes))

        await self.store.turn(Key(address=change.address, inbox=inbox), decide)

    async def refused(self, address: Address, fault: Fault) -> None:
        """Close an address that a provider called dead, blocked or opted out."""
        keyed = self.house.keys.of_address(address)

        def decide(memory: Memory) -> Decision[None]:
            now, is_out = self.house.clock(), fault is Fault.OPTED_OUT
            suppressed = (Suppress(keyed, "provider", now),) if is_out else ()
            if memory.customer is None:
                return Decision(None, suppressed)
            turn = Composition(self.house, memory, memory.customer, now)
            if is_out:
                said = Heard(at=now, intent=Intent.OPT_OUT, channel=address.channel)
                turn.take(said, "provider", Reply(address, is_heard=False))
            elif fault in (Fault.ADDRESS, Fault.BLOCKED):
                turn.set_blocked(address, is_blocked=True)
            return Decision(None, (*suppressed, *turn.finish()))

        await self.store.turn(Key(address=address), decide)

    async def unsubscribed(self, token: str) -> None:
        """Take the one-click way out of an e-mail as a STOP on all channels; nobody is answered."""
        keyed = self.house.keys.of_link(token)

        def decide(memory: Memory) -> Decision[None]:
            now, link = self.house.clock(), memory.link
            if link is None or link.purpose != UNSUBSCRIBE_LINK or memory.customer is None:
                return Decision(None)
            turn = Composition(self.house, memory, memory.customer, now)
            said = Heard(at=now, intent=Intent.OPT_OUT, channel=Channel.EMAIL)
            turn.take(said, "unsubscribe", Reply(_mailbox(memory.customer), is_heard=False))
            return Decision(None, turn.finish())

        await self.store.turn(Key(link_hash=keyed), decide)

    async def bounced(self, token: str) -> bool:
        """Close the mailbox from which a letter came back; False if no letter is known by it."""
        keyed = self.house.keys.of_link(token)

        def decide(memory: Memory) -> Decision[bool]:
            link = memory.link
            if link is None or link.purpose != UNSUBSCRIBE_LINK or memory.customer is None:
                return Decision(answer=False)
            turn = Composition(self.house, memory, memory.customer, self.house.clock())
            turn.set_blocked(_mailbox(memory.customer), is_blocked=True)
            return Decision(answer=True, changes=turn.finish())

        return await self.store.turn(Key(link_hash=keyed), decide)

    async def undecodable(self, source: str, provider_id: str, body: bytes, reason: str) -> None:
        """Keep what nobody can read, once, and pass over it."""
        inbox = InboxKey(source, provider_id)

        def decide(memory: Memory) -> Decision[None]:
            now = self.house.clock()
            if memory.seen is not None:
                return Decision(None)
            kept = Quarantine(inbox, body, reason, now)
            return Decision(None, (Remember(inbox, b"", "", now), kept))

        await self.store.turn(Key(inbox=inbox), decide)


def _typed_code(text: str) -> str | None:
    """Find a link's code that somebody typed by hand; old clients send a bare /start."""
    words = text.split()
    return words[0] if len(words) == 1 and _CODE.fullmatch(words[0]) else None


def _valid_link(
    memory: Memory, inbound: Inbound, now: datetime, house: House
) -> tuple[Change, ...]:
    """Spend a code that is unspent, in time, and made for this purpose; else nothing."""
    link, code = memory.link, inbound.code or _typed_code(inbound.text)
    if link is None or code is None or link.purpose != TELEGRAM_LINK:
        return ()
    if link.spent_at is not None or now >= link.expires_at or memory.customer is None:
        return ()
    # An account that is one customer's already does not become another's.
    if link.customer != memory.customer.number:
        return ()
    return (SpendLink(house.keys.of_link(code), now),)


def _mailbox(customer: Customer) -> Address:
    """Give the address that an e-mail went to; whoever has a link has one."""
    mailboxes = (c.address for c in customer.contacts if c.address.channel is Channel.EMAIL)
    return next(mailboxes, customer.contacts[0].address)


def _is_outdated(inbound: Inbound, turn: Composition) -> bool:
    """Tell whether a button was tapped whose moment has passed, or that was never ours."""
    has_moved = inbound.scene is not None and inbound.scene != scene_of(turn.journey, turn.terms)
    is_done = inbound.callback is not None and _is_obeyed(inbound.intent, turn.journey)
    return inbound.is_outdated or has_moved or is_done


def _is_obeyed(intent: Intent | None, journey: Journey) -> bool:
    """Tell whether a tapped STOP holds already; typed again it is met by silence, which spins."""
    return intent is Intent.OPT_OUT and journey.is_silent


def _inquired(heard: Heard, inquiry: Inquiry, memory: Memory) -> Heard:
    """Add what was found out about a free text, and whether a person of ours is talking."""
    return replace(
        heard,
        topic=inquiry.topic,
        offered=inquiry.offered,
        pick=inquiry.pick,
        remark=inquiry.remark,
        is_attended=is_attended(memory.question),
        follows_answer=follows_answer(memory.question, heard.at),
    )


def _reply(inbound: Inbound) -> Reply:
    return Reply(
        inbound.address,
        text=inbound.text,
        # A person is asked below what was answered, not in its place: it is still worth reading.
        replaces=None if inbound.intent is Intent.PERSON else inbound.message_ref,
        callback=inbound.callback,
        is_heard=not inbound.was_answered,
    )
