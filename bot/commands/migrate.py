"""`migrate`: brings the database to this version, and needs nothing else for it."""

from bot.keeping import prepare
from bot.settings import Settings


async def migrate(settings: Settings) -> str:
    """Make or migrate the database, and name it. Raises StorageError."""
    return await prepare(settings)
