"""The writer commits in groups: what waits at the same time shares one transaction and one flush.

All that is written goes through one connection. A piece of work is a plain function, at times
called more than once; its caller is answered after the COMMIT of the whole group. A group is
whatever has arrived during the last COMMIT, so nothing waits for company.

Short work is done right here, in the loop's thread (`run_short`), for there is one interpreter, and
two threads that fight for it both lose. What may take long (`run`), and all that waits for the disk
or for another process, happens in the connection's thread.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar, cast

import aiosqlite

from storage.errors import ClosedError, OverloadedError, StorageError
from storage.queries import load
from storage.sqlite.connecting import BUSY_TIMEOUT_S
from storage.sqlite.patience import patient, wait_up_to

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], object]

GROUP = 256
PATIENCE_MS = round(BUSY_TIMEOUT_S * 1000)
SLICE = 8  # short pieces of work, then everybody else has a turn
LONGEST_QUEUE = 20_000

_SQL = load("sqlite", "transactions")


class Hop(aiosqlite.Connection):
    """A connection that runs a whole function in its thread."""

    @classmethod
    async def open(cls, connect: Callable[[], sqlite3.Connection]) -> Self:
        """Connect, in the new thread."""
        hop = cls(connect, iter_chunk_size=1)
        hop._thread.daemon = True  # a process that dies of an error must not hang on this
        try:
            await hop
        except BaseException:
            await asyncio.to_thread(hop._thread.join)  # its last words need a running loop
            raise
        return hop

    async def run(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function on the connection, all of it in one hop; errors are the caller's."""
        # Private, therefore pinned: 0.22 offers nothing public that takes a function.
        answer = await self._execute(function, self._conn)  # type: ignore[no-untyped-call]
        return cast("T", answer)

    @property
    def at_hand(self) -> sqlite3.Connection:
        """Give the connection itself, to whoever is sure that nothing runs in its thread."""
        return self._conn


class _SpoiledError(StorageError):
    """A piece of work has failed and left something behind."""


@dataclass(slots=True)
class _Waiting:
    work: Work
    is_short: bool
    answer: asyncio.Future[object]


@dataclass(frozen=True, slots=True)
class _Done:
    answer: object


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


