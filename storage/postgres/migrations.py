"""Brings a PostgreSQL database to this version: one process at a time, each step whole or not."""

import asyncpg

from storage.errors import NewerDatabaseError, StorageError
from storage.migrate import Step
from storage.postgres.database import Connection, Database
from storage.queries import load, migrations

_SQL = load("postgres", "migrations")

STEPS = tuple(Step(*found) for found in migrations("postgres"))


class UnpreparedDatabaseError(StorageError):
    """The database is not of this version yet: run `statthotline migrate` first."""


async def migrate_postgres(database: Database, steps: tuple[Step, ...] = STEPS) -> int:
    """Apply what is missing, and tell how many steps that were.

    Raises NewerDatabaseError for a database of a later version, before anything is changed.
    """

    async def alone(connection: Connection) -> int:
        await connection.execute(_SQL["alone"])
        try:
            version = await _version(connection)
            _refuse_newer(version, steps)
            missing = [step for step in steps if step.number > version]
            for step in missing:
                await _apply(connection, step)
            return len(missing)
        finally:
            await connection.execute(_SQL["no_more_alone"])

    return await database.read(alone)


async def check_version(database: Database, steps: tuple[Step, ...] = STEPS) -> None:
    """Refuse a database of another version. Raises NewerDatabaseError, UnpreparedDatabaseError."""
    version = await database.read(_version)
    _refuse_newer(version, steps)
    if version < steps[-1].number:
        raise UnpreparedDatabaseError


def _refuse_newer(version: int, steps: tuple[Step, ...]) -> None:
    last = steps[-1].number
    if version > last:
        raise NewerDatabaseError(
            f"the database has version {version}, this program knows {last}: use the newer one"
        )


async def _apply(connection: Connection, step: Step) -> None:
    try:
        async with connection.transaction():
            await connection.execute(_SQL["make_versions"])
            await connection.execute(step.script)
            await connection.execute(_SQL["put_version"], step.number, step.name)
    except asyncpg.PostgresError as error:
        raise StorageError(f"{step.name}: {error}") from error


async def _version(connection: Connection) -> int:
    """Tell how far a database has come; 0 for an empty one."""
    if not await connection.fetchval(_SQL["has_versions"]):
        return 0
    return int(await connection.fetchval(_SQL["version"]))
