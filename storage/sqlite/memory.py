"""Reads everything that concerns one customer, by as few statements as its key needs."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flows.customer import Basis, Customer
from flows.events import Feed
from flows.watching import Viewing
from storage.memory import (
    Code,
    CreditRow,
    InboxKey,
    Key,
    Link,
    Memory,
    QuestionRow,
    RequestRow,
    Seen,
)
from storage.queries import load
from storage.records import (
    attributes_from_json,
    journey_from_json,
    to_contact,
    to_moment,
    to_moment_or_none,
)
from storage.rows import RequestColumns, to_code, to_credit, to_link, to_request, to_viewing
from storage.sqlite.questions import read_question, read_question_of

_SQL = load("sqlite", "memory")

_CustomerRow = tuple[
    str, str, str | None, str | None, str | None, str | None,
    bytes | None, int | None, bytes | None, int, bytes | None,
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Common:
    """What is the same for everybody: watermarks and the budget's balances."""

    watermarks: tuple[tuple[Feed, datetime], ...]
    reserved_megabytes: int
    delivered_megabytes: int


class Recall:
    """Reads memories; what is common to all customers is read once until it is `fresh` again."""

    def __init__(self) -> None:
        self._common: Common | None = None

    def fresh(self) -> None:
        """Forget what is common: somebody may have changed it."""
        self._common = None

    def read(self, db: sqlite3.Connection, key: Key) -> Memory:
        """Read all that a turn for this key may decide on."""
        common = self._common = self._common or _read_common(db)
        found = _find(db, key)
        customer = _to_customer(db, found) if found else None
        body, entries, tail, has_credits, seal = found[6:] if found else (None, None, None, 0, None)
        journey = journey_from_json(body) if body else None
        is_suppressed, answered_at = _read_standing(db, key.address_hash)
        return Memory(
            seen=_read_seen(db, key.inbox),
            customer=customer,
            journey=journey,
            terms=journey.consent.version if journey and journey.consent else None,
            entries=entries or 0,
            tail=tail or b"",
            seal=seal,
            credits=read_credits(db, customer.number) if customer and has_credits else (),
            is_suppressed=is_suppressed,
            suppressed=frozenset(_suppressed(db, key.address_hashes)),
            stranger_answered_at=answered_at,
            link=_read_link(db, key.link_hash),
            watermarks=common.watermarks,
            reserved_megabytes=common.reserved_megabytes,
            delivered_megabytes=common.delivered_megabytes,
            request=_read_request(db, key.request),
            viewing=read_viewing(db, customer.number) if customer and key.with_viewing else None,
            question=_read_question(db, key, customer),
            code=_read_code(db, customer.number) if customer and key.with_code else None,
        )


def _find(db: sqlite3.Connection, key: Key) -> _CustomerRow | None:
    """Find the row of the customer whom a key means, if it means one."""
    address = key.address.uri if key.address else None
    credit = key.credit.bytes if key.credit else None
    named = (key.customer, address, key.link_hash, credit, key.request)
    if not any(name is not None for name in named):
        return None
    row: _CustomerRow | None = db.execute(_SQL["read_customer"], named).fetchone()
    return row


def _to_customer(db: sqlite3.Connection, row: _CustomerRow) -> Customer:
    number, language, basis, attributes, bucket, account = row[:6]
    contacts = db.execute(_SQL["read_contacts"], (number,))
    return Customer(
        number=number,
        language=language,
        basis=Basis(basis) if basis else None,
        contacts=tuple(to_contact(*contact) for contact in contacts),
        attributes=attributes_from_json(attributes),
        bucket=bucket,
        account=account,
    )


def read_credits(db: sqlite3.Connection, customer: str) -> tuple[CreditRow, ...]:
    """Read all credits of a customer, the oldest first."""
    return tuple(map(to_credit, db.execute(_SQL["read_credits"], (customer,))))


def _read_seen(db: sqlite3.Connection, key: InboxKey | None) -> Seen | None:
    if key is None:
        return None
    row: tuple[bytes, str] | None = db.execute(_SQL["read_seen"], (key.source, key.id)).fetchone()
    return Seen(*row) if row else None


def _read_standing(
    db: sqlite3.Connection, address_hash: bytes | None
) -> tuple[bool, datetime | None]:
    if address_hash is None:
        return False, None
    found = db.execute(_SQL["read_standing"], (address_hash,))
    is_suppressed, answered_at = found.fetchone()
    return bool(is_suppressed), to_moment_or_none(answered_at)


def _suppressed(db: sqlite3.Connection, hashes: Iterable[bytes]) -> Iterable[bytes]:
    return (h for h in hashes if db.execute(_SQL["is_suppressed"], (h,)).fetchone())


def _read_link(db: sqlite3.Connection, link_hash: bytes | None) -> Link | None:
    if link_hash is None:
        return None
    row: tuple[str, str, int, int | None] | None
    row = db.execute(_SQL["read_link"], (link_hash,)).fetchone()
    return to_link(*row) if row else None


def _read_code(db: sqlite3.Connection, customer: str) -> Code | None:
    row: tuple[str, bytes, int, int, int, int] | None
    row = db.execute(_SQL["read_code"], (customer,)).fetchone()
    return to_code(*row) if row else None


def _read_question(
    db: sqlite3.Connection, key: Key, customer: Customer | None
) -> QuestionRow | None:
    if key.request is not None:
        return read_question(db, key.request)
    return read_question_of(db, customer.number) if customer and key.with_question else None


def _read_request(db: sqlite3.Connection, number: int | None) -> RequestRow | None:
    if number is None:
        return None
    row: RequestColumns | None = db.execute(_SQL["read_request"], (number,)).fetchone()
    return to_request(row) if row else None


def read_viewing(db: sqlite3.Connection, customer: str) -> Viewing | None:
    """Read what a customer has watched of the film."""
    row: tuple[str, int, int, str] | None
    row = db.execute(_SQL["read_viewing"], (customer,)).fetchone()
    return to_viewing(customer, *row) if row else None


def _read_common(db: sqlite3.Connection) -> Common:
    kinds: dict[str, int] = dict(db.execute(_SQL["read_kinds"]).fetchall())
    return Common(
        watermarks=read_watermarks(db),
        reserved_megabytes=kinds.get("liability", 0),
        delivered_megabytes=kinds.get("delivered", 0),
    )


def read_watermarks(db: sqlite3.Connection) -> tuple[tuple[Feed, datetime], ...]:
    """Read up to when each feed is complete."""
    rows = db.execute(_SQL["read_watermarks"])
    return tuple((Feed(feed), to_moment(complete_until)) for feed, complete_until in rows)
