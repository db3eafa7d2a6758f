"""Applies the changes of a turn, each by one named statement or few."""

import sqlite3

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
from storage.errors import AddressTakenError
from storage.queries import load
from storage.records import (
    attributes_to_json,
    journey_to_json,
    names_to_json,
    ranges_to_json,
    to_int,
    to_int_or_none,
)
from storage.sqlite import books, questions, rights

_PEOPLE = load("sqlite", "people")
_INBOX = load("sqlite", "inbox")
_OUTBOX = load("sqlite", "outbox")
_WAKES = load("sqlite", "wakes")

_Person = (
    PutCustomer | PutContact | PutJourney | Append | KeepText | OpenRequest | CloseRequest
)  # fmt: skip
_Door = MintLink | SpendLink | RevokeLinks | PutCode
_Traffic = (
    Remember | Quarantine | Unquarantine | Enqueue | Show | CancelQueued | Suppress | Unsuppress
    | CountStranger
)  # fmt: skip
_Time = SetWake | ClearWake | SetWatermark
_Record = PutCredit | Book | Audit | PutIncident | PutViewing


def changes_what_is_common(change: Change) -> bool:
    """Tell whether the next turn must read again what is the same for every customer."""
    return isinstance(change, SetWatermark | Book | Erase)


def apply(db: sqlite3.Connection, change: Change) -> None:
    """Apply one change."""
    match change:
        case (
            Remember() | Enqueue() | Show() | CancelQueued() | Quarantine() | Unquarantine()
            | Suppress() | Unsuppress() | CountStranger()
        ):  # fmt: skip
            _apply_to_traffic(db, change)
        case (
            Append() | PutJourney() | PutContact() | PutCustomer()
            | KeepText() | OpenRequest() | CloseRequest()
        ):  # fmt: skip
            _apply_to_person(db, change)
        case (
            AskQuestion() | HoldWords() | TakeQuestion() | AnswerQuestion() | ShowWords()
            | CountUnfound()
        ):  # fmt: skip
            questions.apply(db, change)
        case MintLink() | SpendLink() | RevokeLinks() | PutCode():
            _apply_to_doors(db, change)
        case SetWake() | ClearWake() | SetWatermark():
            _apply_to_time(db, change)
        case PutCredit() | Book() | Audit() | PutIncident() | PutViewing():
            _apply_to_record(db, change)
        case Erase() | CloseBooks() | DropHistory():
            rights.apply(db, change)


# --- Who takes part -----------------------------------------------------------------------------


def _apply_to_person(db: sqlite3.Connection, change: _Person) -> None:
    match change:
        case PutJourney():
            body, since = journey_to_json(change.journey), to_int(change.at)
            number = change.journey.customer
            row = (number, change.state, change.step, change.month, since, body, change.seal)
            db.execute(_PEOPLE["put_journey"], row)
        case Append():
            _append(db, change)
        case PutContact():
            _put_contact(db, change)
        case PutCustomer():
            _put_customer(db, change)
        case KeepText():
            text = (change.text_hash, change.text, change.version, change.language)
            db.execute(_PEOPLE["keep_text"], text)
        case OpenRequest():
            request = (change.customer, change.request.value, change.about, to_int(change.at))
            db.execute(_PEOPLE["open_request"], request)
        case CloseRequest():
            db.execute(_PEOPLE["close_request"], (to_int(change.at), change.by, change.id))


def _append(db: sqlite3.Connection, row: Append) -> None:
    db.execute(
        _PEOPLE["append"],
        (
            row.customer, row.n, to_int(row.at), to_int(row.known_at), row.kind, row.body,
            row.source, row.effects, row.hash,
        ),
    )  # fmt: skip


def _put_contact(db: sqlite3.Connection, change: PutContact) -> None:
    contact = change.contact
    db.execute(
        _PEOPLE["put_contact"],
        (
            contact.address.uri, change.customer, to_int_or_none(contact.opted_out_at),
            to_int_or_none(contact.blocked_at), to_int_or_none(contact.used_at),
        ),
    )  # fmt: skip


def _put_customer(db: sqlite3.Connection, change: PutCustomer) -> None:
    who = change.customer
    attributes = attributes_to_json(who.attributes)
    row = (who.number, who.language, who.basis, attributes, who.bucket, who.account)
    db.execute(_PEOPLE["put_customer"], (*row, to_int(change.at)))
    db.execute(_PEOPLE["drop_contacts"], (who.number,))
    contacts = (
        (
            contact.address.uri, who.number, place, to_int_or_none(contact.opted_out_at),
            to_int_or_none(contact.blocked_at), to_int_or_none(contact.used_at),
        )
        for place, contact in enumerate(who.contacts)
    )  # fmt: skip
    try:
        db.executemany(_PEOPLE["add_contact"], contacts)
    except sqlite3.IntegrityError as error:
        raise AddressTakenError from error


