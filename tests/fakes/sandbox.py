"""A house for the sandbox' doors that remembers nothing on disk: the real core, in plain words.

It stands in for storage, relay and carrier: turns are applied in memory, credits are booked half a
minute after they were earned, and messages reach the phones at once.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from starlette.applications import Starlette

from bot.carrier.feed import Result, Taken
from bot.channels.channel import Choice, Inbound, Message, Parcel
from bot.channels.simulator import Simulator
from bot.channels.simulator_phones import Phones, chat_of
from bot.channels.simulator_screens import Screens
from bot.clock import Mover, VirtualClock
from bot.web.simulator import routes
from bot.web.simulator_desk import (
    CreditShown,
    Desk,
    Document,
    Manager,
    NextShown,
    Person,
    Reason,
    Report,
    Standing,
    StreakShown,
)
from flows.advance import advance
from flows.agenda import agenda
from flows.customer import Address, Channel, Customer
from flows.effects import Credit, Effect, Purpose, Say, Sleep, Wake
from flows.events import (
    AddressLinked,
    AppInstalled,
    ConsentShown,
    ContractEnded,
    CreditMoved,
    Event,
    Feed,
    Heard,
    HotlineCalled,
    Invited,
    PortalRegistered,
    PortalUsed,
    VideoWatched,
    Woke,
)
from flows.intent import Intent
from flows.journey import Journey
from flows.lines import ConsentAsked, Invitation, Line
from flows.standing import state_of, step_of
from flows.steps.streak import window
from tests.cast import ALICE, BABAK, HEDY, TERMS

BOOKED_AFTER = timedelta(seconds=30)
TYPED = {
    "JOIN": Intent.JOIN,
    "JA": Intent.JOIN,
    "NO": Intent.DECLINE,
    "STOP": Intent.OPT_OUT,
    "START": Intent.OPT_IN,
    "STATUS": Intent.STATUS,
    "NEXT": Intent.NEXT,
    "SUPPORT": Intent.HELP,
    "OBJECT": Intent.OBJECT,
}


@dataclass(slots=True)
class Member:
    """What is remembered about one customer."""

    customer: Customer
    journey: Journey
    uses_telegram: bool = False
    wakes: dict[str, Wake] = field(default_factory=dict)
    bookings: list[tuple[datetime, Credit]] = field(default_factory=list)
    why: list[Reason] = field(default_factory=list)

    @property
    def phone(self) -> Address:
        """Give the number."""
        return self.customer.contacts[0].address


class House:
    """Answers as the bot does, in plain words."""

    def __init__(self, clock: VirtualClock, phones: Phones, people: Sequence[Customer]) -> None:
        self.clock = clock
        self.phones = phones
        self.members = {c.number: Member(c, Journey(c.number, c.language)) for c in people}
        self.watermarks: dict[Feed, datetime] = {}
        self.reports: dict[str, Report] = {}
        self.manager_said: list[tuple[Inbound, Document | None]] = []
        self.poke: Callable[[], None] = lambda: None
        self.before_turn: Callable[[], Awaitable[object]] | None = None
        self._senders = {
            channel: Simulator(channel, phones, clock)
            for channel in (Channel.SMS, Channel.TELEGRAM)
        }
        self._tags = count(1)

    # --- turns

    async def take(
        self, member: Member, event: Event, name: str, reply: Inbound | None = None
    ) -> None:
        """Advance one customer and carry out what the core wishes."""
        if self.before_turn is not None:
            await self.before_turn()
        outcome = advance(member.journey, event, TERMS)
        member.journey = outcome.journey
        told = ", ".join(_name(effect) for effect in outcome.effects)
        member.why.append(Reason(event.now, type(event).__name__, name, told or "nothing"))
        for effect in outcome.effects:
            await self._do(member, effect, reply)
        self.poke()

    async def _do(self, member: Member, effect: Effect, reply: Inbound | None) -> None:
        match effect:
            case Say(line, purpose):
                await self._say(member, line, reply if purpose is Purpose.ANSWER else None)
            case Wake(slot=slot):
                member.wakes[slot] = effect
            case Sleep(slot):
                member.wakes.pop(slot, None)
            case Credit():
                member.bookings.append((self.clock() + BOOKED_AFTER, effect))
            case _:
                pass

    async def _say(self, member: Member, line: Line, reply: Inbound | None) -> None:
        channel = Channel.TELEGRAM if member.uses_telegram else Channel.SMS
        to = reply.address if reply else member.phone
        if reply is None and channel is Channel.TELEGRAM:
            to = chat_of(member.phone)
        text = words(line)
        if isinstance(line, Invitation):
            text += f" https://t.me/house_bot?start=code-{member.customer.number}"
        choices: tuple[Choice, ...] = ()
        if to.channel is Channel.TELEGRAM:
            text = f"<b>{type(line).__name__}</b>\n{text}"
            choices = tuple(Choice(i.value.replace("_", " ").title(), i) for i in line.offers)
        replaces = reply.message_ref if reply and reply.callback else None
        message = Message(text, choices, replaces=replaces)
        await self._senders[to.channel].send(Parcel(to, message, f"tag-{next(self._tags)}"))
        if isinstance(line, ConsentAsked):
            shown = ConsentShown(
                at=self.clock(), text_hash="hash", version=line.version, language="en"
            )
            await self.take(member, shown, "ourselves")

    async def invite(self) -> None:
        """Invite everybody but Hedy."""
        for member in self.members.values():
            is_held_out = member.customer is HEDY
            invited = Invited(at=self.clock(), is_held_out=is_held_out)
            await self.take(member, invited, "manager")

    # --- what the doors need

    async def heard(self, inbound: Inbound) -> None:
        member = self._of(inbound.address)
        if inbound.code is not None and (found := self._by_code(inbound.code)):
            found.uses_telegram = True
            linked = AddressLinked(at=self.clock())
            await self.take(found, linked, inbound.provider_id, inbound)
        elif member is not None:
            intent = inbound.intent or TYPED.get(inbound.text.strip().upper(), Intent.QUESTION)
            channel = inbound.address.channel
            member.uses_telegram = channel is Channel.TELEGRAM
            said = Heard(
                at=self.clock(), intent=intent, channel=channel, message_id=inbound.provider_id
            )
            await self.take(member, said, inbound.provider_id, inbound)

    async def happened(self, report: Report) -> Taken:
        if report.id in self.reports:
            is_same = report == self.reports[report.id]
            return Taken(Result.REPEAT if is_same else Result.CONFLICT, "This id is known.")
        if report.type == "feed.watermark":
            self.watermarks[Feed(str(report.data["feed"]))] = report.at
            return Taken(Result.APPLIED, "The feed is complete up to then.")
        member = self.members.get(report.customer or "")
        event = _event(report)
        if member is None or event is None:
            return Taken(Result.UNKNOWN_CUSTOMER, "Nobody has this number.")
        self.reports[report.id] = report
        before = member.journey
        await self.take(member, event, report.id)
        if member.journey == before:
            return Taken(Result.IGNORED, "It changes nothing.")
        return Taken(Result.APPLIED, member.why[-1].effect)

    async def customers(self) -> Sequence[Person]:
        return [self._person(member) for member in self.members.values()]

    async def standing(self, customer: str) -> Standing | None:
        member = self.members.get(customer)
        if member is None:
            return None
        person, journey = self._person(member), member.journey
        span = window(journey, TERMS)
        due = agenda(journey, TERMS)
        return Standing(
            customer=person.customer,
            phone=person.phone,
            language=person.language,
            state=person.state,
            step=person.step,
            flags=person.flags,
            rewards=tuple((step, TERMS.reward(step)) for step in (*TERMS.tasks, "streak")),
            credits=tuple(CreditShown(g.step, g.megabytes, g.state) for g in journey.granted),
            streak=StreakShown(
                TERMS.streak.months,
                journey.months_told,
                span.start if span else None,
                span.end if span else None,
            ),
            next=NextShown(due[0].what, due[0].at) if due else None,
            why=tuple(member.why),
        )

    def _person(self, member: Member) -> Person:
        journey = member.journey
        flags = ("opted_out",) if journey.is_silent else ()
        state, step = state_of(journey, TERMS), step_of(journey, TERMS)
        number, language = member.customer.number, member.customer.language
        return Person(number, member.phone.value, language, state, step, flags)

    def _of(self, address: Address) -> Member | None:
        for member in self.members.values():
            if address == member.phone:
                return member
            if address == chat_of(member.phone) and member.uses_telegram:
                return member
        return None

    def _by_code(self, code: str) -> Member | None:
        return self.members.get(code.removeprefix("code-"))


@dataclass(slots=True)
class Office:
    """The managers, who are answered by an echo."""

    said: list[tuple[Inbound, Document | None]] = field(default_factory=list)

    def roster(self) -> Sequence[Manager]:
        return (Manager(9001, "Mona", "manager"), Manager(9002, "Otto", "approver"))

    async def heard(self, inbound: Inbound, document: Document | None) -> None:
        self.said.append((inbound, document))


@dataclass(slots=True)
class Bells:
    """Rings the wakes that are due and whose feed is complete."""

    house: House

    async def tick(self) -> datetime | None:
        house = self.house
        for member in house.members.values():
            while due := [wake for wake in member.wakes.values() if self._rings(wake)]:
                first = min(due, key=lambda wake: wake.at)
                del member.wakes[first.slot]
                marks = tuple(house.watermarks.items())
                woke = Woke(at=house.clock(), slot=first.slot, watermarks=marks)
                await house.take(member, woke, first.what)
        wakes = (w for m in house.members.values() for w in m.wakes.values())
        return min((wake.at for wake in wakes), default=None)

    def _rings(self, wake: Wake) -> bool:
        if wake.at > self.house.clock():
            return False
        gate = wake.gate
        if gate is None:
            return True
        known = self.house.watermarks.get(gate.feed)
        return known is not None and known >= gate.complete_until


@dataclass(slots=True)
class Bank:
    """Books the credits a little after they were earned."""

    house: House

    async def tick(self) -> datetime | None:
        house = self.house
        for member in house.members.values():
            for at, credit in tuple(member.bookings):
                if at <= house.clock():
                    member.bookings.remove((at, credit))
                    booked = CreditMoved(at=house.clock(), step=credit.step, is_confirmed=True)
                    await house.take(member, booked, f"credit {credit.step}")
        return min((at for m in house.members.values() for at, _ in m.bookings), default=None)


@dataclass(slots=True)
class Sandbox:
    """Everything together, and the web application that serves it."""

    house: House
    office: Office
    mover: Mover
    app: Starlette
    offsets: list[timedelta]
    reported: list[datetime]


def open_sandbox(
    real: Callable[[], datetime],
    path: str = ":memory:",
    people: Sequence[Customer] = (ALICE, BABAK, HEDY),
) -> Sandbox:
    """Build a sandbox; `real` is the machine's clock."""
    clock, offsets, reported = VirtualClock(real), [], []
    house, office, ids = House(clock, Phones(Screens(path)), people), Office(), count(1)

    async def keep(offset: timedelta) -> None:
        offsets.append(offset)

    async def report(at: datetime) -> None:
        reported.append(at)
        house.watermarks = dict.fromkeys(Feed, at)

    mover = Mover(clock, (Bells(house), Bank(house)), keep_offset=keep, report_feeds=report)
    house.poke = mover.poke
    desk = Desk(
        ears=house,
        operations=house,
        people=house,
        managers=office,
        mover=mover,
        phones=house.phones,
        clock=clock,
        new_id=lambda: f"id-{next(ids)}",
        is_moving=lambda: clock.is_pinned,
    )
    return Sandbox(house, office, mover, Starlette(routes=routes(desk)), offsets, reported)


def words(line: Line) -> str:
    """Say a line by its name and facts."""
    facts = (f"{name}={getattr(line, name)}" for name in line.__dataclass_fields__)
    return " ".join((type(line).__name__, *facts))


def _name(effect: Effect) -> str:
    if isinstance(effect, Say):
        return f"Say {type(effect.line).__name__}"
    return f"{type(effect).__name__} {getattr(effect, 'step', getattr(effect, 'what', ''))}"


def _event(report: Report) -> Event | None:
    data, at = report.data, report.at
    match report.type:
        case "hotline.called":
            reason, length = str(data["reason_code"]), int(str(data["duration_s"]))
            call = str(data["call_id"])
            return HotlineCalled(at=at, call_id=call, duration_s=length, reason=reason)
        case "video.watched":
            return VideoWatched(at=at, share=float(str(data["share"])))
        case other:
            kind = _PLAIN.get(other)
            return kind(at=at) if kind else None


_PLAIN: dict[str, type[PortalRegistered | PortalUsed | AppInstalled | ContractEnded]] = {
    "portal.registered": PortalRegistered,
    "portal.activity": PortalUsed,
    "app.installed": AppInstalled,
    "contract.ended": ContractEnded,
}
