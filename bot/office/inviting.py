"""Invitations in the managers' chat: a file is rehearsed, shown, and taken once somebody confirms.

Of the file nothing is kept here but where it lies and its hash: it is read once more when the
button is pressed, and must then be the same.
"""

import hashlib
from dataclasses import dataclass
from io import BytesIO

import msgspec

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from bot.channels.channel import (
    Attachment,
    Files,
    FileTooLargeError,
    FileUnavailableError,
    Inbound,
    Message,
)
from bot.commands.showing import zoned
from bot.inviting.customers_file import read_customers
from bot.inviting.invitations import Invitations, InviteReport
from bot.inviting.waves import Pausable, Waves, closed
from bot.office.lifetime import Lifetime
from bot.office.parts import page, tap
from bot.office.underway import EVERY_S, Underway
from bot.setting_values import Role
from flows.broadcast import BroadcastError
from flows.life import Life

MOST_LINES = 10
_OUT_OF_DATE = (
    "this button is out of date: it was pressed already, or another file came after it;"
    " send the file again if it is still to be taken"
)
_BY_SHELL = "use `statthotline invite FILE.csv`, or cut it in parts"


class _Waiting(msgspec.Struct, frozen=True):
    """A file that waits for its button."""

    attachment: Attachment
    digest: str

    @property
    def mark(self) -> str:
        """Name it on its button: another file may have been sent since."""
        return self.digest[:16]


@dataclass(frozen=True, slots=True)
class Inviting:
    """Takes files; `files` fetches them, None where the chat can carry none."""

    broadcasts: Broadcasts
    invitations: Invitations
    waves: Waves
    files: Files | None = None
    every_s: float = EVERY_S  # between two looks at how far a file is

    async def asked(self, actor: Actor) -> Message:
        """Say how to invite."""
        await self.broadcasts.authority.allow(actor, Role.MANAGER, "invite", "")
        return Message("Send the customers’ file (CSV); nobody is invited before you say so.")

    async def rehearse(self, actor: Actor, inbound: Inbound, attachment: Attachment) -> Message:
        """Show what a file would do. Raises BroadcastError or UnusableFileError."""
        await self.broadcasts.authority.look(actor, Role.MANAGER, "invite dry run", attachment.name)
        content = await self._fetched(attachment)
        title = f"{attachment.name} is read, nobody is invited yet"
        report = await self._taken(inbound, title, content, dry_run=True)
        waiting = _Waiting(attachment, hashlib.sha256(content).hexdigest())
        await self._keep(actor, waiting)
        invite = tap("Invite", "invite", waiting.mark)
        choices = (invite, tap("Forget it", "stop")) if report.accepted else ()
        return Message(self._words(report), choices)

    def _words(self, report: InviteReport) -> str:
        zone = self.broadcasts.house.terms.current.zone
        bad = (*report.rejected, *report.repeated)
        more = f"… and {len(bad) - MOST_LINES} more" if len(bad) > MOST_LINES else ""
        first_at, done_at = zoned(report.first_at, zone), zoned(report.done_at, zone)
        return page(
            f"{report.rows} rows, nobody is invited yet",
            f"to be invited: {report.invited}",
            f"not invited (no basis, or opted out): {report.not_invited}",
            f"held out: {report.held_out}",
            f"duplicate: {report.duplicate}",
            f"rejected: {len(report.rejected)}",
            f"cost: {report.segments} SMS segments, {report.cost_cents / 100:.2f} €",
            f"first message: {first_at}, last: {done_at}" if report.first_at else "",
            *(f"line {row.line}: {row.reason}" for row in bad[:MOST_LINES]),
            more,
        )

    async def _taken(
        self, inbound: Inbound, title: str, content: bytes, *, dry_run: bool
    ) -> InviteReport:
        """Take a file, and show how far it is if that takes long."""
        stream = BytesIO(content)
        underway = Underway(
            self.broadcasts, inbound, title, stream, len(content), every_s=self.every_s
        )
        async with underway.watched():
            return await self.invitations.invite(
                read_customers(stream), dry_run=dry_run, progress=underway.tell
            )

    async def confirm(self, actor: Actor, inbound: Inbound, mark: str) -> Message:
        """Take the file of this button. Raises BroadcastError if it is not the same any more."""
        await self.broadcasts.authority.allow(actor, Role.MANAGER, "invite", "")
        waiting = await self._waiting(actor)
        if waiting is None or waiting.mark != mark:
            raise BroadcastError(_OUT_OF_DATE)
        await self.forget(actor)  # a second tap finds nothing, however long the fetching takes
        try:
            content = await self._unchanged(waiting)
        except BroadcastError:
            await self._keep(actor, waiting)
            raise
        title = f"{waiting.attachment.name} is taken"
        report = await self._taken(inbound, title, content, dry_run=False)
        about = f"{waiting.attachment.name}: {report.invited} of {report.rows} rows"
        await self.broadcasts.authority.noted(actor, "invite", about)
        return Message(
            f"{report.invited} are invited, {report.duplicate} were known already,"
            f" {len(report.rejected)} were rejected."
        )

    async def _unchanged(self, waiting: _Waiting) -> bytes:
        """Fetch a file that may be taken now."""
        house = self.broadcasts.house
        if why := await closed(self.broadcasts.store, house.terms.current, house.clock()):
            raise BroadcastError(why)
        content = await self._fetched(waiting.attachment)
        if hashlib.sha256(content).hexdigest() != waiting.digest:
            raise BroadcastError("the file has changed; send it again")
        return content

    async def act(self, actor: Actor, act: str, what: Pausable) -> Message:
        """Pause or resume all invitations that have not left, or all that is unasked."""
        await self.broadcasts.authority.look(actor, Role.MANAGER, f"{act} {what}", "")
        they_are = what.they_are[0].upper() + what.they_are[1:]
        if act == "pause":
            held = await self.waves.pause(what)
            return Message(f"{they_are} paused. Messages that wait: {held}. /resume {what}")
        released = await self.waves.resume(what)
        return Message(f"{they_are} on again. Messages that leave in turn: {released}.")

    async def stands(self) -> Life:
        """Tell where the campaign stands."""
        return await Lifetime(self.broadcasts, self.waves).stands()

    async def forget(self, actor: Actor) -> None:
        """Take nothing."""
        await self.broadcasts.store.put(_kept(actor), "")

    async def _fetched(self, attachment: Attachment) -> bytes:
        if self.files is None:
            raise BroadcastError(f"{attachment.name}: cannot be fetched here; {_BY_SHELL}")
        try:
            return await self.files.read(attachment)
        except FileTooLargeError:
            why = (
                f"{attachment.name}: is larger than the 20 MB that Telegram hands out; {_BY_SHELL}"
            )
        except FileUnavailableError:
            why = f"{attachment.name}: could not be fetched; send it again"
        raise BroadcastError(why)

    async def _waiting(self, actor: Actor) -> _Waiting | None:
        kept = await self.broadcasts.store.get(_kept(actor))
        return msgspec.json.decode(kept, type=_Waiting) if kept else None

    async def _keep(self, actor: Actor, waiting: _Waiting) -> None:
        await self.broadcasts.store.put(_kept(actor), msgspec.json.encode(waiting).decode())


def _kept(actor: Actor) -> str:
    return f"invite.{actor.id}"
