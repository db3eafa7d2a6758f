"""What waits for a decision in the managers' chat: objections, and credits nobody knows about.

Each is decided by a button, and a second one confirms it: neither can be taken back.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from bot.channels.channel import Message
from bot.credits.decisions import By, Decisions, UndecidableError
from bot.office.parts import page, tap
from bot.setting_values import Role
from flows.broadcast import BroadcastError
from flows.credit import CreditState
from flows.effects import Request
from storage.memory import CreditRow
from storage.questions import Waiting

MOST = 5  # of each kind: their buttons have to fit below one message
_LOOKED_AT = 200
_ASKED = {
    "accept": "Accept the objection? The call then does not count.",
    "reject": "Reject the objection? The call then counts for good.",
    "booked": "Has the operator booked it? The credit is then confirmed, and the customer told.",
    "not-booked": "Has the operator not booked it? It is then asked for once more.",
}
_BACK = tap("Back", "credits")


@dataclass(frozen=True, slots=True)
class Deciding:
    """Lists what waits, asks again, and decides."""

    broadcasts: Broadcasts
    decisions: Decisions

    async def listed(self, actor: Actor) -> Message:
        """List what waits, the oldest first, each with its buttons."""
        await self.broadcasts.authority.look(actor, Role.MANAGER, "credits", "")
        objections, uncertain = await self._objections(), await self._uncertain()
        if not objections and not uncertain:
            return Message("Nothing waits for a decision.")
        lines = [*map(self._objection, objections), *map(self._credit, uncertain)]
        choices = [
            tap(f"{word.title()} {waiting.id}", word, str(waiting.id))
            for waiting in objections
            for word in ("accept", "reject")
        ]
        choices += [
            tap(f"{label} {_short(row.id)}", word, str(row.id))
            for row in uncertain
            for label, word in (("Booked", "booked"), ("Not booked", "not-booked"))
        ]
        return Message(page("Waits for a decision", *lines), tuple(choices))

    def _objection(self, waiting: Waiting) -> str:
        since = self._wall(waiting.at)
        return (
            f"{waiting.id}: customer {waiting.customer} objects to a call, {since} {waiting.text}"
        )

    def _credit(self, row: CreditRow) -> str:
        what = f"customer {row.customer}, {row.megabytes} MB for {row.step}"
        return f"{_short(row.id)}: {what}, {row.state.value} since {self._wall(row.moved_at)}"

    def _wall(self, at: datetime) -> str:
        return f"{at.astimezone(self.broadcasts.house.terms.current.zone):%d.%m. %H:%M}"

    async def _objections(self) -> list[Waiting]:
        waiting = await self.broadcasts.store.questions.waiting(_LOOKED_AT)
        return [w for w in waiting if w.request is Request.OBJECTION][:MOST]

    async def _uncertain(self) -> list[CreditRow]:
        rows = await self.broadcasts.store.open_credits(_LOOKED_AT)
        return [row for row in rows if row.state is CreditState.UNKNOWN][:MOST]

    async def ask(self, actor: Actor, word: str, about: str) -> Message:
        """Ask once more."""
        await self.broadcasts.authority.allow(actor, Role.MANAGER, word, about)
        return Message(
            page(f"{_short(about)}: {_ASKED[word]}", "This cannot be taken back."),
            (tap("Yes", "sure", f"{word}:{about}"), _BACK),
        )

    async def decide(self, actor: Actor, word: str, about: str) -> Message:
        """Decide. Raises BroadcastError for what was decided meanwhile, or cannot be."""
        await self.broadcasts.authority.allow(actor, Role.MANAGER, word, about)
        by = By(actor.name, "by button in the chat")
        try:
            match word:
                case "accept" | "reject":
                    await self.decisions.answer(int(about), by, is_accepted=word == "accept")
                case "booked" | "not-booked":
                    await self.decisions.settle(UUID(about), by, is_booked=word == "booked")
                case _:
                    raise BroadcastError(f"{word}: this button is out of date; /credits")
        except (UndecidableError, ValueError) as error:
            await self.broadcasts.authority.refuse(actor, word, _short(about), str(error))
        return Message(f"{_short(about)} is decided: {word}.", (_BACK,))


def _short(about: object) -> str:
    """Name a credit by the beginning of its id."""
    return str(about)[:8]
