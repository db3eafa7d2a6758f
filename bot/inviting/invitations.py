"""Invitations: a file of customers becomes turns, and a report that accounts for every line."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import accumulate, islice
from typing import Protocol

from bot.inviting.customers_file import Rejected, Repeated, Row, UnusableFileError
from bot.inviting.pacing import Pace, done_at
from bot.keys import Keys
from bot.turns.routing import leaves_at
from flows.campaign import Campaign
from flows.customer import Address, Customer
from flows.effects import Purpose
from storage.errors import AddressTakenError

AT_A_TIME = 200  # turns that wait for one commit together
MOST_BAD = 100_000  # lines that cannot be taken; a file with more was not meant

Progress = Callable[[int], None]
Waiting = Callable[[], Awaitable[datetime | None]]
_Answer = str | Rejected  # of a turn, or why a row came to none


async def nobody_waits() -> datetime | None:
    """Know of no invitation that has not left."""
    return None


class Inviting(Protocol):
    """The turns that import and invite."""

    async def invite(
        self, customer: Customer, *, is_held_out: bool, at: datetime | None = None
    ) -> str:
        """Import a customer and invite them: invited, not_invited, held_out or duplicate.

        With `at` they are invited then.
        """

    async def would_invite(self, customer: Customer, *, is_held_out: bool) -> str:
        """Tell what `invite` would answer, and change nothing."""


class Directory(Protocol):
    """The part of the store that knows whose an address is."""

    async def customer_at(self, address: Address) -> str | None:
        """Find the customer number behind an address."""


class Estimate(Protocol):
    """What invitations take before they are sent."""

    @property
    def segments_per_s(self) -> float | None:
        """Give the pace of SMS, None if there is no limit."""

    def segments(self, customer: Customer) -> int:
        """Count the SMS segments of a customer's invitation, 0 if it goes another way."""


@dataclass(frozen=True, slots=True)
class InviteReport:
    """What became of a file's rows.

    Each is accepted, duplicate or rejected; accepted ones are invited, not invited (without a
    basis, or opted out) or held out. The moments are those of the first and last message.
    """

    rows: int
    accepted: int
    duplicate: int
    invited: int
    not_invited: int
    held_out: int
    rejected: tuple[Rejected, ...]
    repeated: tuple[Repeated, ...]
    segments: int
    cost_cents: int
    first_at: datetime | None
    done_at: datetime | None


@dataclass(slots=True)
class _Tally:
    """The counts while a file is read."""

    answers: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("invited", "not_invited", "held_out", "duplicate"), 0
        )
    )
    rejected: list[Rejected] = field(default_factory=list)
    repeated: list[Repeated] = field(default_factory=list)
    segments: int = 0

    @property
    def rows(self) -> int:
        return sum(self.answers.values()) + len(self.rejected) + len(self.repeated)


