"""Questions for people in SQLite."""

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

from flows.customer import Address
from flows.effects import Request
from storage.changes import (
    AnswerQuestion,
    AskQuestion,
    CountUnfound,
    HoldWords,
    ShowWords,
    TakeQuestion,
)
from storage.memory import QuestionRow
from storage.queries import load
from storage.questions import Unfound, Waiting, Words
from storage.records import to_int, to_moment, to_moment_or_none

T = TypeVar("T")
QuestionChange = (
    AskQuestion | HoldWords | TakeQuestion | AnswerQuestion | ShowWords | CountUnfound
)  # fmt: skip

SHORTLY = timedelta(hours=1)  # what was said within it before a question belongs to it
STILL = timedelta(days=1)  # after an answer: what comes then belongs to the same question
_SQL = load("sqlite", "questions")

_Columns = tuple[int, str, str, int, str | None, str | None, int | None, int | None]


class _Run(Protocol):
    def __call__(self, work: Callable[[sqlite3.Connection], T]) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class SqliteQuestions:
    """The keeper of questions, over the store's readers and its writer."""

    read: _Run
    write: _Run

    async def waiting(self, limit: int) -> tuple[Waiting, ...]:
        """List all that waits for a person, the oldest first."""
        rows = await self.read(lambda db: db.execute(_SQL["waiting"], (limit,)).fetchall())
        return tuple(
            Waiting(id_, who, Request(request), about, to_moment(at), text, taken_by)
            for id_, who, request, about, at, text, taken_by in rows
        )

    async def question(self, request: int) -> QuestionRow | None:
        """Read one question."""
        return await self.read(lambda db: read_question(db, request))

    async def to_show(self, limit: int) -> tuple[Words, ...]:
        """List what customers said that no manager was shown yet, the oldest first."""
        return await self.read(lambda db: _words(db, "to_show", limit))

    async def words(self, request: int) -> tuple[Words, ...]:
        """Read all that was said about a question, the oldest first."""
        return await self.read(lambda db: _words(db, "words_about", request))

    async def unfound(self, since: date, least: int, limit: int) -> tuple[Unfound, ...]:
        """List the words that found no topic, the most frequent first."""
        asked = (since.isoformat(), least, limit)
        rows = await self.read(lambda db: db.execute(_SQL["unfound"], asked).fetchall())
        return tuple(Unfound(*row) for row in rows)

    async def forget_words(self, before: datetime, limit: int) -> int:
        """Delete what was written before a moment."""
        asked = (to_int(before), limit)
        return await self.write(lambda db: db.execute(_SQL["forget_words"], asked).rowcount)

    async def forget_unfound(self, before: date, rare: tuple[date, int]) -> None:
        """Delete counts from before a day, and before another day those below a number."""
        asked = (before.isoformat(), rare[0].isoformat(), rare[1])
        await self.write(lambda db: db.execute(_SQL["forget_unfound"], asked))


def read_question(db: sqlite3.Connection, request: int) -> QuestionRow | None:
    """Read one question."""
    return _to_question(db.execute(_SQL["read_question"], (request,)).fetchone())


def read_question_of(db: sqlite3.Connection, customer: str) -> QuestionRow | None:
    """Read the latest question of a customer."""
    return _to_question(db.execute(_SQL["read_question_of"], (customer,)).fetchone())


def _to_question(row: _Columns | None) -> QuestionRow | None:
    if row is None:
        return None
    request, customer, address, asked_at, taken_by, answered_by, answered_at, closed_at = row
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


def _words(db: sqlite3.Connection, name: str, about: int) -> tuple[Words, ...]:
    rows = db.execute(_SQL[name], (about,)).fetchall()
    return tuple(Words(id_, of, to_moment(at), author, text) for id_, of, at, author, text in rows)


# --- Changes ------------------------------------------------------------------------------------


def apply(db: sqlite3.Connection, change: QuestionChange) -> None:
    """Apply a change to what waits for people."""
    match change:
        case AskQuestion():
            _ask(db, change)
        case HoldWords():
            over = (change.customer, to_int(change.at - SHORTLY))
            db.execute(_SQL["drop_unasked"], over)
            kept = (change.customer, None, to_int(change.at), "", change.text, None)
            db.execute(_SQL["add_words"], kept)
        case TakeQuestion():
            db.execute(_SQL["take_question"], (change.by, change.request))
            if change.by is not None:
                db.execute(_SQL["reopen_request"], (change.request,))
        case AnswerQuestion():
            at = to_int(change.at)
            db.execute(_SQL["answer_question"], (change.by, at, change.request))
            said = (change.customer, change.request, at, change.by, change.text, at)
            db.execute(_SQL["add_words"], said)
        case ShowWords():
            db.execute(_SQL["show_words"], (to_int(change.at), change.id))
        case CountUnfound():
            rows = [(change.week.isoformat(), word, change.topic) for word in change.words]
            db.executemany(_SQL["count_unfound"], rows)


def _ask(db: sqlite3.Connection, change: AskQuestion) -> None:
    """Open a question, or add to the one that waits or was answered a short while ago."""
    who, at = change.customer, to_int(change.at)
    found = db.execute(_SQL["open_question"], (who, to_int(change.at - STILL))).fetchone()
    if found is None:
        found = db.execute(_SQL["add_request"], (who, at)).fetchone()
    else:
        db.execute(_SQL["reopen_request"], found)
    request = found[0]
    db.execute(_SQL["put_question"], (request, who, change.address.uri, at))
    db.execute(_SQL["attach_words"], (request, who, to_int(change.at - SHORTLY)))
    db.execute(_SQL["add_words"], (who, request, at, "", change.text, None))
