"""A PostgreSQL for benchmarks: one that keeps what it was told, with a database for each lap."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from storage.postgres.store import PostgresStore
from tests.bench.measuring import Ground
from tests.postgres import run, server

_NAME = "prepared"


@asynccontextmanager
async def preparing(ground: Ground) -> AsyncIterator[str]:
    """Give the address of a migrated database, from which every lap starts."""
    name = f"bench_{ground.folder.parent.name}".replace("-", "_")
    url = await server().empty(name)
    await PostgresStore.prepare(url)
    yield url
    await run(url, "vacuum analyze", "checkpoint")
    (ground.folder / _NAME).write_text(name)


@asynccontextmanager
async def starting(ground: Ground) -> AsyncIterator[str]:
    """Give the address of a copy of what was prepared."""
    prepared = prepared_name(ground)
    name = f"{prepared}_lap"
    await run(
        server().url,
        f'drop database if exists "{name}" with (force)',
        f'create database "{name}" template "{prepared}"',
        "checkpoint",
    )
    yield server().url_of(name)
    await run(server().url, f'drop database if exists "{name}" with (force)')


def prepared_name(ground: Ground) -> str:
    """Name the database that was prepared."""
    return (ground.prepared / _NAME).read_text()


async def counted(url: str, query: str) -> int:
    """Look into a database, as nobody in the house does."""
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(query))
    finally:
        await connection.close()