class Writer:
    """The one who writes; `fresh` is called before anything it remembers is old."""

    def __init__(
        self, hop: Hop, fresh: Callable[[], None], longest_queue: int = LONGEST_QUEUE
    ) -> None:
        self._hop = hop
        wait_up_to(hop.at_hand, 0)  # in the loop's thread; who may wait says so
        self._fresh = fresh
        self._longest_queue = longest_queue
        self._waiting: deque[_Waiting] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._connection = asyncio.Lock()
        self._is_closed = False

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function in a transaction and give its answer after the commit.

        What it raises is raised here, and leaves nothing behind. Raises StorageError if the
        database fails, OverloadedError if too many wait, ClosedError after `close`.
        """
        return cast("T", await self._queue(work, is_short=False))

    async def run_short(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the same with a function that takes about a millisecond: nobody else may wait long."""
        return cast("T", await self._queue(work, is_short=True))

    async def between(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function between two groups, in no transaction."""

        def patiently(db: sqlite3.Connection) -> T:
            with patient(db, PATIENCE_MS):
                return work(db)

        async with self._connection:
            return await self._hop.run(patiently)

    def _queue(self, work: Work, *, is_short: bool) -> asyncio.Future[object]:
        if self._is_closed:
            raise ClosedError
        if len(self._waiting) >= self._longest_queue:
            raise OverloadedError
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(work, is_short, answer))
        if self._pump is None:
            self._pump = asyncio.create_task(self._pump_dry())
        return answer

    async def close(self) -> None:
        """Refuse new work, finish what waits."""
        self._is_closed = True
        if self._pump is not None:
            await self._pump

    async def _pump_dry(self) -> None:
        try:
            while group := self._next_group():
                await self._commit(group)
                await asyncio.sleep(0)  # who was answered may have more, which joins who waits
        finally:
            # A pump that is cancelled leaves nobody waiting for ever.
            self._pump = None
            while self._waiting:
                self._waiting.popleft().answer.cancel()

    def _next_group(self) -> list[_Waiting]:
        """Take who waits, but for those who have gone."""
        group: list[_Waiting] = []
        while self._waiting and len(group) < GROUP:
            waiting = self._waiting.popleft()
            if not waiting.answer.done():
                group.append(waiting)
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        try:
            async with self._connection:
                outcomes = await self._do(group)
        except Exception as error:  # noqa: BLE001 (whatever it is, the whole group has to hear it)
            for waiting in group:
                _answer(waiting.answer, _Failed(_lost(error)))
        except BaseException:
            for waiting in group:
                waiting.answer.cancel()
            raise
        else:
            for waiting, outcome in zip(group, outcomes, strict=True):
                _answer(waiting.answer, outcome)

    async def _do(self, group: list[_Waiting]) -> list[_Done | _Failed]:
        """Do the work of a group in one transaction.

        Savepoints cost a tenth of a turn and are rarely needed. So they come in only when a piece
        of work has failed with something written: then the whole group is done again with them.
        """
        try:
            if all(waiting.is_short for waiting in group) and _begins(self._hop.at_hand):
                return await self._here(self._hop.at_hand, group)
            return await self._hop.run(lambda db: self._in_transaction(db, group, _unguarded))
        except _SpoiledError:
            return await self._hop.run(lambda db: self._in_transaction(db, group, self._guarded))

    # --- In the loop's thread -------------------------------------------------------------------

    async def _here(self, db: sqlite3.Connection, group: list[_Waiting]) -> list[_Done | _Failed]:
        """Do short work in the transaction that has begun; only the flush is somebody else's."""
        outcomes: list[_Done | _Failed] = []
        try:
            self._fresh()
            for waiting in group:
                if outcomes and len(outcomes) % SLICE == 0:
                    await asyncio.sleep(0)
                outcomes.append(_unguarded(db, waiting.work))
        except BaseException:
            _undo(db)
            raise
        await self._hop.run(_commit)
        return outcomes

    # --- In the connection's thread -------------------------------------------------------------

    def _in_transaction(
        self,
        db: sqlite3.Connection,
        group: list[_Waiting],
        do: Callable[[sqlite3.Connection, Work], _Done | _Failed],
    ) -> list[_Done | _Failed]:
        self._fresh()
        with patient(db, PATIENCE_MS):
            db.execute(_SQL["begin"])
        try:
            outcomes = [do(db, waiting.work) for waiting in group]
        except BaseException:
            _undo(db)
            raise
        _commit(db)
        return outcomes

    def _guarded(self, db: sqlite3.Connection, work: Work) -> _Done | _Failed:
        """Do one piece of work so that its failure leaves the others alone."""
        db.execute(_SQL["savepoint"])
        try:
            answer = work(db)
        except Exception as error:
            if not db.in_transaction:
                raise StorageError(f"the transaction was ended: {error}") from error
            db.execute(_SQL["undo"])
            db.execute(_SQL["release"])
            self._fresh()
            return _Failed(error)
        db.execute(_SQL["release"])
        return _Done(answer)


def _begins(db: sqlite3.Connection) -> bool:
    """Begin a transaction; False if that would have to wait for another process."""
    try:
        db.execute(_SQL["begin"])
    except sqlite3.OperationalError:
        return False  # the thread tries again, and says what it is if it is something else
    return True


def _commit(db: sqlite3.Connection) -> None:
    try:
        db.commit()  # gives up the interpreter once, a statement does it for each of its steps
    except BaseException:
        _undo(db)  # a refused COMMIT leaves the transaction open
        raise


def _undo(db: sqlite3.Connection) -> None:
    """Leave nothing of a group; a full disk has ended its transaction already."""
    if db.in_transaction:
        db.execute(_SQL["rollback"])


def _unguarded(db: sqlite3.Connection, work: Work) -> _Done | _Failed:
    """Do one piece of work; raises _SpoiledError if it fails when it has written something."""
    before = db.total_changes
    try:
        return _Done(work(db))
    except Exception as error:
        if db.in_transaction and db.total_changes == before:
            return _Failed(error)
        raise _SpoiledError from error


def _answer(answer: asyncio.Future[object], outcome: _Done | _Failed) -> None:
    """Answer whoever still waits."""
    if answer.done():
        return
    match outcome:
        case _Done(value):
            answer.set_result(value)
        case _Failed(error):
            answer.set_exception(_named(error))


def _named(error: Exception) -> Exception:
    """Give the database's errors our name; what a decision raises keeps its own."""
    return _lost(error) if isinstance(error, sqlite3.Error) else error


def _lost(error: Exception) -> StorageError:
    """Wrap an error anew for each who waits, so that their tracebacks do not mix."""
    lost = StorageError(str(error))
    lost.__cause__ = error
    return lost
