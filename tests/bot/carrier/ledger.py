"""A book of credits in memory that keeps the worker's Protocols and dies at any commit."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.carrier.book import Move, moved
from bot.carrier.carrier import CreditOrder, Subscriber
from flows.credit import CreditState, credit_id
from storage.memory import CreditRow

OPEN = frozenset(
    {
        CreditState.EARNED,
        CreditState.REQUESTED,
        CreditState.ACCEPTED,
        CreditState.UNKNOWN,
        CreditState.FAILED,
    }
)

PHONE = "+491713920011"


class Killed(Exception):
    """The process is gone."""


def earned(step: str, at: datetime, customer: str = "100001") -> CreditRow:
    """A credit of 600 MB that a customer has earned."""
    id_ = credit_id("online-statt-hotline", customer, step)
    return CreditRow(id_, customer, step, 1, 600, CreditState.EARNED, at, at)


@dataclass(slots=True)
class Ledger:
    """Rows, what was told, who was asked; `kills` is the share of commits that kill the process."""

    rows: dict[str, CreditRow]
    is_booked: Callable[[str], bool] = lambda _: True
    kills: float = 0
    chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311  seeded
    told: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    moves: list[tuple[str, CreditState]] = field(default_factory=list)
    nobody: bool = False

    @classmethod
    def of(cls, *rows: CreditRow) -> "Ledger":
        """Begin with these credits."""
        return cls({str(row.id): row for row in rows})

    @property
    def only(self) -> CreditRow:
        """Give the one credit there is."""
        (row,) = self.rows.values()
        return row

    async def open_credits(self, limit: int) -> tuple[CreditRow, ...]:
        """List what waits, the most urgent first."""
        rows = [row for row in self.rows.values() if row.state in OPEN]
        return tuple(sorted(rows, key=lambda r: r.poll_at or r.earned_at)[:limit])

    async def order(self, credit: CreditRow) -> CreditOrder | None:
        """Order it for the customer's line."""
        if self.nobody:
            return None
        who = Subscriber(credit.customer, PHONE, f"B-{PHONE[1:]}", f"A-{PHONE[1:]}")
        return CreditOrder(credit.id, who, credit.megabytes, credit.step, "osh")

    async def move(self, move: Move) -> bool:
        """Write a move in one piece; or die just before, or just after."""
        self._die_perhaps()
        name = str(move.credit_id)
        after = moved(self.rows[name], move)
        if after is None:
            return False
        if after.state is CreditState.CONFIRMED:
            assert self.is_booked(name), "told without a booking"
            self.told.append(name)
        if after.state is not self.rows[name].state:
            self.moves.append((name, after.state))
        if move.needs_person:
            self.asked.append(name)
        self.rows[name] = after
        self._die_perhaps()
        return True

    def _die_perhaps(self) -> None:
        if self.chance.random() < self.kills:
            raise Killed
