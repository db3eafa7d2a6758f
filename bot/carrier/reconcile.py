"""Reconciliation compares our credits with the operator's books, by credit id: pure, and to read.

Ours and not theirs is `missing`; theirs and not ours, or theirs twice, is an `orphan`; both, but of
another state, amount or line, is a `mismatch`. What is still under way is none of these.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from bot.carrier.bodies import digits
from bot.carrier.carrier import Record, Standing
from flows.credit import CreditState
from storage.memory import CreditRow
from storage.reading import OwnedCredit

UNDER_WAY = timedelta(days=1)  # for so long nobody wonders that both sides differ
_OPEN = frozenset(
    {
        CreditState.EARNED,
        CreditState.REQUESTED,
        CreditState.ACCEPTED,
        CreditState.UNKNOWN,
        CreditState.FAILED,
    }
)
_BOOKED = frozenset({CreditState.CONFIRMED, CreditState.REVERSED})
_ON_ITS_WAY = frozenset({CreditState.REQUESTED, CreditState.ACCEPTED})


class Kind(StrEnum):
    """How the two sides differ."""

    MISSING = "missing"
    ORPHAN = "orphan"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One difference, in words; `is_repairable`: our side may take over the operator's booking."""

    kind: Kind
    why: str
    credit: UUID | None
    provider_id: str | None
    customer: str | None = None
    is_repairable: bool = False


@dataclass(slots=True)
class Match:
    """The comparison: hand in all records, then all credits, then `close`.

    `listed_at`: what we moved after the operator's list was read is left for the next time. Nothing
    that was confirmed before `since` is missed, for the list may begin there.
    """

    listed_at: datetime
    since: datetime | None = None
    matched: int = 0
    pending: int = 0
    deviations: list[Deviation] = field(default_factory=list)
    _records: dict[UUID, list[Record]] = field(default_factory=lambda: defaultdict(list))

    @property
    def ok(self) -> bool:
        """Tell whether both sides agree."""
        return not self.deviations

    def of(self, kind: Kind) -> tuple[Deviation, ...]:
        """List the differences of one kind."""
        return tuple(found for found in self.deviations if found.kind is kind)

    def put(self, records: Iterable[Record]) -> None:
        """Take in the operator's side; what failed there was never booked."""
        for record in records:
            if record.credit is not None:
                self._records[record.credit].append(record)
            elif record.standing is not Standing.FAILED:
                why = "it carries no credit id"
                self.deviations.append(Deviation(Kind.ORPHAN, why, None, record.provider_id))

    def compare(self, page: Iterable[OwnedCredit]) -> None:
        """Compare some of our credits."""
        for owned in page:
            records = self._records.pop(owned.credit.id, [])
            live = [record for record in records if record.standing is not Standing.FAILED]
            if owned.credit.moved_at > self.listed_at:
                self.pending += 1
                continue
            first = _first(live, owned.credit)
            self.deviations.extend(_doubles(live, first, owned.credit))
            self._judge(owned, first, has_failed=bool(records))

    def close(self) -> None:
        """End the comparison: what is left of the operator's side is not ours."""
        for credit, records in self._records.items():
            for record in records:
                if record.standing is not Standing.FAILED:
                    why = "we have no such credit"
                    self.deviations.append(Deviation(Kind.ORPHAN, why, credit, record.provider_id))
        self._records.clear()

    def _judge(self, owned: OwnedCredit, record: Record | None, *, has_failed: bool) -> None:
        credit = owned.credit
        if credit.state in _BOOKED and record is None:
            if self.since is None or credit.moved_at >= self.since:
                self.deviations.append(_lacking(credit, has_failed=has_failed))
        elif credit.state in _BOOKED and record is not None:
            faults = list(_differences(owned, record))
            self.matched += not faults
            self._add(credit, record, faults, is_repairable=False)
        elif record is None or self._is_on_its_way(credit, record):
            self.pending += credit.state in _OPEN
        else:
            faults = [
                f"we hold it as {credit.state.value}, the operator as {record.standing.value}"
            ]
            differs = [*_differences_of_line(owned, record)]
            may = credit.state in _OPEN and record.standing is Standing.BOOKED and not differs
            self._add(credit, record, [*faults, *differs], is_repairable=may)

    def _is_on_its_way(self, credit: CreditRow, record: Record) -> bool:
        is_fresh = self.listed_at - credit.moved_at < UNDER_WAY
        is_open_there = record.standing is Standing.UNDER_WAY
        waits = credit.state in _ON_ITS_WAY or (credit.state is CreditState.UNKNOWN)
        return waits and (is_fresh or is_open_there)

    def _add(
        self, credit: CreditRow, record: Record, faults: Sequence[str], *, is_repairable: bool
    ) -> None:
        if faults:
            why = "; ".join(faults)
            self.deviations.append(
                Deviation(
                    Kind.MISMATCH,
                    why,
                    credit.id,
                    record.provider_id,
                    credit.customer,
                    is_repairable,
                )
            )


def _first(live: Sequence[Record], credit: CreditRow) -> Record | None:
    """Choose the record that stands for a credit: a booking, and of several the one we know."""
    if not live:
        return None
    return min(
        live,
        key=lambda r: (r.standing is not Standing.BOOKED, r.provider_id != credit.provider_id),
    )


def _doubles(
    live: Sequence[Record], first: Record | None, credit: CreditRow
) -> Iterator[Deviation]:
    for record in live:
        if record is not first:
            why = "the credit is there twice" if first else ""
            yield Deviation(Kind.ORPHAN, why, credit.id, record.provider_id, credit.customer)


def _lacking(credit: CreditRow, *, has_failed: bool) -> Deviation:
    known = (credit.id, credit.provider_id, credit.customer)
    if has_failed:
        why = f"we hold it as {credit.state.value}, the operator as failed"
        return Deviation(Kind.MISMATCH, why, *known)
    return Deviation(Kind.MISSING, "the operator has no booking of it", *known)


def _differences(owned: OwnedCredit, record: Record) -> Iterator[str]:
    """Compare a booked credit with its record, as far as the operator tells.

    What was taken back stays in the operator's list; its counter-entry is a record of its own.
    """
    ours = owned.credit.provider_id
    if record.standing is not Standing.BOOKED:
        state = owned.credit.state.value
        yield f"we hold it as {state}, the operator as {record.standing.value}"
    if ours is not None and ours != record.provider_id:
        yield f"we know it as {ours}, the operator as {record.provider_id}"
    yield from _differences_of_line(owned, record)


def _differences_of_line(owned: OwnedCredit, record: Record) -> Iterator[str]:
    credit = owned.credit
    if record.megabytes is not None and record.megabytes != credit.megabytes:
        yield f"we ordered {credit.megabytes} MB, the operator has {record.megabytes} MB"
    if owned.bucket and record.bucket:
        if owned.bucket != record.bucket:
            yield "it went into another bucket"
        return
    numbers = [digits(phone) for phone in owned.phones]
    if record.phone and numbers and digits(record.phone) not in numbers:
        yield "it went to another number"
