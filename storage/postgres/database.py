"""The way to the server: a few connections, transactions, and errors by what they mean for callers.

A transaction that PostgreSQL has given up for the sake of another (a deadlock, a row that changed
meanwhile) is done again: nothing of it is left. A connection lost while a commit was under way
leaves its outcome unknown, and is the caller's to repeat.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from storage.errors import ClosedError, StorageError
from storage.queries import load

T = TypeVar("T")
# Rows come as the query asked for them; whoever reads them names the columns.
Connection: TypeAlias = "PoolConnectionProxy[Any]"
Work: TypeAlias = Callable[[Connection], Awaitable[T]]

_SQL = load("postgres", "connection")
CONNECTIONS = 10
CONNECT_S = 5.0
STATEMENT_S = 60.0  # beyond this the server is as good as gone
ATTEMPTS = 8

OVERTAKEN = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)
_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
_SETTINGS = {
    "application_name": "statthotline",
    "jit": "off",  # compiling takes longer than any of our statements
    "idle_in_transaction_session_timeout": "60000",  # a node that hangs holds no rows
}


class Database:
    """Connections to one PostgreSQL database; `await Database.open(url)`."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect. Raises StorageError if the server cannot be reached or refuses us."""
        try:
            return cls(
                await asyncpg.create_pool(
                    url,
                    min_size=0,  # or asyncpg tells of every try while the server is gone
                    max_size=CONNECTIONS,
                    timeout=CONNECT_S,
                    command_timeout=STATEMENT_S,
                    server_settings=_SETTINGS,
                    reset=_as_it_is,
                )
            )
        except _FAILURES as error:
            raise lost(error) from error

    async def close(self) -> None:
        """Let go of all connections once their work is done."""
        await self._pool.close()

    async def read(self, work: "Work[T]") -> T:
        """Do what reads, each statement by itself."""
        async with self._connection() as connection:
            return await work(connection)

    async def write(self, work: "Work[T]") -> T:
        """Do what writes, in one transaction, again if PostgreSQL has given it up."""
        for _ in range(ATTEMPTS):
            try:
                async with self._connection() as connection, connection.transaction():
                    return await work(connection)
            except OvertakenError:
                continue
        raise OvertakenError

    async def flush(self) -> None:
        """Wait until all that was committed would outlive the server, in whatever transaction."""
        async with self._connection() as connection:
            await connection.execute(_SQL["flush"])

    @asynccontextmanager
    async def one_moment(self) -> "AsyncIterator[Connection]":
        """Let several statements see the same state."""
        async with (
            self._connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection

    @asynccontextmanager
    async def _connection(self) -> "AsyncIterator[Connection]":
        try:
            async with self._pool.acquire(timeout=STATEMENT_S) as connection:
                yield connection
        except OVERTAKEN as error:
            raise OvertakenError from error
        except _FAILURES as error:
            raise ClosedError if self._pool.is_closing() else lost(error) from error


async def _as_it_is(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Give a connection back without asking the server: nothing of ours outlives a transaction."""


class OvertakenError(StorageError):
    """Others kept changing the same rows; try again in a moment."""


def lost(error: Exception) -> StorageError:
    """Give the server's errors our name, anew for each who waits: their tracebacks must not mix.

    Only its first line is told: further ones show rows, and with them people.
    """
    lost = StorageError(str(error).partition("\n")[0] or type(error).__name__)
    lost.__cause__ = error
    return lost


def rows_of(status: str) -> int:
    """Read how many rows a statement has touched: the last word of its status."""
    return int(status.rpartition(" ")[2])
