"""Where questions are shown: in the managers' group, a topic for each customer if it has topics.

A manager names the group by writing /here in it; until then everybody has them in their own chat.
A topic is opened before its number can be kept: who dies in between leaves an empty one behind.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from bot.channels.channel import Place
from storage.store import Store

OpenTopic = Callable[[str, str], Awaitable[int | None]]  # chat and name -> the topic's number
_GROUP = "office.group"
_read_place = msgspec.json.Decoder(Place).decode


async def no_topic(chat: str, name: str) -> int | None:
    """Open no topic, as where there is no Telegram."""
    del chat, name
    return None


@dataclass(frozen=True, slots=True)
class QuestionPlaces:
    """Knows the group, and the topic of each customer."""

    store: Store
    open_topic: OpenTopic = no_topic

    async def adopt(self, place: Place | None) -> None:
        """Show questions in this group from now on; None: in the managers' own chats."""
        kept = msgspec.json.encode(place).decode() if place else ""
        await self.store.put(_GROUP, kept)

    async def of(self, alias: str, name: str) -> Place | None:
        """Give the place for a customer, who is known by an alias; None if there is no group."""
        kept = await self.store.get(_GROUP)
        if not kept:
            return None
        group = _read_place(kept)
        if not group.is_forum:
            return Place(group.chat)
        key = f"office.topic.{group.chat.value}.{alias}"
        thread = await self.store.get(key)
        if thread is None:
            opened = await self.open_topic(group.chat.value, name)
            if opened is None:
                return Place(group.chat)
            thread = str(opened)
            await self.store.put(key, thread)
        return Place(group.chat, int(thread), is_forum=True)
