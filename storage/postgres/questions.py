"""Questions for people in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from storage.changes import (
    AnswerQuestion,
    AskQuestion,
    CountUnfound,
    HoldWords,
    ShowWords,
    TakeQuestion,
)
from storage.memory import QuestionRow
from storage.postgres.database import Connection, Database, rows_of
from storage.queries import load
from storage.questions import SHORTLY, STILL, QuestionChange, Unfound, Waiting, Words
from storage.records import to_int
from storage.rows import to_question, to_waiting, to_words

_SQL = load("postgres", "questions")


@dataclass(frozen=True, slots=True)
class PostgresQuestions:
    """The keeper of questions."""

    database: Database

    async def waiting(self, limit: int) -> tuple[Waiting, ...]:
        """List all that waits for a person, the oldest first."""
        return to_waiting(await self.database.read(lambda c: c.fetch(_SQL["waiting"], limit)))

    async def question(self, request: int) -> QuestionRow | None:
        """Read one question."""
        row = await self.database.read(lambda c: c.fetchrow(_SQL["read_question"], request))
        return to_question(row) if row else None

    async def to_show(self, limit: int) -> tuple[Words, ...]:
        """List what customers said that no manager was shown yet, the oldest first."""
        return await self._words("to_show", limit)

    async def words(self, request: int) -> tuple[Words, ...]:
        """Read all that was said about a question, the oldest first."""
        return await self._words("words_about", request)

    async def unfound(self, since: date, least: int, limit: int) -> tuple[Unfound, ...]:
        """List the words that found no topic, the most frequent first."""
        asked = (since.isoformat(), least, limit)
        rows = await self.database.read(lambda c: c.fetch(_SQL["unfound"], *asked))
        return tuple(Unfound(*row) for row in rows)

    async def forget_words(self, before: datetime, limit: int) -> int:
        """Delete what was written before a moment."""
        asked = (_SQL["forget_words"], to_int(before), limit)
        return rows_of(await self.database.write(lambda c: c.execute(*asked)))

    async def forget_unfound(self, before: date, rare: tuple[date, int]) -> None:
        """Delete counts from before a day, and before another day those below a number."""
        asked = (before.isoformat(), rare[0].isoformat(), rare[1])
        await self.database.write(lambda c: c.execute(_SQL["forget_unfound"], *asked))

    async def _words(self, name: str, about: int) -> tuple[Words, ...]:
        return to_words(await self.database.read(lambda c: c.fetch(_SQL[name], about)))


# --- Changes ------------------------------------------------------------------------------------


async def ask(connection: Connection, change: QuestionChange) -> None:
    """Apply a change to what waits for people."""
    match change:
        case AskQuestion():
            await _ask(connection, change)
        case HoldWords():
            over = (change.customer, to_int(change.at - SHORTLY))
            await connection.execute(_SQL["drop_unasked"], *over)
            kept = (change.customer, None, to_int(change.at), "", change.text, None)
            await connection.execute(_SQL["add_words"], *kept)
        case TakeQuestion():
            await connection.execute(_SQL["take_question"], change.by, change.request)
            if change.by is not None:
                await connection.execute(_SQL["reopen_request"], change.request)
        case AnswerQuestion():
            at = to_int(change.at)
            await connection.execute(_SQL["answer_question"], change.by, at, change.request)
            said = (change.customer, change.request, at, change.by, change.text, at)
            await connection.execute(_SQL["add_words"], *said)
        case ShowWords():
            await connection.execute(_SQL["show_words"], to_int(change.at), change.id)
        case CountUnfound():
            await _count(connection, change.words, change.week.isoformat(), change.topic)


async def _count(connection: Connection, words: Sequence[str], week: str, topic: str) -> None:
    weeks, topics = [week] * len(words), [topic] * len(words)
    await connection.execute(_SQL["count_unfound"], weeks, list(words), topics)


async def _ask(connection: Connection, change: AskQuestion) -> None:
    """Open a question, or add to the one that waits or was answered a short while ago."""
    who, at = change.customer, to_int(change.at)
    still, shortly = to_int(change.at - STILL), to_int(change.at - SHORTLY)
    request = await connection.fetchval(_SQL["open_question"], who, still)
    if request is None:
        request = await connection.fetchval(_SQL["add_request"], who, at)
    else:
        await connection.execute(_SQL["reopen_request"], request)
    await connection.execute(_SQL["put_question"], request, who, change.address.uri, at)
    await connection.execute(_SQL["attach_words"], request, who, shortly)
    await connection.execute(_SQL["add_words"], who, request, at, "", change.text, None)
