"""The rows of many turns go out together: a statement for each kind, in the order of `STATEMENTS`.

Statements about the same tables share a subject; where one turn needs them in another order, or the
same row twice, what comes later in that turn waits for the next wave.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from storage.changes import CloseBooks, DropHistory, Erase
from storage.questions import QuestionChange

Forget: TypeAlias = Erase | CloseBooks | DropHistory
Value: TypeAlias = str | int | bytes | bool | UUID | datetime | Forget | QuestionChange | None
Row: TypeAlias = tuple[Value, ...]
Rows: TypeAlias = Sequence[tuple[str, Row]]  # each with the name of its statement
Sheet: TypeAlias = dict[str, list[Row]]  # the rows for each statement


@dataclass(frozen=True, slots=True)
class Statement:
    """A named query that takes many rows; no two of them may have the same first `key` columns."""

    subject: str
    key: int = 0


EVERYTHING = "everything"  # must come after all that was before it in its turn

STATEMENTS = {  # in the order in which they go out
    "forget": Statement(EVERYTHING),
    "put_customers": Statement("people", key=1),
    "drop_contacts": Statement("people"),
    "add_contacts": Statement("people"),
    "put_contacts": Statement("people", key=1),
    "put_journeys": Statement("people", key=1),
    "append": Statement("journal"),
    "put_viewings": Statement("viewings", key=1),
    "keep_texts": Statement("texts"),
    "revoke_links": Statement("links"),
    "mint_links": Statement("links"),
    "spend_links": Statement("links"),
    "put_codes": Statement("codes", key=1),
    "open_requests": Statement("requests"),
    "close_requests": Statement("requests", key=1),
    "ask": Statement("requests"),
    "remember": Statement("inbox"),
    "quarantine": Statement("inbox", key=2),
    "unquarantine": Statement("inbox"),
    "answer_anew": Statement("inbox", key=2),
    "suppress": Statement("standing"),
    "unsuppress": Statement("standing"),
    "count_strangers": Statement("strangers", key=1),
    "cancel_queued": Statement("outbox", key=1),
    "enqueue": Statement("outbox"),
    "show": Statement("outbox"),
    "set_wakes": Statement("wakes", key=2),
    "clear_wakes": Statement("wakes"),
    "raise_watermarks": Statement("wakes", key=1),
    "open_gates": Statement("wakes", key=1),
    "add_moves": Statement("moves", key=1),
    "put_credits": Statement("credits", key=1),
    "put_incidents": Statement("incidents", key=1),
    "book": Statement("ledger"),
    "add_to_accounts": Statement("accounts"),
    "add_to_kinds": Statement("kinds"),
    "add_audit": Statement("audit"),
}
_PLACES = {name: place for place, name in enumerate(STATEMENTS)}


def in_waves(turns: Iterable[Rows]) -> list[Sheet]:
    """Lay out the rows of many turns: sheets, to be written one after another."""
    waves: list[Sheet] = []
    written: set[tuple[str, int, Row]] = set()
    for rows in turns:
        course = _Course(written)
        for name, row in rows:
            wave = course.wave_of(name, row)
            while len(waves) <= wave:
                waves.append(defaultdict(list))
            waves[wave][name].append(row)
    return waves


class _Course:
    """How far one turn has come on each subject, and which rows are taken in which wave."""

    def __init__(self, written: set[tuple[str, int, Row]]) -> None:
        self._written = written
        self._reached: dict[str, tuple[int, int]] = {}
        self._floor = 0

    def wave_of(self, name: str, row: Row) -> int:
        statement, place = STATEMENTS[name], _PLACES[name]
        if statement.subject == EVERYTHING:
            self._floor = 1 + max((wave for wave, _ in self._reached.values()), default=-1)
        wave, last = self._reached.get(statement.subject, (0, 0))
        if wave < self._floor:
            wave, last = self._floor, 0
        if place < last:
            wave += 1
        if statement.key:
            key = row[: statement.key]
            while (name, wave, key) in self._written:
                wave += 1
            self._written.add((name, wave, key))
        self._reached[statement.subject] = (wave, place)
        return wave
