"""The changes of a turn become rows: one for each statement that a change needs, or few."""

from collections.abc import Iterator, Sequence

from flows.customer import Contact
from storage.changes import (
    AnswerQuestion,
    Append,
    AskQuestion,
    Audit,
    Book,
    CancelQueued,
    Change,
    ClearWake,
    CloseBooks,
    CloseRequest,
    CountStranger,
    CountUnfound,
    DropHistory,
    Enqueue,
    Erase,
    HoldWords,
    KeepText,
    MintLink,
    OpenRequest,
    PutCode,
    PutContact,
    PutCredit,
    PutCustomer,
    PutIncident,
    PutJourney,
    PutViewing,
    Quarantine,
    Remember,
    RevokeLinks,
    SetWake,
    SetWatermark,
    Show,
    ShowWords,
    SpendLink,
    Suppress,
    TakeQuestion,
    Unquarantine,
    Unsuppress,
)
from storage.commons import kind_of
from storage.errors import UnbalancedError
from storage.postgres.waves import Row
from storage.records import (
    attributes_to_json,
    journey_to_json,
    names_to_json,
    ranges_to_json,
    to_int,
    to_int_or_none,
)

_Person = (
    PutCustomer | PutContact | PutJourney | Append | KeepText | OpenRequest | CloseRequest
    | PutViewing
)  # fmt: skip
_Door = MintLink | SpendLink | RevokeLinks | PutCode
_Traffic = (
    Remember | Quarantine | Unquarantine | Enqueue | Show | CancelQueued | Suppress | Unsuppress
    | CountStranger
)  # fmt: skip
_Record = PutCredit | Book | Audit | PutIncident
_Time = SetWake | ClearWake | SetWatermark


def spread(changes: Sequence[Change], turn: int = 0) -> Iterator[tuple[str, Row]]:
    """Say which rows of which statements a turn's changes are. Raises UnbalancedError."""
    for number, change in enumerate(changes):
        match change:
            case (
                Remember() | Enqueue() | Show() | CancelQueued() | Quarantine() | Unquarantine()
                | Suppress() | Unsuppress() | CountStranger()
            ):  # fmt: skip
                yield from _traffic(change)
            case (
                Append() | PutJourney() | PutContact() | PutCustomer() | KeepText()
                | OpenRequest() | CloseRequest() | PutViewing()
            ):  # fmt: skip
                yield from _person(change)
            case MintLink() | SpendLink() | RevokeLinks() | PutCode():
                yield _door(change)
            case SetWake() | ClearWake() | SetWatermark():
                yield from _time(change)
            case Erase() | CloseBooks() | DropHistory():
                yield "forget", (change,)
            case (
                AskQuestion() | HoldWords() | TakeQuestion() | AnswerQuestion() | ShowWords()
                | CountUnfound()
            ):  # fmt: skip
                yield "ask", (change,)
            case PutCredit() | Book() | Audit() | PutIncident():
                yield from _record(change, f"{turn}.{number}")


# --- Who takes part -----------------------------------------------------------------------------


def _person(change: _Person) -> Iterator[tuple[str, Row]]:
    match change:
        case PutJourney():
            journey = change.journey
            stands = (journey.customer, change.state, change.step, change.month)
            body = journey_to_json(journey).decode()
            yield "put_journeys", (*stands, to_int(change.at), body, change.seal)
        case Append():
            times = (to_int(change.at), to_int(change.known_at))
            what = (change.kind, change.body, change.source, change.effects, change.hash)
            yield "append", (change.customer, change.n, *times, *what)
        case PutContact():
            contact = change.contact
            yield "put_contacts", (contact.address.uri, change.customer, *_ways(contact))
        case PutCustomer():
            yield from _customer(change)
        case KeepText():
            text = (change.text_hash, change.text, change.version, change.language)
            yield "keep_texts", text
        case OpenRequest():
            asked = (change.customer, change.request, change.about)
            yield "open_requests", (*asked, to_int(change.at))
        case CloseRequest():
            yield "close_requests", (change.id, to_int(change.at), change.by)
        case PutViewing():
            seen = change.viewing
            film = (seen.customer, seen.film, seen.duration_ms, to_int(seen.reported_at))
            yield "put_viewings", (*film, ranges_to_json(seen.watched))


def _customer(change: PutCustomer) -> Iterator[tuple[str, Row]]:
    who = change.customer
    attributes = attributes_to_json(who.attributes)
    row = (who.number, who.language, who.basis, attributes, who.bucket, who.account)
    yield "put_customers", (*row, to_int(change.at))
    yield "drop_contacts", (who.number,)
    for place, contact in enumerate(who.contacts):
        yield "add_contacts", (contact.address.uri, who.number, place, *_ways(contact))


