"""Composing a turn: the wishes of the core become changes of the store, words included."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from bot.channels.channel import Choice, Message
from bot.turns.erasing import forgotten, unwanted, voided
from bot.turns.house import House
from bot.turns.journal import JOURNAL, entry
from bot.turns.personal_links import PersonalLinks
from bot.turns.routing import PRIORITIES, choose, is_worth_twice, leaves_at, use_by
from flows import standing
from flows.advance import advance
from flows.campaign import Campaign
from flows.credit import CreditState, credit_id
from flows.customer import Address, Channel, Contact, Customer
from flows.effects import (
    AskPerson,
    Credit,
    Effect,
    Erase,
    KeepWords,
    Listen,
    Purpose,
    Release,
    Request,
    Reserve,
    Say,
    Silence,
    Sleep,
    Wake,
)
from flows.events import ConsentShown, Erased, Event
from flows.intent import Intent
from flows.journey import Journey
from flows.lines import (
    ConsentAsked,
    CreditDelayed,
    Credited,
    CreditRejected,
    CreditTakenBack,
    GoalReached,
    Line,
)
from messages.segments import count
from messages.wording import Wording
from storage.changes import (
    AskQuestion,
    Book,
    CancelQueued,
    Change,
    ClearWake,
    Enqueue,
    HoldWords,
    KeepText,
    OpenRequest,
    PutContact,
    PutCredit,
    PutJourney,
    SetWake,
    Show,
    Suppress,
    Unsuppress,
)
from storage.memory import CreditRow, Memory

# What old buttons must not do by themselves; to look something up is always right.
ACTS = frozenset({Intent.JOIN, Intent.DECLINE, Intent.LEAVE, Intent.ERASE, Intent.OBJECT})


@dataclass(slots=True)
class Reply:
    """To whom an answer goes: the address that spoke, and what was tapped there."""

    address: Address
    replaces: str | None = None
    callback: str | None = None
    toast: str | None = None
    is_heard: bool = True  # False: the provider has answered already, or the page will show it
    answered: tuple[Line, ...] = ()  # what was said in answer
    text: str = ""  # what was said, for people to read; the journal never holds it
    takes_keyboard: bool = False  # the number was shared: its keyboard has done its work


class Composition:
    """One customer's turn in the making: events go in, changes pile up."""

    def __init__(self, house: House, memory: Memory, customer: Customer, now: datetime) -> None:
        self._house = house
        self._memory = memory
        self._now = now
        self._entries = memory.entries
        self._tail = memory.tail
        self.customer = customer
        self.journey = memory.journey or Journey(customer.number, customer.language)
        self.changes: list[Change] = []
        self._erased_by: str | None = None

    @property
    def terms(self) -> Campaign:
        """Give the terms that hold for this customer."""
        return self._house.terms.of(self.journey)

    def take(
        self,
        event: Event,
        source: str,
        reply: Reply | None = None,
        before: tuple[Say, ...] = (),
    ) -> None:
        """Advance the journey by one event, journal it, and carry out what it asks for.

        `before`: what the shell knows and says before the answer, in the same message.
        """
        outcome = advance(self.journey, event, self.terms)
        self.journey = outcome.journey
        row = entry(
            self.customer.number,
            n=self._entries + 1,
            tail=self._tail,
            event=event,
            source=source,
            effects=outcome.effects,
        )
        self._entries, self._tail = row.n, row.hash
        self.changes.append(row)
        for effect in outcome.effects:
            if not isinstance(effect, Say | Erase):
                self.changes.extend(self._change(effect, reply))
        if Erase() in outcome.effects:
            self._erased_by = source  # already: the last message must not outlive them
        self._say([*before, *(e for e in outcome.effects if isinstance(e, Say))], reply)
        if Erase() in outcome.effects:
            self.erase(source)

    @property
    def forgotten(self) -> str | None:
        """Give the number of the customer whom this turn forgets, if it does."""
        return self.customer.number if self._erased_by is not None else None

    def erase(self, source: str) -> None:
        """Let the customer be forgotten when this turn is closed."""
        self._erased_by = source
        if self._memory.journey is None:
            return  # imported, and never invited
        void = tuple(voided(self._memory, self._now))
        self.changes.extend(void)
        steps = tuple(change.credit.step for change in void)
        self.take(Erased(at=self._now, voided=steps), source)

    def finish(self) -> tuple[Change, ...]:
        """Close the turn: where the customer stands now is written last."""
        if self._erased_by is not None:
            return (*self.changes, *self._forgotten(self._erased_by))
        journey, terms = self.journey, self.terms
        state = standing.state_of(journey, terms).value
        step = standing.step_of(journey, terms)
        put = PutJourney(journey, state, step, journey.months_told, self._now, self._seal())
        return (*self.changes, put)

    def _seal(self) -> bytes | None:
        """Seal the journal's end, unless rows are missing before it: then the old seal shows it."""
        keys, memory = self._house.keys, self._memory
        is_new = memory.seal is None and memory.entries == 0
        if is_new or memory.seal == keys.of_end(JOURNAL, memory.entries, memory.tail):
            return keys.of_end(JOURNAL, self._entries, self._tail)
        return memory.seal

    def _forgotten(self, source: str) -> Iterator[Change]:
        house, who, journey = self._house, self.customer, self.journey
        yield from unwanted(house, who, journey, self._now)
        left = journey if self._memory.journey else None
        yield from forgotten(house, who, left, self._tail, self._now, source)

    # --- wishes without words

    def _change(self, effect: Effect, reply: Reply | None) -> Iterator[Change]:
        number = self.customer.number
        match effect:
            case Credit():
                yield PutCredit(self._earned(effect))
            case Wake():
                yield SetWake(number, effect.slot, effect.what, effect.at, effect.gate)
            case Sleep():
                yield ClearWake(number, effect.slot)
            case Reserve():
                yield self._book("reserve", "budget", f"liability:{number}", effect.megabytes)
            case Release():
                yield self._book("release", f"liability:{number}", "released", effect.megabytes)
            case Silence():
                yield from self._silence()
            case Listen():
                yield from self._listen(reply)
            case AskPerson() | KeepWords():
                yield from self._for_people(effect, reply)
            case Say() | Erase():
                raise TypeError("words are put together by _say, and forgetting comes last")

    def _for_people(self, effect: AskPerson | KeepWords, reply: Reply | None) -> Iterator[Change]:
        """Put before people what the customer wants, in the customer's own words."""
        number, said = self.customer.number, reply.text if reply else ""
        match effect:
            case KeepWords():
                if said:
                    yield HoldWords(number, said, self._now)
            case AskPerson(request=Request.PERSON) if reply is not None:
                yield AskQuestion(number, reply.address, said, self._now)
            case AskPerson():
                yield OpenRequest(number, effect.request, effect.about, self._now)

    def _earned(self, effect: Credit) -> CreditRow:
        name = self.terms.name
        return CreditRow(
            id=credit_id(name, self.customer.number, effect.step),
            customer=self.customer.number,
            step=effect.step,
            cycle=1,
            megabytes=effect.megabytes,
            state=CreditState.EARNED,
            earned_at=self._now,
            moved_at=self._now,
            poll_at=self._now,
        )

    def _book(self, what: str, from_: str, to: str, megabytes: int) -> Book:
        entries = ((from_, -megabytes), (to, megabytes))
        return Book(self._now, what, self.customer.number, entries)

    def _silence(self) -> Iterator[Change]:
        """STOPP on one channel silences all of them, whatever is queued included."""
        for contact in self.customer.contacts:
            yield self._put(replace(contact, opted_out_at=contact.opted_out_at or self._now))
            keyed = self._house.keys.of_address(contact.address)
            yield Suppress(keyed, "customer", self._now)
        yield CancelQueued(self.customer.number, "opted_out", self._now)

    def _listen(self, reply: Reply | None) -> Iterator[Change]:
        """START opens the channel on which it was said, and no other."""
        contact = self.customer.contact(reply.address) if reply else None
        if contact is not None:
            yield self._put(replace(contact, opted_out_at=None, blocked_at=None))
            yield Unsuppress(self._house.keys.of_address(contact.address))

    def _put(self, contact: Contact) -> PutContact:
        others = tuple(c for c in self.customer.contacts if c.address != contact.address)
        self.customer = replace(self.customer, contacts=(*others, contact))
        return PutContact(self.customer.number, contact)

    def note_use(self, address: Address) -> None:
        """Remember that the customer spoke here: what is unasked goes here from now on."""
        known = self.customer.contact(address) or Contact(address)
        self.changes.append(self._put(replace(known, used_at=self._now)))

    def set_blocked(self, address: Address, *, is_blocked: bool) -> None:
        """Remember that an address is closed to us, or open again."""
        contact = self.customer.contact(address)
        if contact is not None:
            at = self._now if is_blocked else None
            self.changes.append(self._put(replace(contact, blocked_at=at)))

    def set_opted_out(self, address: Address) -> None:
        """Remember that nothing unasked may be sent to one address; the others stay as they are."""
        contact = self.customer.contact(address)
        if contact is not None:
            self.changes.append(self._put(replace(contact, opted_out_at=self._now)))

    # --- wishes with words

    def _say(self, says: list[Say], reply: Reply | None) -> None:
        """Put answers of one turn into one message; everything else leaves by itself."""
        answers = [say for say in says if say.purpose is Purpose.ANSWER and reply is not None]
        if answers and reply is not None:
            reply.answered += tuple(say.line for say in answers)
        if answers and reply is not None and reply.is_heard:
            wordings = [self.word(say.line, reply.address) for say in answers]
            if reply.takes_keyboard:
                # A message takes the keyboard away or carries buttons, never both.
                greeting = replace(_message(wordings.pop(0)), choices=(), takes_keyboard=True)
                self._send(answers[0], reply.address, greeting)
            if wordings:
                self._send(answers[-1], reply.address, _merged(wordings, reply))
        for say in says:
            if say not in answers:
                self.tell(say)
        for say in says:
            if isinstance(say.line, ConsentAsked):
                self._show_consent(say.line, reply)

    def tell(self, say: Say, address: Address | None = None) -> None:
        """Say something unasked, at the address that suits; where there is none, on their page."""
        contact = choose(self.customer, say.purpose, self._house.lanes)
        to = address or (contact.address if contact else None)
        if to is not None:
            self._send(say, to, _message(self.word(say.line, to)))
        elif self._may_show(say):
            self._show(say.line)

    def word(self, line: Line, address: Address) -> Wording:
        """Find the words of a line for this customer; links are minted as they are used."""
        links = PersonalLinks(self._house, self.customer, self._now)
        language = self.journey.language
        wording = self._house.wordbook.word(line, language, address.channel, links)
        self.changes.extend(links.minted)
        return wording

    def _send(self, say: Say, to: Address, message: Message) -> None:
        lane = self._house.lanes.lane(to.channel)
        if lane is None:
            return
        due = leaves_at(say.purpose, self._now, self.terms)
        message = _bound_to(message, standing.scene_of(self.journey, self.terms))
        if to.channel is Channel.EMAIL:
            links = PersonalLinks(self._house, self.customer, self._now)
            message = replace(message, unsubscribe=links.unsubscribe)
            self.changes.extend(links.minted)
        row = Enqueue(
            lane=lane,
            priority=PRIORITIES[say.purpose],
            recipient=to.uri,
            line=type(say.line).__name__,
            body=encode(message),
            due=due,
            created_at=self._now,
            customer=None if self._erased_by else self.customer.number,
            use_by=use_by(say.purpose, due),
            cost=count(message.text).segments if to.channel is Channel.SMS else 1,
            is_unasked=say.purpose is not Purpose.ANSWER,
            may_resend=is_worth_twice(say.purpose, to.channel),
            about=self._about(say.line),
        )
        self.changes.append(row)

    def _may_show(self, say: Say) -> bool:
        """Tell whether members find it on their page; STOP silences that as well."""
        journey, is_served = self.journey, bool(self._house.public_url)
        is_wanted = journey.consent is not None and not journey.is_silent
        is_here = is_served and self._erased_by is None
        return is_wanted and is_here and say.purpose is not Purpose.INVITATION

    def _show(self, line: Line) -> None:
        number = self.customer.number
        wording = self.word(line, Address(f"page:{number}"))
        body, name = encode(_message(wording)), type(line).__name__
        self.changes.append(Show(number, name, body, self._now, self._about(line)))

    def _about(self, line: Line) -> str | None:
        """Tie what is said about a credit to it, so that it is said once."""
        match line:
            case Credited() | CreditDelayed() | CreditRejected() | CreditTakenBack():
                step = line.step
            case GoalReached():
                step = "streak"
            case _:
                return None
        return str(credit_id(self.terms.name, self.customer.number, step))

    def _show_consent(self, line: ConsentAsked, reply: Reply | None) -> None:
        """Keep the exact words that a JA will refer to, and note their hash in the journey."""
        contact = choose(self.customer, Purpose.ANSWER, self._house.lanes)
        address = reply.address if reply else (contact.address if contact else None)
        if address is None:
            return
        text = self.word(line, address).text
        text_hash = hashlib.sha256(text.encode()).hexdigest()
        language = self.journey.language
        self.changes.append(KeepText(text_hash, text, line.version, language))
        shown = ConsentShown(
            at=self._now, text_hash=text_hash, version=line.version, language=language
        )
        self.take(shown, "ourselves")


def encode(message: Message) -> str:
    """Write a message as the outbox keeps it, without what it does not have: rows are many."""
    parts = {name: part for name, part in msgspec.to_builtins(message).items() if part}
    return msgspec.json.encode({"text": message.text, **parts}).decode()


def _bound_to(message: Message, scene: str) -> Message:
    """Let buttons that act mean something only while the dialogue stands where it stands."""
    choices = (replace(c, scene=scene) if c.intent in ACTS else c for c in message.choices)
    return replace(message, choices=tuple(choices))


def _message(wording: Wording) -> Message:
    choices = tuple(Choice(b.label, b.intent, b.url, topic=b.topic) for b in wording.buttons)
    return Message(wording.text, choices, wording.subject, card=wording.card)


def _merged(wordings: list[Wording], reply: Reply) -> Message:
    last = _message(wordings[-1])
    text = "\n\n".join(wording.text for wording in wordings)
    return replace(
        last, text=text, replaces=reply.replaces, callback=reply.callback, toast=reply.toast
    )
