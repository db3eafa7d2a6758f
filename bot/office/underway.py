"""How far a manager's file is: one message in the chat, edited in place while it is read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from html import escape
from io import BytesIO

from bot.broadcasting.broadcasts import Broadcasts
from bot.broadcasting.cards import CARD, read_place
from bot.broadcasting.telling import to_manager
from bot.channels.channel import Inbound, Message
from bot.office.parts import bar
from storage.changes import Decision
from storage.memory import Key

EVERY_S = 5.0  # a file that takes less shows nothing
# Whoever ends the bot in the middle leaves this message behind.
IF_STOPPED = "Should this stand still, send the file again: nobody is invited twice."


@dataclass(slots=True)
class Underway:
    """Tells whoever sent or tapped something how far the file is.

    What was tapped becomes the message that is edited; a file that was sent gets one of its own.
    """

    broadcasts: Broadcasts
    inbound: Inbound
    title: str
    content: BytesIO
    size: int
    every_s: float = EVERY_S
    rows: int = 0
    shown: str = ""

    def tell(self, rows: int) -> None:
        """Note how many rows were taken so far."""
        self.rows = rows

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Show how far it is while the block runs; a message of its own then says that it is."""
        await self.broadcasts.store.put(self._name, "")
        showing = asyncio.create_task(self._show())
        try:
            yield
        finally:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing
            if self.shown and self.inbound.callback is None:
                await self._say(f"{self.title}: {self.rows} rows")

    async def _show(self) -> None:
        while True:
            await asyncio.sleep(self.every_s)
            done = self.content.tell()
            share = f"{bar(done, self.size)} {100 * done // max(self.size, 1)} %"
            await self._say(f"{self.title}\n{share}, {self.rows} rows\n{IF_STOPPED}")

    async def _say(self, text: str) -> None:
        """Edit the message once it has arrived; until then it is not followed by another."""
        ref = await self._ref()
        if text == self.shown or (ref is None and self.shown):
            return
        message = Message(escape(text), replaces=ref)
        row = to_manager(self.broadcasts.house, self.inbound.address, message)
        if ref is None:
            about = f"{self._name} {self.inbound.source} {self.inbound.provider_id}"
            row = replace(row, line=CARD, about=about)
        self.shown = text
        await self.broadcasts.store.turn(Key(), lambda _: Decision(None, (row,)))
        self.broadcasts.poke()

    async def _ref(self) -> str | None:
        if self.inbound.callback is not None:
            return self.inbound.message_ref
        kept = await self.broadcasts.store.get(self._name)
        return read_place(kept).ref if kept else None

    @property
    def _name(self) -> str:
        """Name the place that the store keeps of the message, as it does of cards."""
        return f"file.{self.inbound.address.value}"