@dataclass(frozen=True, slots=True)
class Invitations:
    """Imports customers and invites each of them once, whatever is imported again.

    `waiting` tells when the last of those leave that were invited before: a wave begins after them.
    So many rows `at_a_time` wait for one commit, and what else is written waits for them.
    """

    directory: Directory
    turns: Inviting
    campaign: Campaign
    clock: Callable[[], datetime]
    keys: Keys
    estimate: Estimate
    waiting: Waiting = nobody_waits
    at_a_time: int = AT_A_TIME

    async def invite(
        self,
        rows: Iterable[Row | Rejected],
        *,
        dry_run: bool = False,
        holdout_percent: float | None = None,
        progress: Progress = lambda _rows: None,
    ) -> InviteReport:
        """Take the rows of a file; `progress` is told how many were taken so far.

        `holdout_percent` overrides the campaign's. `dry_run` changes nothing. What was taken before
        an error stays, and is a duplicate when the file is imported again. Raises UnusableFileError
        for a file of which nearly nothing is usable.
        """
        share = self.campaign.holdout_percent if holdout_percent is None else holdout_percent
        tally, remaining, pace = _Tally(), iter(rows), await self._pace()
        while batch := list(islice(remaining, self.at_a_time)):
            good = [row for row in batch if isinstance(row, Row)]
            if dry_run:
                answers = await self._rehearsed(good, share)
            else:
                answers = await self._invited(good, pace, tally.answers["invited"], share)
            for row, answer in zip(good, answers, strict=True):
                self._note(tally, row, answer)
            for other in batch:
                _note_bad(tally, other)
            _check_bad(tally)
            progress(tally.rows)
        return self._report(tally, pace)

    def is_held_out(self, number: str, percent: float) -> bool:
        """Tell whether a customer is held out: always the same for the same key and campaign."""
        return self.keys.share(f"holdout:{self.campaign.name}", number) * 100 < percent

    async def _rehearsed(self, rows: list[Row], share: float) -> list[_Answer]:
        would = self.turns.would_invite
        return await asyncio.gather(*(self._taken(row, would, share) for row in rows))

    async def _invited(
        self, rows: list[Row], pace: Pace | None, before: int, share: float
    ) -> list[_Answer]:
        """Let it happen; with a pace, whoever would be invited takes the next place in it."""
        if pace is None:
            take = self.turns.invite
            return await asyncio.gather(*(self._taken(row, take, share) for row in rows))
        would = await self._rehearsed(rows, share)
        places = accumulate((answer == "invited" for answer in would), initial=before)
        asked = zip(rows, would, map(pace.moment, places), strict=False)  # one place is left
        return await asyncio.gather(*(self._invited_at(*one, share) for one in asked))

    async def _invited_at(self, row: Row, would: _Answer, at: datetime, share: float) -> _Answer:
        if isinstance(would, Rejected) or would == "duplicate":
            return would
        return await self._taken(row, partial(self.turns.invite, at=at), share)

    async def _pace(self) -> Pace | None:
        """Give the pace of a wave that begins now; None: everybody is invited at once.

        Who is imported before the campaign begins is invited then: from that day reminders count.
        """
        now, opens_at = self.clock(), self.campaign.starts_at
        per_hour = self.campaign.invitations.per_hour
        if not per_hour and (opens_at is None or now >= opens_at):
            return None
        pace = Pace(self.campaign, leaves_at(Purpose.INVITATION, now, self.campaign))
        last_at = await self.waiting() if per_hour else None
        if last_at is None or last_at < pace.first_at:
            return pace
        after = leaves_at(Purpose.INVITATION, last_at, self.campaign)
        return Pace(self.campaign, Pace(self.campaign, after).moment(1))

    async def _taken(self, row: Row, take: "_Take", percent: float) -> _Answer:
        customer = row.customer
        for contact in customer.contacts:
            owner = await self.directory.customer_at(contact.address)
            if owner not in (None, customer.number):
                name = "phone" if contact.address.uri.startswith("tel:") else "email"
                return Rejected(row.line, f"{name}: belongs to another customer")
        try:
            return await take(customer, is_held_out=self.is_held_out(customer.number, percent))
        except AddressTakenError:
            return Rejected(row.line, "an address belongs to another customer")

    def _note(self, tally: _Tally, row: Row, answer: _Answer) -> None:
        if isinstance(answer, Rejected):
            tally.rejected.append(answer)
            return
        tally.answers[answer] += 1
        if answer == "invited":
            tally.segments += self.estimate.segments(row.customer)

    def _report(self, tally: _Tally, pace: Pace | None) -> InviteReport:
        said = tally.answers
        now = leaves_at(Purpose.INVITATION, self.clock(), self.campaign)
        first_at = pace.first_at if pace else now
        cents = tally.segments * self.campaign.messages.sms_cents_per_segment
        rate = self.estimate.segments_per_s
        sent_at = done_at(first_at, tally.segments / rate if rate else 0, self.campaign)
        last_at = pace.moment(max(said["invited"] - 1, 0)) if pace else sent_at
        return InviteReport(
            rows=tally.rows,
            accepted=said["invited"] + said["not_invited"] + said["held_out"],
            duplicate=said["duplicate"] + len(tally.repeated),
            invited=said["invited"],
            not_invited=said["not_invited"],
            held_out=said["held_out"],
            rejected=tuple(sorted(tally.rejected, key=lambda row: row.line)),
            repeated=tuple(tally.repeated),
            segments=tally.segments,
            cost_cents=math.ceil(cents),
            first_at=first_at if said["invited"] else None,
            done_at=max(sent_at, last_at) if said["invited"] else None,
        )


class _Take(Protocol):
    async def __call__(self, customer: Customer, *, is_held_out: bool) -> str: ...


def _note_bad(tally: _Tally, row: Row | Rejected) -> None:
    match row:
        case Repeated():
            tally.repeated.append(row)
        case Rejected():
            tally.rejected.append(row)
        case Row():
            pass


def _check_bad(tally: _Tally) -> None:
    """Stop at a file of which so much is wrong that nobody would read the list."""
    bad = (*tally.rejected[:1], *tally.repeated[:1])
    if bad and len(tally.rejected) + len(tally.repeated) > MOST_BAD:
        line, reason = bad[0].line, bad[0].reason
        raise UnusableFileError(
            f"more than {MOST_BAD} lines cannot be taken, such as line {line} ({reason});"
            " mend the file and import it again (who was taken already is a duplicate then)"
        )
