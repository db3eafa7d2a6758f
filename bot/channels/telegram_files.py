"""Fetches the files that people send to the bot."""

from telegram.error import BadRequest, TelegramError

from bot.channels.channel import Attachment, FileTooLargeError, FileUnavailableError
from bot.channels.telegram_request import TelegramConnection

LARGEST = 20 << 20  # bytes that the Bot API hands out; a server of one's own gives more
_TOO_BIG = "file is too big"


class TelegramFiles:
    """Fetches by getFile, and the bytes from the place that it names."""

    def __init__(self, connection: TelegramConnection) -> None:
        self._bot = connection.bot

    async def read(self, attachment: Attachment) -> bytes:
        """Fetch a file. Raises FileTooLargeError or FileUnavailableError."""
        _check(attachment.size)
        try:
            file = await self._bot.get_file(attachment.ref)
            _check(file.file_size)
            return bytes(await file.download_as_bytearray())
        except BadRequest as error:
            if _TOO_BIG in error.message.lower():
                raise FileTooLargeError from error
            raise FileUnavailableError(error.message) from error
        except (TelegramError, KeyError, RuntimeError) as error:
            # RuntimeError: Telegram knows the file and names no place from which to take it.
            raise FileUnavailableError(type(error).__name__) from error


def _check(size: int | None) -> None:
    if size is not None and size > LARGEST:
        raise FileTooLargeError
