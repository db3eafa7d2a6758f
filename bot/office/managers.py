"""The managers' chat in Telegram: commands and buttons, each answered once by the part it is about.

Who is a manager is known by Telegram id. What a manager writes never reaches the customers'
conversation, and what a menu shows decides nothing: authority is checked at each command.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape

import structlog

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from bot.broadcasting.cards import CARD, card_of, keep_card, shown_in
from bot.broadcasting.telling import to_manager
from bot.channels.channel import Inbound, Listener, Message, Reachability
from bot.commands.refusal import RefusedError
from bot.inviting.customers_file import UnusableFileError
from bot.inviting.waves import Pausable
from bot.office.deciding import Deciding
from bot.office.inviting import Inviting
from bot.office.programme import Programme
from bot.office.questions import QuestionDesk
from bot.office.running import ACTS, Running
from bot.office.walk import Walks
from bot.setting_values import Role
from flows.broadcast import BroadcastError
from flows.customer import Address, Channel
from storage.changes import Decision, Remember
from storage.memory import InboxKey, Key, Memory

PATIENCE_S = 1.0  # customers behind a manager's long command wait no longer
_ID = re.compile(r"B\d+", re.IGNORECASE)
HELP = (
    "/broadcast – write to many; /broadcast B7 shows one, /broadcast list all\n"
    "/pause B7, /resume B7, /cancel B7, /retry B7\n"
    "/pause invitations, /resume invitations; /pause campaign: nothing unasked leaves\n"
    "/stats – where everybody stands, as a picture\n"
    "/customer NUMBER – one person\n"
    "/invite – send it with a CSV file\n"
    "/credits – objections and uncertain bookings\n"
    "/questions – what waits for a person; reply to a card, or /answer Q7 TEXT\n"
    "/here – show questions in this group, /private – in your own chats\n"
    "/help"
)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Managers:
    """Answers managers; `roles` are theirs by Telegram id."""

    broadcasts: Broadcasts
    inviting: Inviting
    deciding: Deciding
    roles: Mapping[str, Role]
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def knows(self, address: Address) -> bool:
        """Tell whether this is a manager."""
        return address.channel is Channel.TELEGRAM and address.value in self.roles

    async def heard(self, inbound: Inbound, patience_s: float | None = None) -> None:
        """Answer a command, a tap or a file, once; what takes longer than that goes on alone."""
        if await self.questions.heard(self._actor(inbound), inbound) or inbound.place is not None:
            return None
        if not await self._is_new(inbound):
            return None
        task = asyncio.create_task(self._answered(inbound))
        await asyncio.wait({task}, timeout=patience_s)
        if task.done():
            return task.result()
        self.under_way.add(task)
        task.add_done_callback(self._ended)
        return None

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("manager_not_answered", error=type(error).__name__)

    async def _answered(self, inbound: Inbound) -> None:
        actor = self._actor(inbound)
        try:
            message = await self._answer(actor, inbound)
        except (BroadcastError, RefusedError, UnusableFileError) as error:
            # A refusal stands beneath what was tapped, whose buttons stay.
            refusal = Message(f"⛔ {escape(str(error))}", callback=inbound.callback)
            await self._send(inbound.address, refusal)
            return
        is_edit = inbound.callback is not None and message.document is None
        replaces = inbound.message_ref if is_edit else None
        told = replace(message, replaces=replaces, callback=inbound.callback)
        await self._show(inbound, inbound.address, told)

    async def _show(self, inbound: Inbound, to: Address, message: Message) -> None:
        """Send an answer, and keep where it stands if it shows a broadcast."""
        number, place = shown_in(message), None
        if number is not None and message.replaces is not None:
            await keep_card(self.broadcasts.store, number, to, message.replaces)
        elif number is not None:
            place = f"{card_of(number, to.value)} {inbound.source} {inbound.provider_id}"
        await self._send(to, message, place)

    def _actor(self, inbound: Inbound) -> Actor:
        number = inbound.address.value
        return Actor(number, self.roles[number], number)

    async def _is_new(self, inbound: Inbound) -> bool:
        key, now = InboxKey(inbound.source, inbound.provider_id), self.broadcasts.house.clock()

        def decide(memory: Memory) -> Decision[bool]:
            if memory.seen is not None:
                return Decision(answer=False)
            return Decision(answer=True, changes=(Remember(key, b"", "", now),))

        return await self.broadcasts.store.turn(Key(inbox=key), decide)

    async def _send(self, to: Address, message: Message, place: str | None = None) -> None:
        """Send an answer; one with a `place` is a card that is found again by it."""
        row = to_manager(self.broadcasts.house, to, message)
        if place is not None:
            row = replace(row, line=CARD, about=place)
        await self.broadcasts.store.turn(Key(), lambda _: Decision(None, (row,)))
        self.broadcasts.poke()

    # --- what was said

    @property
    def questions(self) -> QuestionDesk:
        """What customers ask people; each of its acts is one turn."""
        return QuestionDesk(self.broadcasts)

    @property
    def running(self) -> Running:
        """Broadcasts."""
        return Running(self.broadcasts)

    @property
    def walks(self) -> Walks:
        """Drafts."""
        return Walks(self.broadcasts)

    @property
    def programme(self) -> Programme:
        """Where people stand."""
        return Programme(self.broadcasts)

    async def _answer(self, actor: Actor, inbound: Inbound) -> Message:
        if inbound.attachment is not None:
            return await self.inviting.rehearse(actor, inbound, inbound.attachment)
        if inbound.command is not None:
            return await self._tapped(actor, inbound, inbound.command)
        word, _, rest = inbound.text.strip().partition(" ")
        if word.startswith("/"):
            return await self._commanded(actor, inbound, word.lower(), rest.strip())
        if await self.walks.is_going(actor):
            return await self._walked(actor, inbound, await self.walks.go_on(actor, inbound.text))
        return Message(HELP)

    async def _commanded(  # noqa: C901, PLR0911 - it is the table of commands
        self, actor: Actor, inbound: Inbound, word: str, rest: str
    ) -> Message:
        match word:
            case "/broadcast" if rest == "list":
                return await self.running.listed(actor)
            case "/broadcast" if _ID.fullmatch(rest):
                return await self.running.shown(actor, rest)
            case "/broadcast":
                return await self._walked(actor, inbound, await self.walks.begin(actor, rest))
            case "/pause" | "/resume" if rest in tuple(Pausable):
                return await self.inviting.act(actor, word[1:], Pausable(rest))
            case "/pause" | "/resume" | "/cancel" | "/start" if rest:
                return await self.running.act(actor, word[1:], rest)
            case "/retry" if rest:
                return await self.running.retry(actor, rest)
            case "/stats":
                return await self.programme.stats(actor, await self.inviting.stands())
            case "/customer" if rest:
                return await self.programme.customer(actor, rest)
            case "/invite":
                return await self.inviting.asked(actor)
            case "/credits":
                return await self.deciding.listed(actor)
            case _:
                return Message(HELP)

    async def _tapped(  # noqa: C901, PLR0911 - it is the table of buttons
        self, actor: Actor, inbound: Inbound, command: str
    ) -> Message:
        act, _, about = command.partition(":")
        name, _, rest = about.partition(":")
        match act:
            case "approve":
                return await self.running.approve(actor, name, rest)
            case "test":
                return await self.running.test(actor, inbound, name)
            case "show":
                return await self.running.shown(actor, name)
            case "report":
                return await self.running.report(actor, name)
            case "retry":
                return await self.running.retry(actor, name)
            case "credits":
                return await self.deciding.listed(actor)
            case "accept" | "reject" | "booked" | "not-booked":
                return await self.deciding.ask(actor, act, name)
            case "sure":
                return await self.deciding.decide(actor, name, rest)
            case "invite":
                return await self.inviting.confirm(actor, inbound, name)
            case "stop":
                await self.walks.forget(actor)
                await self.inviting.forget(actor)
                return Message("Nothing was done.")
            case _ if act in ACTS:
                return await self.running.act(actor, act, name)
            case _:
                return Message("This button is out of date. " + HELP)

    async def _walked(self, actor: Actor, inbound: Inbound, came_to: Message | str) -> Message:
        """Go on asking, or show the draft to its author and to all who may approve it."""
        if isinstance(came_to, Message):
            return came_to
        shown = await self.running.shown(actor, came_to)
        for number, role in self.roles.items():
            if role is Role.APPROVER and number != actor.id:
                await self._show(inbound, Address(f"telegram:{number}"), shown)
        return shown


@dataclass(frozen=True, slots=True)
class ManagersFirst:
    """A listener: managers are answered as managers, everybody else as before."""

    managers: Managers
    others: Listener

    async def heard(self, inbound: Inbound) -> None:
        """Answer a message or a tap; in a group only managers are answered."""
        if inbound.place is not None and not self.managers.knows(inbound.address):
            return
        if self.managers.knows(inbound.address):
            await self.managers.heard(inbound, PATIENCE_S)
        else:
            await self.others.heard(inbound)

    async def reached(self, change: Reachability) -> None:
        """Note that an address is blocked or open again."""
        await self.others.reached(change)

    async def undecodable(self, source: str, provider_id: str, body: bytes, reason: str) -> None:
        """Keep and count what nobody can read."""
        await self.others.undecodable(source, provider_id, body, reason)
