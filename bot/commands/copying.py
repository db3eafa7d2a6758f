"""`backup` and `unfence`: a copy of the database, and leave for a restored one to send."""

from datetime import datetime
from pathlib import Path

from bot import fence
from bot.commands.acting import account
from bot.commands.refusal import RefusedError
from bot.setting_values import SqliteFile
from bot.settings import Settings
from storage.sqlite.backup import back_up as copy
from storage.store import Store


def back_up(settings: Settings, file: Path, at: datetime) -> str:
    """Copy the database into a file; answers with a sentence. Raises RefusedError, StorageError."""
    database = settings.database
    if not isinstance(database, SqliteFile):
        raise RefusedError("backup: is for SQLite; of PostgreSQL make one with pg_dump")
    if not database.path.exists():
        raise RefusedError(f"{database.path}: there is no database yet")
    if file.resolve() == database.path.resolve():
        raise RefusedError(f"{file}: is the database itself")
    copy(database.path, file, fence.stamp(at))
    size = file.stat().st_size
    return (
        f"{file}: {size} bytes, stamped as a copy. Keep {database.path.with_name('secret.key')} "
        "with it, unless SECRET_KEY is set."
    )


async def unfence(store: Store, reason: str, at: datetime) -> str:
    """Let this database send; answers with a sentence. Raises RefusedError."""
    if not reason.strip():
        raise RefusedError("--reason: must not be empty")
    said = await fence.lift(store, account(), reason.strip(), at)
    if said is None:
        raise RefusedError("there is no fence: this database may send already")
    return f"The fence is lifted ({said}). What waits is sent from now on."
