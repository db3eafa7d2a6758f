"""Reads everything that concerns the customers of many turns, by few statements for all of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from flows.customer import Basis, Customer
from flows.events import Feed
from storage.commons import Common
from storage.memory import Key, Memory, Seen
from storage.postgres.database import Connection
from storage.queries import load
from storage.records import (
    attributes_from_json,
    journey_from_json,
    to_contact,
    to_moment,
    to_moment_or_none,
)
from storage.rows import (
    CreditColumns,
    QuestionColumns,
    RequestColumns,
    to_code,
    to_credit,
    to_link,
    to_question,
    to_request,
    to_viewing,
)

_SQL = load("postgres", "memory")

ContactColumns: TypeAlias = tuple[str, int | None, int | None, int | None]
_Columns: TypeAlias = tuple[
    str | None, str, str | None, str | None, str | None, str | None,
    str | None, int | None, bytes | None,
    Sequence[ContactColumns],
    Sequence[CreditColumns],
    tuple[bytes, str] | None,
    bool,
    int | None,
    tuple[str, str, int, int | None] | None,
    RequestColumns | None,
    tuple[str, int, int, str] | None,
    tuple[str, bytes, int, int, int, int] | None,
    QuestionColumns | None,
    bytes | None,
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is kept about whom one key means; with what is common to all it makes a memory."""

    key: Key
    columns: _Columns
    suppressed: frozenset[bytes]

    def memory(self, common: Common) -> Memory:
        """Give what a turn may decide on."""
        (
            body, entries, tail, _, owned, seen, is_suppressed, answered_at,
            link, request, film, code, question, seal,
        ) = self.columns[6:]  # fmt: skip
        customer = self._customer()
        journey = journey_from_json(body.encode()) if body else None
        return Memory(
            seen=Seen(*seen) if seen else None,
            customer=customer,
            journey=journey,
            terms=journey.consent.version if journey and journey.consent else None,
            entries=entries or 0,
            tail=tail or b"",
            seal=seal,
            credits=tuple(map(to_credit, owned)),
            is_suppressed=is_suppressed,
            suppressed=self.suppressed,
            stranger_answered_at=to_moment_or_none(answered_at),
            link=to_link(*link) if link else None,
            watermarks=tuple(common.watermarks.items()),
            reserved_megabytes=common.reserved_megabytes,
            delivered_megabytes=common.delivered_megabytes,
            request=to_request(request) if request else None,
            viewing=to_viewing(customer.number, *film) if customer and film else None,
            code=to_code(*code) if code else None,
            question=to_question(question) if question else None,
        )

    def _customer(self) -> Customer | None:
        number, language, basis, attributes, bucket, account = self.columns[:6]
        if number is None:
            return None
        return Customer(
            number=number,
            language=language,
            basis=Basis(basis) if basis else None,
            contacts=tuple(to_contact(*contact) for contact in self.columns[9]),
            attributes=attributes_from_json(attributes),
            bucket=bucket,
            account=account,
        )


async def hold(connection: Connection, keys: Sequence[Key]) -> dict[int, str]:
    """Hold the customers whom keys mean until the transaction ends: place of the key -> number."""
    return _numbers(await connection.fetch(_SQL["hold_customers"], *_names(keys)))


async def find(connection: Connection, keys: Sequence[Key]) -> dict[int, str]:
    """Tell whom keys mean: place of the key -> number."""
    return _numbers(await connection.fetch(_SQL["find_customers"], *_names(keys)))


def _names(keys: Sequence[Key]) -> tuple[Sequence[object], ...]:
    return (
        [key.customer for key in keys],
        [key.address.uri if key.address else None for key in keys],
        [key.link_hash for key in keys],
        [key.credit for key in keys],
        [key.request for key in keys],
    )


def _numbers(rows: Iterable[tuple[int, str]]) -> dict[int, str]:
    return {place - 1: number for place, number in rows}


async def recall(
    connection: Connection, keys: Sequence[Key], numbers: Mapping[int, str]
) -> list[Recalled]:
    """Read what concerns the keys, whose customers are known by now."""
    rows: list[_Columns] = await connection.fetch(
        _SQL["read_memories"],
        [numbers.get(place) for place in range(len(keys))],
        [key.inbox.source if key.inbox else None for key in keys],
        [key.inbox.id if key.inbox else None for key in keys],
        [key.address_hash for key in keys],
        [key.link_hash for key in keys],
        [key.request for key in keys],
        [key.with_viewing for key in keys],
        [key.with_code for key in keys],
        [key.with_question for key in keys],
    )
    suppressed = await _suppressed(connection, keys)
    return [
        Recalled(key, row, suppressed.intersection(key.address_hashes))
        for key, row in zip(keys, rows, strict=True)
    ]


async def _suppressed(connection: Connection, keys: Iterable[Key]) -> frozenset[bytes]:
    asked = [address for key in keys for address in key.address_hashes]
    if not asked:
        return frozenset()
    return frozenset(h for (h,) in await connection.fetch(_SQL["read_suppressed"], asked))


async def read_common(connection: Connection) -> Common:
    """Read what is the same for all."""
    [(marks, kinds)] = await connection.fetch(_SQL["read_common"])
    return Common(
        watermarks=MappingProxyType({Feed(feed): to_moment(until) for feed, until in marks}),
        kinds=MappingProxyType(dict(kinds)),
    )


async def hold_kinds(connection: Connection) -> dict[str, int]:
    """Read the balances and let nobody else book until the transaction ends."""
    return dict(await connection.fetch(_SQL["hold_kinds"]))
