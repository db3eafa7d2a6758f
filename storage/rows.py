"""What both keepers select, read: columns become what people, workers and turns are given."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from flows.broadcast import BroadcastState, Draft
from flows.credit import CreditState
from flows.customer import Address, Contact
from flows.effects import Gate, Request
from flows.events import Feed
from flows.watching import Viewing
from storage.broadcasts import BroadcastRow
from storage.changes import Book, PutIncident, SetWake
from storage.memory import Code, CreditRow, Link, QuestionRow, RequestRow
from storage.outbox import OutboxState, WakeRow
from storage.questions import Waiting, Words
from storage.reading import CustomerRow, JournalRow, MessageRow
from storage.records import (
    names_from_json,
    ranges_from_json,
    to_moment,
    to_moment_or_none,
)

# Each keeper's driver gives rows of its own kind; the query names the columns.
Rows: TypeAlias = Iterable[Any]
Id: TypeAlias = UUID | bytes  # SQLite has no type for it

CreditColumns: TypeAlias = tuple[
    Id, str, str, int, int, str, int, int, str | None, int, int | None, int | None, str
]
RequestColumns: TypeAlias = tuple[int, str, str, str, int, int | None, str | None]
QuestionColumns: TypeAlias = tuple[
    int, str, str, int, str | None, str | None, int | None, int | None
]
BroadcastColumns: TypeAlias = tuple[
    int, str, str, str, str | None, int | None, str, str, str, int, int | None,
    str | None, str | None, int | None, int | None, bool | int, str,
]  # fmt: skip
PersonColumns: TypeAlias = tuple[str, str, str, str, int, str | bytes | None]


class _Flags(msgspec.Struct):
    """What a list of customers shows of a journey."""

    is_accessible: bool = False
    is_silent: bool = False


_TEXTS = msgspec.json.Decoder(dict[str, str])
_FLAGS = msgspec.json.Decoder(_Flags)


# --- Customers ----------------------------------------------------------------------------------


def to_person(columns: PersonColumns, contacts: Iterable[Contact]) -> CustomerRow:
    """Read a customer as lists show one."""
    number, language, state, step, month, body = columns
    flags = _FLAGS.decode(body) if body else _Flags()
    return CustomerRow(
        number=number,
        language=language,
        state=state,
        step=step,
        month=month,
        contacts=tuple(contacts),
        is_accessible=flags.is_accessible,
        is_silent=flags.is_silent,
    )


def to_journal(rows: Rows) -> tuple[JournalRow, ...]:
    """Read a journal."""
    return tuple(
        JournalRow(n, to_moment(at), to_moment(known_at), *rest) for n, at, known_at, *rest in rows
    )


def to_messages(rows: Rows) -> tuple[MessageRow, ...]:
    """Read what was said."""
    return tuple(
        MessageRow(
            id=id_,
            lane=lane,
            recipient=recipient,
            line=line,
            body=body,
            created_at=to_moment(created_at),
            state=OutboxState(state),
            sent_at=to_moment_or_none(sent_at),
            ref=ref,
            reason=reason,
            about=about,
        )
        for id_, lane, recipient, line, body, created_at, state, sent_at, ref, reason, about in rows
    )


def to_link(customer: str, purpose: str, expires_at: int, spent_at: int | None) -> Link:
    """Read a personal link."""
    return Link(customer, purpose, to_moment(expires_at), to_moment_or_none(spent_at))


def to_code(
    customer: str, keyed: bytes, expires_at: int, tries: int, sent: int, since: int
) -> Code:
    """Read a code that was sent."""
    return Code(customer, keyed, to_moment(expires_at), tries, sent, to_moment(since))


def to_viewing(
    customer: str, film: str, duration_ms: int, reported_at: int, watched: str
) -> Viewing:
    """Read what was watched of the film."""
    return Viewing(customer, film, duration_ms, to_moment(reported_at), ranges_from_json(watched))


# --- Wakes --------------------------------------------------------------------------------------


def to_due_wakes(rows: Rows) -> tuple[WakeRow, ...]:
    """Read wakes that are due."""
    return tuple(WakeRow(who, slot, what, to_moment(at)) for who, slot, what, at in rows)


def to_wakes(rows: Rows) -> tuple[SetWake, ...]:
    """Read wakes as they were set."""
    return tuple(
        SetWake(who, slot, what, to_moment(at), _to_gate(feed, needs))
        for who, slot, what, at, feed, needs in rows
    )


def _to_gate(feed: str | None, needs: int | None) -> Gate | None:
    return None if feed is None or needs is None else Gate(Feed(feed), to_moment(needs))


# --- Books --------------------------------------------------------------------------------------


def to_credit(columns: CreditColumns) -> CreditRow:
    """Read a credit."""
    id_, customer, step, cycle, megabytes, state, earned_at, moved_at = columns[:8]
    provider_id, attempts, poll_at, usable_until, note = columns[8:13]
    return CreditRow(
        id=_to_uuid(id_),
        customer=customer,
        step=step,
        cycle=cycle,
        megabytes=megabytes,
        state=CreditState(state),
        earned_at=to_moment(earned_at),
        moved_at=to_moment(moved_at),
        provider_id=provider_id,
        attempts=attempts,
        poll_at=to_moment_or_none(poll_at),
        usable_until=to_moment_or_none(usable_until),
        note=note,
    )


def to_books(rows: Rows) -> Iterator[Book]:
    """Put the lines of each ledger transaction together."""
    for _, lines in itertools.groupby(rows, lambda row: row[0]):
        booked = list(lines)
        _, at, what, customer, credit, *_ = booked[0]
        entries = tuple((row[5], row[6]) for row in booked)
        yield Book(to_moment(at), what, customer, entries, _to_uuid(credit) if credit else None)


def _to_uuid(kept: Id) -> UUID:
    return UUID(bytes=kept) if isinstance(kept, bytes) else kept


# --- The operator's calls and incidents ---------------------------------------------------------


def to_calls(rows: Rows, area: str | None, customers: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Pick (customer, call id) of the calls by these customers or from an area."""
    named = set(customers)
    calls = (
        (number, call)
        for number, call, home in rows
        if number in named or (area is not None and home == area)
    )
    return tuple(dict.fromkeys(calls))  # a correction is another row about the same call


