"""A whole list from an operator, page by page, or the honest word that it is not whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

import msgspec

from bot.carrier.bodies import name_of
from bot.carrier.transport import NoReply, Reply, Transport

T = TypeVar("T", bound=msgspec.Struct)

_MOST_PAGES = 5_000
_GOOD = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Not the whole list was seen, so what is missing in it may yet be there.

    `at` is what came back where the reading broke off, if anything did.
    """

    why: str
    at: Reply | NoReply | None = None


@dataclass(frozen=True, slots=True)
class Lists:
    """How an operator gives out lists.

    `filters`: what a filtered list lacks is certainly not there (the interfaces declare no
    filters, so a server may ignore or misread them). `page_size`: None if it gives every list
    whole, at once.
    """

    filters: bool = False
    page_size: int | None = 100

    async def read(
        self,
        transport: Transport,
        path: str,
        kind: type[list[T]],
        query: Mapping[str, str],
    ) -> tuple[T, ...] | Incomplete:
        """Read a whole list; a server that does not know the query's filters gives more."""
        if self.page_size is None:
            rows = _rows(await transport.get(path, query), kind)
            return rows if isinstance(rows, Incomplete) else tuple(rows)
        return await _paged(transport, path, kind, {**query, "limit": str(self.page_size)})


async def _paged(
    transport: Transport, path: str, kind: type[list[T]], query: Mapping[str, str]
) -> tuple[T, ...] | Incomplete:
    """Read page after page. Servers may cap `limit`, hence the end is an empty page, not a short.

    One that brings nothing new may come from a server that ignores `offset`: that is no end.
    """
    seen: dict[str, T] = {}
    read = 0
    for _ in range(_MOST_PAGES):
        reply = await transport.get(path, {**query, "offset": str(read)})
        rows = _rows(reply, kind)
        if isinstance(rows, Incomplete):
            return rows
        new = {name: row for row in rows if (name := _name(row)) not in seen}
        seen |= new
        read += len(rows)
        if not rows or len(seen) == _total(reply):
            return tuple(seen.values())
        if not new:
            return Incomplete("the list does not move on")
    return Incomplete("the list does not end")


def _rows(reply: Reply | NoReply, kind: type[list[T]]) -> list[T] | Incomplete:
    if isinstance(reply, NoReply):
        return Incomplete(reply.why, reply)
    rows = reply.read(kind) if reply.status in _GOOD else None
    return Incomplete(f"status {reply.status}, or no list", reply) if rows is None else rows


def _name(row: msgspec.Struct) -> str:
    """Tell rows apart by id, or by everything they say where the operator gives none."""
    return name_of(getattr(row, "id", None)) or repr(row)


def _total(reply: Reply | NoReply) -> int | None:
    total = reply.headers.get("x-total-count", "") if isinstance(reply, Reply) else ""
    return int(total) if total.isascii() and total.isdigit() else None
