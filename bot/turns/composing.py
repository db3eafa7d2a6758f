"""Composing a turn: the wishes of the core become changes of the store, words included."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from bot.turns.erasing import forgotten, unwanted, voided
from bot.turns.house import House
from bot.turns.journal import JOURNAL, entry
from bot.turns.saying import Reply, Speaker
from flows import standing
from flows.advance import advance
from flows.credit import CreditState, credit_id
from flows.customer import Address, Contact, Customer
from flows.effects import (
    AskPerson,
    Credit,
    Effect,
    Erase,
    KeepWords,
    Listen,
    Release,
    Request,
    Reserve,
    Say,
    Silence,
    Sleep,
    Wake,
)
from flows.events import Erased, Event
from flows.journey import Journey
from flows.lines import ConsentAsked
from storage.changes import (
    AskQuestion,
    Book,
    CancelQueued,
    Change,
    ClearWake,
    HoldWords,
    OpenRequest,
    PutContact,
    PutCredit,
    PutJourney,
    SetWake,
    Suppress,
    Unsuppress,
)
from storage.memory import CreditRow, Memory


class Composition(Speaker):
    """One customer's turn in the making: events go in, changes pile up."""

    def __init__(self, house: House, memory: Memory, customer: Customer, now: datetime) -> None:
        journey = memory.journey or Journey(customer.number, customer.language)
        super().__init__(house, customer, journey, now)
        self._memory = memory
        self._entries = memory.entries
        self._tail = memory.tail

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
        self._speak([*before, *(e for e in outcome.effects if isinstance(e, Say))], reply)
        if Erase() in outcome.effects:
            self.erase(source)

    def _speak(self, says: list[Say], reply: Reply | None) -> None:
        """Say what there is to say, and note in the journey which words ask for consent."""
        self.say(says, reply)
        for say in says:
            if isinstance(say.line, ConsentAsked):
                shown = self.keep_consent(say.line, reply)
                if shown is not None:
                    self.take(shown, "ourselves")

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