# --- By what they come in -----------------------------------------------------------------------


def _apply_to_doors(db: sqlite3.Connection, change: _Door) -> None:
    match change:
        case MintLink():
            _mint_link(db, change)
        case SpendLink():
            db.execute(_PEOPLE["spend_link"], (to_int(change.at), change.link_hash))
        case RevokeLinks():
            db.execute(_PEOPLE["revoke_links"], (change.customer, change.purpose))
        case PutCode():
            code = change.code
            counts = (code.tries, code.sent, to_int(code.since))
            row = (code.customer, code.hash, to_int(code.expires_at), *counts)
            db.execute(_PEOPLE["put_code"], row)


def _mint_link(db: sqlite3.Connection, change: MintLink) -> None:
    link = change.link
    expires_at, spent_at = to_int(link.expires_at), to_int_or_none(link.spent_at)
    row = (change.link_hash, link.customer, link.purpose, expires_at, spent_at)
    db.execute(_PEOPLE["mint_link"], row)


# --- What was received and what is to leave -----------------------------------------------------


def _apply_to_traffic(db: sqlite3.Connection, change: _Traffic) -> None:
    match change:
        case Remember():
            row = (change.key.source, change.key.id, change.digest, change.answer)
            db.execute(_INBOX["remember"], (*row, to_int(change.at)))
        case Enqueue():
            _enqueue(db, change)
        case Show():
            said = (change.customer, change.line, change.body, to_int(change.at), change.about)
            db.execute(_OUTBOX["show"], said)
        case CancelQueued():
            taken_back = (change.reason, change.customer, to_int(change.at))
            db.execute(_OUTBOX["cancel_queued"], taken_back)
        case Suppress():
            row3 = (change.address_hash, change.source, to_int(change.at))
            db.execute(_INBOX["suppress"], row3)
        case Unsuppress():
            db.execute(_INBOX["unsuppress"], (change.address_hash,))
        case CountStranger():
            times = (to_int(change.at), to_int(change.expires_at))
            db.execute(_INBOX["count_stranger"], (change.address_hash, *times))
        case Quarantine():
            what = (change.key.source, change.key.id, change.body, change.reason)
            times2 = (to_int(change.at), to_int_or_none(change.retry_at))
            db.execute(_INBOX["quarantine"], (*what, *times2))
        case Unquarantine():
            key = (change.key.source, change.key.id)
            db.execute(_INBOX["unquarantine"], key)
            db.execute(_INBOX["answer_anew"], (change.answer, *key))


def _enqueue(db: sqlite3.Connection, row: Enqueue) -> None:
    db.execute(
        _OUTBOX["enqueue"],
        (
            row.lane, row.priority, row.recipient, row.line, row.body, to_int(row.due),
            to_int(row.created_at), row.customer, to_int_or_none(row.use_by), row.cost,
            row.is_unasked, row.may_resend, row.about,
        ),
    )  # fmt: skip


# --- When to come back --------------------------------------------------------------------------


def _apply_to_time(db: sqlite3.Connection, change: _Time) -> None:
    match change:
        case SetWake():
            gate = change.gate
            feed, needs = (gate.feed, to_int(gate.complete_until)) if gate else (None, None)
            row = (change.customer, change.slot, change.what, to_int(change.at), feed, needs)
            db.execute(_WAKES["set_wake"], row)
        case ClearWake():
            db.execute(_WAKES["clear_wake"], (change.customer, change.slot))
        case SetWatermark():
            raised = (change.feed.value, to_int(change.complete_until))
            db.execute(_WAKES["raise_watermark"], raised)
            db.execute(_WAKES["open_gates"], raised)


# --- Credits, and what people do ----------------------------------------------------------------


def _apply_to_record(db: sqlite3.Connection, change: _Record) -> None:
    match change:
        case PutCredit():
            books.put_credit(db, change)
        case Book():
            books.book(db, change)
        case Audit():
            books.audit(db, change)
        case PutIncident():
            opened_at, closed_at = map(to_int_or_none, (change.opened_at, change.closed_at))
            row = (change.incident, change.area, names_to_json(change.customers))
            db.execute(_PEOPLE["put_incident"], (*row, opened_at, closed_at))
        case PutViewing():
            viewed = change.viewing
            film = (viewed.customer, viewed.film, viewed.duration_ms, to_int(viewed.reported_at))
            db.execute(_PEOPLE["put_viewing"], (*film, ranges_to_json(viewed.watched)))
