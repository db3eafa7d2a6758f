"""How the worker's findings reach the ledger: each is one `Move`, written in one turn or not.

The turn that writes a move calls `moved` on the row as it stands then. Two workers, or one that was
overtaken, thus never both write, and a credit is never asked for on the strength of an old look-up.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bot.carrier.carrier import CreditOrder
from flows.credit import CreditState, may_move
from storage.memory import CreditRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A credit shall stand so from now on. `to` may be its present state: then it only waits.

    `seen` is the row that this was decided on; `needs_person`: ask somebody behind the bot.
    """

    seen: CreditRow
    to: CreditState
    at: datetime
    provider_id: str | None = None
    usable_until: datetime | None = None
    poll_at: datetime | None = None
    note: str = ""
    needs_person: bool = False

    @property
    def credit_id(self) -> UUID:
        """Give the credit's id."""
        return self.seen.id


class CreditBook(Protocol):
    """Who keeps the credits: one turn each, which advances the journey where that is due."""

    async def order(self, credit: CreditRow) -> CreditOrder | None:
        """Say what the operator is to be asked for; None if there is nobody to credit."""

    async def move(self, move: Move) -> bool:
        """Write a move; False if `moved` finds that the credit has gone on meanwhile."""


class OpenCredits(Protocol):
    """Who lists the work; the store does."""

    async def open_credits(self, limit: int) -> tuple[CreditRow, ...]:
        """List credits that are earned, requested, accepted, unknown or failed, by `poll_at`."""


def moved(row: CreditRow, move: Move) -> CreditRow | None:
    """Give the row after a move; None if it is no longer as it was seen, or may not go there."""
    seen = move.seen
    if (row.state, row.attempts, row.moved_at) != (seen.state, seen.attempts, seen.moved_at):
        return None
    if move.to is row.state:
        return replace(row, poll_at=move.poll_at, note=move.note or row.note)
    if not may_move(row.state, move.to):
        return None
    is_attempt = move.to is CreditState.REQUESTED
    return replace(
        row,
        state=move.to,
        moved_at=move.at,
        attempts=row.attempts + is_attempt,
        # A new attempt is a new record at the operator: the old id would mislead the polling.
        provider_id=None if is_attempt else move.provider_id or row.provider_id,
        usable_until=move.usable_until or row.usable_until,
        poll_at=move.poll_at,
        note=move.note,
    )
