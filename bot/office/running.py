"""Broadcasts in the managers' chat: previews, approval, one card for each, and the report."""

from dataclasses import dataclass

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from bot.broadcasting.cards import card, preview_words
from bot.broadcasting.progress import Progress
from bot.broadcasting.reports import as_csv
from bot.channels.channel import Document, Inbound, Message
from bot.office.parts import page, tap
from flows.broadcast import BroadcastError, BroadcastState

MOST_IN_CHAT = 20_000  # rows of a report; a larger one is a file for the command line
_MOST_LISTED = 10
ACTS = ("start", "pause", "resume", "cancel")


@dataclass(frozen=True, slots=True)
class Running:
    """Shows broadcasts, and lets managers act on them."""

    broadcasts: Broadcasts

    async def shown(self, actor: Actor, name: str) -> Message:
        """Show a draft's preview, and the card of everything else."""
        progress = await self.broadcasts.show(actor, name)
        if progress.row.state is not BroadcastState.DRAFT:
            return self._card(progress)
        preview = await self.broadcasts.preview(actor, name)
        return Message(
            preview_words(preview, self.broadcasts.house.terms.current.zone),
            (
                tap("Test to me", "test", preview.id),
                tap("Approve", "approve", f"{preview.id}:{preview.hash[:16]}"),
                tap("Cancel", "cancel", preview.id),
            ),
        )

    async def listed(self, actor: Actor) -> Message:
        """List the latest broadcasts."""
        found = (await self.broadcasts.list(actor))[:_MOST_LISTED]
        lines = [f"{p.id} {p.row.state}, {p.counts.planned}: {p.row.draft.audience}" for p in found]
        return Message(
            page("Broadcasts", *(lines or ["None yet; /broadcast begins one."])),
            tuple(tap(p.id, "show", p.id) for p in found),
        )

    async def approve(self, actor: Actor, name: str, hash_: str) -> Message:
        """Approve exactly what a button was shown under."""
        await self.broadcasts.approve(actor, name, hash_ or None)
        return self._card(await self.broadcasts.show(actor, name))

    async def test(self, actor: Actor, inbound: Inbound, name: str) -> Message:
        """Send the texts to whoever asks."""
        sent = await self.broadcasts.test(actor, name, inbound.address.uri)
        return Message(f"{sent} test messages are on their way.", (tap("Back", "show", name),))

    async def act(self, actor: Actor, act: str, name: str) -> Message:
        """Start, pause, resume or cancel."""
        acts = {
            "start": self.broadcasts.start,
            "pause": self.broadcasts.pause,
            "resume": self.broadcasts.resume,
            "cancel": self.broadcasts.cancel,
        }
        row = await acts[act](actor, name)
        return self._card(await self.broadcasts.progress(row))

    async def retry(self, actor: Actor, name: str) -> Message:
        """Try those who failed once more."""
        failed = await self.broadcasts.retry_failed(actor, name)
        return Message(f"{name}: {failed} are tried again.", (tap("Back", "show", name),))

    async def report(self, actor: Actor, name: str) -> Message:
        """Give what became of everybody as a file."""
        progress = await self.broadcasts.show(actor, name)
        if progress.counts.planned > MOST_IN_CHAT:
            raise BroadcastError(
                f"{progress.counts.planned} rows are too many for the chat; write"
                f" `statthotline broadcast show {progress.id} --csv FILE`"
            )
        content = b"".join([lines async for lines in as_csv(self.broadcasts, actor, name)])
        document = Document(f"{progress.id}.csv", content)
        return Message(f"The report of {progress.id}.", document=document)

    def _card(self, progress: Progress) -> Message:
        return card(progress, self.broadcasts.house.terms.current.zone)
