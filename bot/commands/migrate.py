"""`migrate`: brings the database to this version, and needs nothing else for it."""

from bot.setting_values import SqliteFile
from bot.settings import Settings, UnusableSettingsError
from storage.sqlite.store import SqliteStore


async def migrate(settings: Settings) -> str:
    """Make or migrate the database, and name it.

    Raises UnusableSettingsError for a kind of database that is not served, and StorageError.
    """
    database = settings.database
    if not isinstance(database, SqliteFile):
        raise UnusableSettingsError("DATABASE_URL: only sqlite:/// is served by this version")
    database.path.parent.mkdir(parents=True, exist_ok=True)
    store = await SqliteStore.open(database.path)
    await store.close()
    return str(database.path)
