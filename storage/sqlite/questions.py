"""Questions for people in SQLite."""

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

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
from storage.questions import SHORTLY, STILL, QuestionChange, Unfound, Waiting, Words
from storage.records import to_int
from storage.rows import QuestionColumns, to_question, to_waiting, to_words

T = TypeVar("T")
_SQL = load("sqlite", "questions")


class _Run(Protocol):
    def __call__(self, work: Callable[[sqlite3.Connection], T]) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class SqliteQuestions:
    """The keeper of questions, over the store's readers and its writer."""

    read: _Run
    write: _Run

    async def waiting(self, limit: int) -> tuple[Waiting, ...]:
        """List all that waits for a person, the oldest first."""
        return await self.read(lambda db: to_waiting(db.execute(_SQL["waiting"], (limit,))))

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
    row: QuestionColumns | None = db.execute(_SQL["read_question"], (request,)).fetchone()
    return to_question(row) if row else None


def read_question_of(db: sqlite3.Connection, customer: str) -> QuestionRow | None:
    """Read the latest question of a customer."""
    row: QuestionColumns | None = db.execute(_SQL["read_question_of"], (customer,)).fetchone()
    return to_question(row) if row else None


def _words(db: sqlite3.Connection, name: str, about: int) -> tuple[Words, ...]:
    return to_words(db.execute(_SQL[name], (about,)))


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