def to_incidents(rows: Rows) -> tuple[PutIncident, ...]:
    """Read incidents."""
    return tuple(
        PutIncident(
            incident=incident,
            area=area,
            customers=names_from_json(customers),
            opened_at=to_moment_or_none(opened_at),
            closed_at=to_moment_or_none(closed_at),
        )
        for incident, area, customers, opened_at, closed_at in rows
    )


# --- What waits for people ----------------------------------------------------------------------


def to_request(columns: RequestColumns) -> RequestRow:
    """Read something that waits for a person."""
    id_, customer, request, about, at, closed_at, closed_by = columns
    closed = to_moment_or_none(closed_at)
    return RequestRow(id_, customer, Request(request), about, to_moment(at), closed, closed_by)


def to_question(columns: QuestionColumns) -> QuestionRow:
    """Read a question."""
    request, customer, address, asked_at, taken_by, answered_by, answered_at, closed_at = columns
    return QuestionRow(
        request=request,
        customer=customer,
        address=Address(address),
        asked_at=to_moment(asked_at),
        taken_by=taken_by,
        answered_by=answered_by,
        answered_at=to_moment_or_none(answered_at),
        closed_at=to_moment_or_none(closed_at),
    )


def to_waiting(rows: Rows) -> tuple[Waiting, ...]:
    """Read what waits for people."""
    return tuple(
        Waiting(id_, who, Request(request), about, to_moment(at), text, taken_by)
        for id_, who, request, about, at, text, taken_by in rows
    )


def to_words(rows: Rows) -> tuple[Words, ...]:
    """Read what was said about a question."""
    return tuple(Words(id_, of, to_moment(at), author, text) for id_, of, at, author, text in rows)


# --- Broadcasts ---------------------------------------------------------------------------------


def to_broadcast(columns: BroadcastColumns) -> BroadcastRow:
    """Read a broadcast."""
    number, author, audience, texts, starts, at_most, hash_ = columns[:7]
    state, reason, drafted_at, starts_at, approved_by, approved_hash = columns[7:13]
    started_at, ended_at, is_planned, cursor = columns[13:]
    return BroadcastRow(
        id=number,
        draft=Draft(_TEXTS.decode(texts), audience, author, at_most, starts),
        hash=hash_,
        state=BroadcastState(state),
        drafted_at=to_moment(drafted_at),
        reason=reason,
        starts_at=to_moment_or_none(starts_at),
        approved_by=approved_by,
        approved_hash=approved_hash,
        started_at=to_moment_or_none(started_at),
        ended_at=to_moment_or_none(ended_at),
        is_planned=bool(is_planned),
        cursor=cursor,
    )
