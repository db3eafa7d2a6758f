"""The keeper that DATABASE_URL names, and the secret key that is kept beside what it keeps."""

import secrets
from pathlib import Path

from bot.setting_values import PostgresServer, SqliteFile
from bot.settings import Settings, secret_key
from storage.store import Store

KEY_FILE = "secret.key"
_KEPT_KEY = "secret.key"
_KEY_BYTES = 32


async def open_store(settings: Settings) -> tuple[Store, bytes]:
    """Open the database, and give SECRET_KEY or the key that was made once and is kept with it.

    Raises StorageError, or UnusableSettingsError if there is no key and none can be made.
    """
    match settings.database:
        case SqliteFile() as database:
            return await _open_file(settings, database.path)
        case PostgresServer() as server:
            return await _open_server(settings, server.url.get_secret_value())


async def prepare(settings: Settings) -> str:
    """Make the database or bring it to this version, and name it without its password.

    Raises StorageError.
    """
    match settings.database:
        case SqliteFile() as database:
            store, _ = await _open_file(settings, database.path)
            await store.close()
            return str(database.path)
        case PostgresServer() as server:
            from storage.postgres.store import PostgresStore  # noqa: PLC0415 - as below

            await PostgresStore.prepare(server.url.get_secret_value())
            return server.name


async def _open_file(settings: Settings, path: Path) -> tuple[Store, bytes]:
    from storage.sqlite.store import SqliteStore  # noqa: PLC0415 - as below

    path.parent.mkdir(parents=True, exist_ok=True)
    key = secret_key(settings, path.with_name(KEY_FILE))
    return await SqliteStore.open(path), key


async def _open_server(settings: Settings, url: str) -> tuple[Store, bytes]:
    # Whoever keeps a file does not pay for the driver.
    from storage.postgres.store import PostgresStore  # noqa: PLC0415

    store = await PostgresStore.open(url)
    if settings.secret_key is not None:
        return store, settings.secret_key.get_secret_value().encode()
    try:
        key = await store.keep_once(_KEPT_KEY, secrets.token_hex(_KEY_BYTES))
    except BaseException:
        await store.close()
        raise
    return store, key.encode()
