"""Saying: what a turn has to say becomes words, words a message, and that leaves or is shown."""

import hashlib
from dataclasses import dataclass, fields, replace
from datetime import datetime

import msgspec

from bot.channels.channel import Choice, Message
from bot.turns.house import House
from bot.turns.personal_links import PersonalLinks
from bot.turns.routing import PRIORITIES, choose, is_worth_twice, leaves_to, use_by
from flows import standing
from flows.campaign import Campaign
from flows.credit import credit_id
from flows.customer import Address, Channel, Customer
from flows.effects import Purpose, Say
from flows.events import ConsentShown
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
from storage.changes import Change, Enqueue, KeepText, Show

# What old buttons must not do by themselves; to look something up is always right.
ACTS = frozenset({Intent.JOIN, Intent.DECLINE, Intent.LEAVE, Intent.ERASE, Intent.OBJECT})
_PARTS = tuple(field.name for field in fields(Message))


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


class Speaker:
    """The one who finds words for a customer: they pile up among the changes of the turn."""

    def __init__(self, house: House, customer: Customer, journey: Journey, now: datetime) -> None:
        self._house = house
        self._now = now
        self.customer = customer
        self.journey = journey
        self.changes: list[Change] = []
        self._erased_by: str | None = None

    @property
    def terms(self) -> Campaign:
        """Give the terms that hold for this customer."""
        return self._house.terms.of(self.journey)

    def say(self, says: list[Say], reply: Reply | None) -> None:
        """Put answers of one turn into one message; everything else leaves by itself."""
        answers = [say for say in says if say.purpose is Purpose.ANSWER and reply is not None]
        if answers and reply is not None:
            reply.answered += tuple(say.line for say in answers)
        if answers and reply is not None and reply.is_heard:
            wordings = [self.word(say.line, reply.address) for say in answers]
            if reply.takes_keyboard:
                # A message takes the keyboard away or carries buttons, never both.
                greeting = replace(_message_of(wordings.pop(0)), choices=(), takes_keyboard=True)
                self._send(answers[0], reply.address, greeting)
            if wordings:
                self._send(answers[-1], reply.address, _merged(wordings, reply))
        for say in says:
            if say not in answers:
                self.tell(say)

    def tell(self, say: Say, address: Address | None = None) -> None:
        """Say something unasked, at the address that suits; where there is none, on their page."""
        contact = choose(self.customer, say.purpose, self._house.lanes)
        to = address or (contact.address if contact else None)
        if to is not None:
            self._send(say, to, _message_of(self.word(say.line, to)))
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
        due = leaves_to(self.customer, say.purpose, self._now, self.terms)
        if due is None:
            return
        message = _bound_to(message, self.journey, self.terms)
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
        body, name = encode(_message_of(wording)), type(line).__name__
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

    def keep_consent(self, line: ConsentAsked, reply: Reply | None) -> ConsentShown | None:
        """Keep the exact words that a JA will refer to; None where they reach nobody."""
        contact = choose(self.customer, Purpose.ANSWER, self._house.lanes)
        address = reply.address if reply else (contact.address if contact else None)
        if address is None:
            return None
        text = self.word(line, address).text
        text_hash = hashlib.sha256(text.encode()).hexdigest()
        language = self.journey.language
        self.changes.append(KeepText(text_hash, text, line.version, language))
        return ConsentShown(
            at=self._now, text_hash=text_hash, version=line.version, language=language
        )


def encode(message: Message) -> str:
    """Write a message as the outbox keeps it, without what it does not have: rows are many."""
    parts = {name: part for name in _PARTS if (part := getattr(message, name))}
    return msgspec.json.encode({"text": message.text, **parts}).decode()


def _bound_to(message: Message, journey: Journey, terms: Campaign) -> Message:
    """Let buttons that act mean something only while the dialogue stands where it stands."""
    if not any(choice.intent in ACTS for choice in message.choices):
        return message
    scene = standing.scene_of(journey, terms)
    choices = (replace(c, scene=scene) if c.intent in ACTS else c for c in message.choices)
    return replace(message, choices=tuple(choices))


def _message_of(wording: Wording) -> Message:
    return Message(wording.text, _choices(wording), wording.subject, card=wording.card)


def _merged(wordings: list[Wording], reply: Reply) -> Message:
    last = wordings[-1]
    return Message(
        "\n\n".join(wording.text for wording in wordings),
        _choices(last),
        last.subject,
        replaces=reply.replaces,
        callback=reply.callback,
        toast=reply.toast,
        card=last.card,
    )


def _choices(wording: Wording) -> tuple[Choice, ...]:
    return tuple(Choice(b.label, b.intent, b.url, topic=b.topic) for b in wording.buttons)
