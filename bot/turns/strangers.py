"""Strangers learn nothing and leave no row that names them.

One neutral answer, an emergency is always answered, STOPP is kept as a keyed hash.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.channels.channel import Choice, Inbound, Message
from bot.turns.house import House
from bot.turns.routing import PRIORITIES
from bot.turns.saying import encode
from flows.customer import Address
from flows.effects import Purpose
from flows.intent import Intent
from flows.journey import Stage
from flows.lines import Emergency, Line, NotInvited, OptedOut
from messages.hearing import Hearing
from messages.wording import NO_LINKS, Wording
from storage.changes import Change, CountStranger, Enqueue, PutContact, Suppress, Unsuppress
from storage.memory import Memory

STRANGER_QUIET = timedelta(days=30)


def is_stranger(memory: Memory, address: Address) -> bool:
    """Tell whether this address is nobody's, or of somebody who must not know of the programme."""
    customer, journey = memory.customer, memory.journey
    if customer is None or journey is None or customer.contact(address) is None:
        return True
    return journey.stage in (Stage.NEW, Stage.HELD_OUT)


def answer(
    house: House, memory: Memory, inbound: Inbound, hearing: Hearing, now: datetime
) -> tuple[Change, ...]:
    """Answer at most once, neutrally; an emergency always, STOPP by silence for good.

    A tap is answered too: what is left of a customer's chat turns into the neutral answer.
    """
    keyed = house.keys.of_address(known_by(inbound))
    if hearing.intent is Intent.EMERGENCY:
        return (_say(house, Emergency(), inbound, now),)
    if hearing.intent is Intent.OPT_OUT:
        suppress = Suppress(keyed, "stranger", now)
        is_done = memory.is_suppressed and inbound.callback is None
        said = () if is_done or inbound.was_answered else (OptedOut(is_member=False),)
        return (suppress, *(_say(house, line, inbound, now) for line in said))
    opened: tuple[Change, ...] = ()
    if memory.is_suppressed and hearing.intent is Intent.OPT_IN:
        opened = (Unsuppress(keyed), *_opened(memory, inbound.address))
    if inbound.callback is not None:
        return (*opened, _say(house, NotInvited(), inbound, now))
    is_silent = memory.is_suppressed and not opened
    if is_silent or memory.stranger_answered_at is not None or inbound.was_answered:
        return opened
    counted = CountStranger(keyed, now, now + STRANGER_QUIET)
    return (*opened, counted, _say(house, NotInvited(), inbound, now))


def known_by(inbound: Inbound) -> Address:
    """Tell by which address a stranger is remembered: the number they have shown to be theirs.

    So who was told to share it is answered once more, and the same for every number.
    """
    return inbound.proven_phone or inbound.address


def _say(house: House, line: Line, inbound: Inbound, now: datetime) -> Change:
    """Queue an answer without a customer: its row goes when it is sent."""
    channel = inbound.address.channel
    language = inbound.language or house.wordbook.languages[0]
    wording = house.wordbook.word(line, language, channel, NO_LINKS)
    return Enqueue(
        lane=house.lanes.lane(channel) or channel.value,
        priority=PRIORITIES[Purpose.ANSWER],
        recipient=inbound.address.uri,
        line=type(line).__name__,
        body=encode(_message(wording, inbound)),
        due=now,
        created_at=now,
        is_unasked=False,
    )


def _message(wording: Wording, inbound: Inbound) -> Message:
    """Offer to share the number, and take the keyboard away from whoever has shared it.

    What takes the place of a tapped message cannot bring that keyboard.
    """
    has_shared, is_tap = inbound.proven_phone is not None, inbound.callback is not None
    buttons = () if has_shared or is_tap else wording.buttons
    offered = tuple(Choice(button.label) for button in buttons)
    return Message(
        wording.text,
        offered,
        replaces=inbound.message_ref,
        callback=inbound.callback,
        asks_contact=bool(offered),
        takes_keyboard=has_shared,
    )


def _opened(memory: Memory, address: Address) -> tuple[Change, ...]:
    """Open the address of somebody who was imported after STOPP and now says START."""
    contact = memory.customer.contact(address) if memory.customer else None
    if memory.customer is None or contact is None:
        return ()
    return (PutContact(memory.customer.number, replace(contact, opted_out_at=None)),)
