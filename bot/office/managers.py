"""The managers' chat in Telegram: commands, a walk through a broadcast, and one card for each.

Who is a manager is known by Telegram id. What a manager writes never reaches the customers'
conversation, and what a menu shows decides nothing: authority is checked at each command.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from io import BytesIO

import msgspec

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from bot.broadcasting.cards import card, keep_card, preview_words
from bot.channels.channel import (
    Attachment,
    Choice,
    Files,
    FileTooLargeError,
    FileUnavailableError,
    Inbound,
    Listener,
    Message,
    Reachability,
)
from bot.commands.house import find
from bot.commands.refusal import RefusedError
from bot.inviting.customers_file import UnusableFileError, read_customers
from bot.inviting.invitations import Invitations
from bot.setting_values import Role
from bot.turns.composing import encode
from flows.broadcast import BroadcastError
from flows.customer import Address, Channel
from storage.changes import Decision, Enqueue, Remember
from storage.memory import InboxKey, Key, Memory

LINE = "Manager"
_ID = re.compile(r"B\d+", re.IGNORECASE)
CANCEL_WALK = "✖ Stop"
MOST_ROWS = 10
HELP = (
    "/broadcast – write to many; /broadcast B7 shows one\n"
    "/pause B7, /resume B7, /cancel B7\n"
    "/stats – the programme\n"
    "/customer NUMBER – one person\n"
    "/invite – send it with a CSV file\n"
    "/credits – what is uncertain\n"
    "/questions – what waits for a person\n"
    "/help"
)


@dataclass(frozen=True, slots=True)
class Walk:
    """How far somebody is with drafting: the audience, then a text for each language."""

    audience: str = ""
    texts: dict[str, str] = field(default_factory=dict)


_read_walk = msgspec.json.Decoder(Walk).decode


@dataclass(frozen=True, slots=True)
class Managers:
    """Answers managers; `roles` are theirs by Telegram id, `files` fetches what they attach."""

    broadcasts: Broadcasts
    invitations: Invitations
    roles: Mapping[str, Role]
    files: Files | None = None

    def knows(self, address: Address) -> bool:
        """Tell whether this is a manager."""
        return address.channel is Channel.TELEGRAM and address.value in self.roles

    async def heard(self, inbound: Inbound, document: str | None = None) -> None:
        """Answer a command, a tap or a file, once."""
        if not await self._is_new(inbound):
            return
        number = inbound.address.value
        actor = Actor(number, self.roles[number], number)
        try:
            message = await self._answer(actor, inbound, document)
        except (BroadcastError, RefusedError, UnusableFileError) as error:
            # A refusal stands beneath what was tapped, whose buttons stay.
            refusal = Message(f"⛔ {escape(str(error))}", callback=inbound.callback)
            await self._send(inbound.address, refusal)
            return
        replaces = inbound.message_ref if inbound.callback else None
        told = replace(message, replaces=replaces, callback=inbound.callback)
        await self._send(inbound.address, told)

    async def _is_new(self, inbound: Inbound) -> bool:
        key, now = InboxKey(inbound.source, inbound.provider_id), self.broadcasts.house.clock()

        def decide(memory: Memory) -> Decision[bool]:
            if memory.seen is not None:
                return Decision(answer=False)
            return Decision(answer=True, changes=(Remember(key, b"", "", now),))

        return await self.broadcasts.store.turn(Key(inbox=key), decide)

    async def _send(self, to: Address, message: Message) -> None:
        house = self.broadcasts.house
        now, lane = house.clock(), house.lanes.lane(Channel.TELEGRAM)
        row = Enqueue(
            lane=lane or Channel.TELEGRAM.value,
            priority=0,
            recipient=to.uri,
            line=LINE,
            body=encode(message),
            due=now,
            created_at=now,
            is_unasked=False,
        )
        await self.broadcasts.store.turn(Key(), lambda _: Decision(None, (row,)))
        self.broadcasts.poke()

    # --- what was said

    async def _answer(self, actor: Actor, inbound: Inbound, document: str | None) -> Message:
        if document is not None:
            return await self._file(actor, document)
        if inbound.attachment is not None and self.files is not None:
            await self.broadcasts.authority.allow(actor, Role.MANAGER, "invite", "")
            return await self._file(actor, await _fetched(self.files, inbound.attachment))
        if inbound.command is not None:
            return await self._tapped(actor, inbound, inbound.command)
        word, _, rest = inbound.text.strip().partition(" ")
        if word.startswith("/"):
            return await self._commanded(actor, inbound, word.lower(), rest.strip())
        return await self._walk_on(actor, inbound.text)

    async def _commanded(  # noqa: PLR0911 - it is the table of commands
        self, actor: Actor, inbound: Inbound, word: str, rest: str
    ) -> Message:
        match word:
            case "/broadcast":
                return await self._begin(actor, rest)
            case "/pause" | "/resume" | "/cancel" | "/start" if rest:
                return await self._act(actor, inbound, word[1:], rest)
            case "/stats":
                return await self._stats(actor)
            case "/customer":
                return await self._customer(actor, rest)
            case "/invite":
                await self.broadcasts.authority.allow(actor, Role.MANAGER, "invite", "")
                return Message(
                    "Send the customers’ file (CSV); nobody is invited before you say so."
                )
            case "/credits":
                return await self._credits(actor)
            case "/questions":
                return await self._questions(actor)
            case _:
                return Message(HELP)

    async def _tapped(  # noqa: PLR0911 - it is the table of buttons
        self, actor: Actor, inbound: Inbound, command: str
    ) -> Message:
        act, _, rest = command.partition(":")
        name, _, hash_ = rest.partition(":")
        match act:
            case "approve":
                await self.broadcasts.approve(actor, name, hash_ or None)
                return await self._card(actor, name)
            case "test":
                sent = await self.broadcasts.test(actor, name, inbound.address.uri)
                return Message(
                    f"{sent} test messages are on their way.", (_tap("Back", "show", name),)
                )
            case "show":
                return await self._shown(actor, name)
            case "invite":
                return await self._invite(actor)
            case "stop":
                await self._forget(actor)
                return Message("Nothing was drafted.")
            case "start" | "pause" | "resume" | "cancel":
                return await self._act(actor, inbound, act, name)
            case _:
                return Message("This button is out of date. " + HELP)

    # --- broadcasts

    async def _act(self, actor: Actor, inbound: Inbound, act: str, name: str) -> Message:
        acts = {
            "start": self.broadcasts.start,
            "pause": self.broadcasts.pause,
            "resume": self.broadcasts.resume,
            "cancel": self.broadcasts.cancel,
        }
        row = await acts[act](actor, name)
        if inbound.message_ref is not None and inbound.callback is not None:
            await keep_card(self.broadcasts.store, row.id, inbound.address, inbound.message_ref)
        return await self._card(actor, name)

    async def _card(self, actor: Actor, name: str) -> Message:
        return card(await self.broadcasts.show(actor, name))

    async def _shown(self, actor: Actor, name: str) -> Message:
        progress = await self.broadcasts.show(actor, name)
        if progress.row.state != "draft":
            return card(progress)
        preview = await self.broadcasts.preview(actor, name)
        return Message(
            preview_words(preview),
            (
                _tap("Test to me", "test", name),
                _tap("Approve", "approve", f"{name}:{preview.hash[:16]}"),
                _tap("Cancel", "cancel", name),
            ),
        )

    async def _begin(self, actor: Actor, audience: str) -> Message:
        if _ID.fullmatch(audience):
            return await self._shown(actor, audience)
        await self.broadcasts.authority.allow(actor, Role.MANAGER, "broadcast", audience)
        await self._keep(actor, Walk())
        if audience:
            return await self._walk_on(actor, audience)
        words = "To whom? Such as <code>state:streak month:&gt;=4 language:de</code>"
        return Message(words, (_tap(CANCEL_WALK, "stop", ""),))

    async def _walk_on(self, actor: Actor, text: str) -> Message:
        kept = await self.broadcasts.store.get(f"walk.{actor.id}")
        if not kept:
            return Message(HELP)
        walk = _read_walk(kept)
        languages = self.broadcasts.house.terms.current.messages.languages
        missing = [language for language in languages if language not in walk.texts]
        if not walk.audience:
            walk = Walk(text.strip())
        else:
            walk = Walk(walk.audience, {**walk.texts, missing[0]: text})
            missing = missing[1:]
        if missing:
            await self._keep(actor, walk)
            return Message(
                f"The text in {missing[0]}? {{customer}}, {{month}}, {{megabytes}} and"
                " {attribute.NAME} are filled in.",
                (_tap(CANCEL_WALK, "stop", ""),),
            )
        await self._forget(actor)
        name = await self.broadcasts.draft(actor, walk.audience, walk.texts)
        shown = await self._shown(actor, name)
        for number, role in self.roles.items():
            if role is Role.APPROVER and number != actor.id:
                await self._send(Address(f"telegram:{number}"), shown)
        return shown

    async def _keep(self, actor: Actor, walk: Walk) -> None:
        await self.broadcasts.store.put(f"walk.{actor.id}", msgspec.json.encode(walk).decode())

    async def _forget(self, actor: Actor) -> None:
        await self.broadcasts.store.put(f"walk.{actor.id}", "")

    # --- the programme

    async def _stats(self, actor: Actor) -> Message:
        await self.broadcasts.authority.allow(actor, Role.VIEWER, "stats", "")
        states: dict[str, int] = {}
        after = ""
        while page := await self.broadcasts.store.customers(after):
            after = page[-1].number
            for row in page:
                states[row.state or "not invited"] = states.get(row.state or "not invited", 0) + 1
        total = sum(states.values())
        lines = (f"{_bar(n, total)} {state}: {n}" for state, n in states.items())
        return Message("\n".join([f"<b>{total} customers</b>", *lines]))

    async def _customer(self, actor: Actor, text: str) -> Message:
        await self.broadcasts.authority.allow(actor, Role.MANAGER, "customer", text)
        dossier = await find(self.broadcasts.store, text)
        last = dossier.journal[-MOST_ROWS:]
        zone = self.broadcasts.house.terms.current.zone
        lines = [
            f"{row.at.astimezone(zone):%d.%m.%y %H:%M} {row.kind} {row.effects}" for row in last
        ]
        earned = [f"{c.step}: {c.megabytes} MB {c.state}" for c in dossier.memory.credits]
        return Message(escape("\n".join([f"Customer {text}", *earned, *lines])))

    async def _credits(self, actor: Actor) -> Message:
        await self.broadcasts.authority.allow(actor, Role.MANAGER, "credits", "")
        rows = await self.broadcasts.store.open_credits(MOST_ROWS)
        lines = [f"{r.customer} {r.step}: {r.megabytes} MB {r.state}\n{r.id}" for r in rows]
        how = "Decide by: statthotline credits settle ID booked|not-booked --reason … --as …"
        return Message(escape("\n".join([*lines, how] if lines else ["No credit waits."])))

    async def _questions(self, actor: Actor) -> Message:
        await self.broadcasts.authority.allow(actor, Role.VIEWER, "questions", "")
        return Message("statthotline questions lists them; decide lists what you decide by id.")

    # --- invitations

    async def _file(self, actor: Actor, text: str) -> Message:
        await self.broadcasts.authority.allow(actor, Role.MANAGER, "invite", "")
        rows = read_customers(BytesIO(text.encode()))
        report = await self.invitations.invite(rows, dry_run=True)
        await self.broadcasts.store.put(f"invite.{actor.id}", text)
        words = (
            f"<b>{report.rows} rows, nobody is invited yet</b>\n{report.invited} to be invited,"
            f" {report.not_invited} not, {report.held_out} held out, {report.duplicate} duplicate,"
            f" {len(report.rejected)} rejected\n{report.cost_cents / 100:.2f} €"
        )
        bad = [f"line {row.line}: {escape(row.reason)}" for row in report.rejected[:MOST_ROWS]]
        choices = (_tap("Invite", "invite", ""),) if report.accepted else ()
        return Message("\n".join([words, *bad]), choices)

    async def _invite(self, actor: Actor) -> Message:
        await self.broadcasts.authority.allow(actor, Role.MANAGER, "invite", "")
        text = await self.broadcasts.store.get(f"invite.{actor.id}")
        if not text:
            return Message("This button is out of date; send the file again.")
        await self.broadcasts.store.put(f"invite.{actor.id}", "")
        report = await self.invitations.invite(read_customers(BytesIO(text.encode())))
        await self.broadcasts.authority.noted(
            actor, "invite", f"{report.invited} of {report.rows} rows"
        )
        return Message(f"{report.invited} are invited, {report.duplicate} were known already.")


@dataclass(frozen=True, slots=True)
class ManagersFirst:
    """A listener: managers are answered as managers, everybody else as before."""

    managers: Managers
    others: Listener

    async def heard(self, inbound: Inbound) -> None:
        """Answer a message or a tap."""
        if self.managers.knows(inbound.address):
            await self.managers.heard(inbound)
        else:
            await self.others.heard(inbound)

    async def reached(self, change: Reachability) -> None:
        """Note that an address is blocked or open again."""
        await self.others.reached(change)

    async def undecodable(self, source: str, provider_id: str, body: bytes, reason: str) -> None:
        """Keep and count what nobody can read."""
        await self.others.undecodable(source, provider_id, body, reason)


async def _fetched(files: Files, attachment: Attachment) -> str:
    """Fetch a file as text; how it is encoded shows at its bytes."""
    try:
        content = await files.read(attachment)
    except FileTooLargeError as error:
        raise RefusedError(
            "The file is larger than the 20 MB that Telegram hands out: send it in parts, or use"
            " statthotline invite."
        ) from error
    except FileUnavailableError as error:
        raise RefusedError("The file could not be fetched from Telegram: send it again.") from error
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _tap(label: str, act: str, about: str) -> Choice:
    return Choice(label, command=f"{act}:{about}")


def _bar(part: int, whole: int) -> str:
    done = round(10 * part / whole) if whole else 0
    return "▰" * done + "▱" * (10 - done)
