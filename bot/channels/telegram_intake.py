"""The intake lets each update be answered and keeps aside what cannot be."""

import structlog

from bot.channels.channel import Inbound, Listener, Reachability
from bot.channels.telegram_updates import SOURCE, Ignored, Read, Unreadable
from storage.errors import StorageError

_log = structlog.get_logger(__name__)


async def hand_over(read: Read, raw: bytes, listener: Listener) -> None:
    """Let the listener answer what was read from `raw`, and return when that is committed.

    What cannot be read, or cannot be answered for a fault of ours, is kept for a person and passed
    over, so that it delays nobody. Raises StorageError where nothing could be kept: repeat it.
    """
    try:
        await _tell(read, raw, listener)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 - any fault of a turn: the queue must go on
        _log.exception("turn_failed", update=read.provider_id)
        reason = f"turn failed: {type(error).__name__}"
        await listener.undecodable(SOURCE, read.provider_id, raw, reason)


async def _tell(read: Read, raw: bytes, listener: Listener) -> None:
    match read:
        case Inbound():
            await listener.heard(read)
        case Reachability():
            await listener.reached(read)
        case Unreadable(provider_id, reason):
            await listener.undecodable(SOURCE, provider_id, raw, reason)
        case Ignored():
            pass
