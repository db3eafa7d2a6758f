"""The walk through a draft: to whom, then a text for each language; what was said is kept."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from bot.broadcasting.pricing import check_signs
from bot.broadcasting.texts import Facts, render
from bot.channels.channel import Message
from bot.office.parts import tap
from bot.setting_values import Role
from flows.customer import Channel

_STOP = tap("✖ Stop", "stop")
_WHOM = (
    "To whom? Such as <code>state:streak month:&gt;=4 language:de</code>\n"
    "A space means and, a comma means or, a minus negates; there are state, step, month, language,"
    " channel, inactive (days), attribute.NAME and customer.\n"
    "Add <code>at:2026-12-01T10:00</code> to start later, in the customers’ time, and"
    " <code>limit:500</code> to refuse a larger audience."
)
_AT = re.compile(r"(?:^|\s)at:(\S+)")
_LIMIT = re.compile(r"(?:^|\s)limit:([1-9]\d{0,8})(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Walk:
    """How far somebody is."""

    audience: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    at: str | None = None
    limit: int | None = None


_read_walk = msgspec.json.Decoder(Walk).decode


@dataclass(frozen=True, slots=True)
class Walks:
    """Leads each manager through one draft at a time."""

    broadcasts: Broadcasts

    async def begin(self, actor: Actor, audience: str) -> Message | str:
        """Ask to whom, or take the answer if it was said at once."""
        await self.broadcasts.authority.allow(actor, Role.MANAGER, "broadcast", "")
        await self._keep(actor, Walk())
        return await self.go_on(actor, audience) if audience else Message(_WHOM, (_STOP,))

    async def is_going(self, actor: Actor) -> bool:
        """Tell whether somebody is drafting."""
        return bool(await self.broadcasts.store.get(f"walk.{actor.id}"))

    async def go_on(self, actor: Actor, text: str) -> Message | str:
        """Take an answer and ask what is missing; the id of the draft once nothing is.

        Raises BroadcastError for an answer that cannot be used; then the same is asked again.
        """
        kept = await self.broadcasts.store.get(f"walk.{actor.id}")
        walk, reach = _read_walk(kept) if kept else Walk(), ""
        languages = self.broadcasts.house.terms.current.messages.languages
        if not walk.audience:
            walk = _whom(text)
            starts_at = self.broadcasts.moment(walk.at)
            reach = await self._reach(walk.audience, starts_at, languages[0])
        else:
            walk = await self._with_text(walk, text, languages)
        missing = [language for language in languages if language not in walk.texts]
        if missing:
            await self._keep(actor, walk)
            return Message(reach + _asking(missing[0]), (_STOP,))
        name = await self.broadcasts.draft(
            actor, walk.audience, walk.texts, at=walk.at, limit=walk.limit
        )
        await self.forget(actor)
        return name

    async def _reach(self, audience: str, starts_at: datetime | None, language: str) -> str:
        """Check an audience, and say how many it reaches."""
        await self.broadcasts.previews.check(audience, {language: "-"})
        reach = await self.broadcasts.previews.reach(audience, starts_at)
        reach.check(audience)
        excluded = sum(reach.excluded.values())
        return f"{reach.planned} can be written to, {excluded} are passed over.\n"

    async def _with_text(self, walk: Walk, text: str, languages: tuple[str, ...]) -> Walk:
        language = next(language for language in languages if language not in walk.texts)
        await self.broadcasts.previews.check(walk.audience, {language: text})
        check_signs(language, render(text, Facts(), Channel.SMS))
        return replace(walk, texts={**walk.texts, language: text})

    async def forget(self, actor: Actor) -> None:
        """End a walk."""
        await self.broadcasts.store.put(f"walk.{actor.id}", "")

    async def _keep(self, actor: Actor, walk: Walk) -> None:
        await self.broadcasts.store.put(f"walk.{actor.id}", msgspec.json.encode(walk).decode())


def _whom(text: str) -> Walk:
    """Read to whom, and beside it when and how many at most."""
    at, limit = _AT.search(text), _LIMIT.search(text)
    audience = _LIMIT.sub("", _AT.sub("", text)).strip()
    return Walk(audience, {}, at[1] if at else None, int(limit[1]) if limit else None)


def _asking(language: str) -> str:
    return (
        f"The text in <b>{language}</b>? {{customer}}, {{month}}, {{megabytes}} and"
        " {attribute.NAME} are filled in; &lt;b&gt; and &lt;i&gt; may be used."
    )