def _ways(contact: Contact) -> tuple[int | None, int | None, int | None]:
    """Write what we may do with an address."""
    return (
        to_int_or_none(contact.opted_out_at),
        to_int_or_none(contact.blocked_at),
        to_int_or_none(contact.used_at),
    )


# --- By what they come in -----------------------------------------------------------------------


def _door(change: _Door) -> tuple[str, Row]:
    match change:
        case MintLink():
            link = change.link
            times = (to_int(link.expires_at), to_int_or_none(link.spent_at))
            return "mint_links", (change.link_hash, link.customer, link.purpose, *times)
        case SpendLink():
            return "spend_links", (change.link_hash, to_int(change.at))
        case RevokeLinks():
            return "revoke_links", (change.customer, change.purpose)
        case PutCode():
            code = change.code
            counts = (code.tries, code.sent, to_int(code.since))
            return "put_codes", (code.customer, code.hash, to_int(code.expires_at), *counts)


# --- What was received and what is to leave -----------------------------------------------------


def _traffic(change: _Traffic) -> Iterator[tuple[str, Row]]:
    match change:
        case Remember():
            seen = (change.key.source, change.key.id, change.digest, change.answer)
            yield "remember", (*seen, to_int(change.at))
        case Enqueue():
            yield "enqueue", to_leave(change)
        case Show():
            said = (change.customer, change.line, change.body, to_int(change.at), change.about)
            yield "show", said
        case CancelQueued():
            yield "cancel_queued", (change.customer, change.reason, to_int(change.at))
        case Suppress():
            yield "suppress", (change.address_hash, change.source, to_int(change.at))
        case Unsuppress():
            yield "unsuppress", (change.address_hash,)
        case CountStranger():
            times = (to_int(change.at), to_int(change.expires_at))
            yield "count_strangers", (change.address_hash, *times)
        case Quarantine():
            what = (change.key.source, change.key.id, change.body, change.reason)
            times2 = (to_int(change.at), to_int_or_none(change.retry_at))
            yield "quarantine", (*what, *times2)
        case Unquarantine():
            key = (change.key.source, change.key.id)
            yield "unquarantine", key
            yield "answer_anew", (*key, change.answer)


def to_leave(row: Enqueue) -> Row:
    """Write a row of the outbox."""
    return (
        row.lane, row.priority, row.recipient, row.line, row.body, to_int(row.due),
        to_int(row.created_at), row.customer, to_int_or_none(row.use_by), row.cost,
        row.is_unasked, row.may_resend, row.about,
    )  # fmt: skip


# --- When to come back --------------------------------------------------------------------------


def _time(change: _Time) -> Iterator[tuple[str, Row]]:
    match change:
        case SetWake():
            gate = change.gate
            gated = (gate.feed, to_int(gate.complete_until)) if gate else (None, None)
            wake = (change.customer, change.slot, change.what, to_int(change.at))
            yield "set_wakes", (*wake, *gated)
        case ClearWake():
            yield "clear_wakes", (change.customer, change.slot)
        case SetWatermark():
            raised = (change.feed, to_int(change.complete_until))
            yield "raise_watermarks", raised
            yield "open_gates", raised


# --- Credits, and what people do ----------------------------------------------------------------


def _record(change: _Record, name: str) -> Iterator[tuple[str, Row]]:
    match change:
        case PutCredit():
            yield from _credit(change)
        case Book():
            yield from _book(change, name)
        case Audit():
            yield "add_audit", (change.at, change.actor, change.act, change.about)
        case PutIncident():
            times = (to_int_or_none(change.opened_at), to_int_or_none(change.closed_at))
            about = (change.incident, change.area, names_to_json(change.customers))
            yield "put_incidents", (*about, *times)


def _credit(change: PutCredit) -> Iterator[tuple[str, Row]]:
    credit = change.credit
    moved_at = to_int(credit.moved_at)
    yield "add_moves", (credit.id, credit.state, moved_at, credit.provider_id, credit.note)
    yield (
        "put_credits",
        (
            credit.id, credit.customer, credit.step, credit.cycle, credit.megabytes, credit.state,
            to_int(credit.earned_at), moved_at, credit.provider_id, credit.attempts,
            to_int_or_none(credit.poll_at), to_int_or_none(credit.usable_until), credit.note,
        ),
    )  # fmt: skip


def _book(change: Book, name: str) -> Iterator[tuple[str, Row]]:
    if sum(megabytes for _, megabytes in change.entries) != 0:
        raise UnbalancedError
    head = (name, to_int(change.at), change.what, change.customer, change.credit)
    for n, (account, megabytes) in enumerate(change.entries, start=1):
        yield "book", (*head, n, account, megabytes)
        yield "add_to_accounts", (account, megabytes)
        yield "add_to_kinds", (kind_of(account), megabytes)
