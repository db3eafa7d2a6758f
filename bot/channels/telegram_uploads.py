"""What goes with a text: a document, or the picture of a milestone, uploaded once for everybody."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

import msgspec
import structlog
from telegram import InputFile

from bot.channels.channel import Document, Fault, Outcome, Refused
from bot.channels.telegram_calls import Calls, Parameters
from bot.channels.telegram_outcomes import WRONG_FILE
from messages.cards import Card
from storage.errors import StorageError

LONGEST_CAPTION = 1024  # UTF-16 units after the tags and entities are read
_PHOTO, _DOCUMENT = "sendphoto", "senddocument"
_PICTURE = ".png"
_REST_S = 60.0
_ABOUT_THE_PICTURE = {Fault.CONTENT, Fault.OURS}

_log = structlog.get_logger(__name__)


class Kept(Protocol):
    """Small values kept between starts; the store is one."""

    async def get(self, name: str) -> str | None:
        """Read one kept value."""

    async def put(self, name: str, value: str) -> None:
        """Keep one value."""


class Painter(Protocol):
    """Draws cards."""

    edition: str

    async def paint(self, card: Card) -> bytes | None:
        """Draw a card as PNG; None if it cannot be drawn now."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """Where pictures come from, and where the ids that Telegram gave them are kept."""

    kept: Kept
    painter: Painter
    patience_s: float = 10.0  # far less than the lease of a message

    async def known(self, place: str) -> str | None:
        """Give the id under which Telegram has a picture; a database that rests knows none."""
        try:
            return await self.kept.get(place)
        except StorageError:
            return None

    async def remember(self, place: str, file: str) -> None:
        """Keep an id; what is not kept is uploaded once more."""
        with contextlib.suppress(StorageError):
            await self.kept.put(place, file)


class Uploads:
    """Sends files with a caption. `bot_id`: the ids of files hold for one bot only."""

    def __init__(
        self,
        calls: Calls,
        bot_id: str,
        gallery: Gallery | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._calls = calls
        self._bot_id = bot_id
        self._gallery = gallery
        self._monotonic = monotonic
        self._rests_until = 0.0  # after a drawing that failed, texts go alone for a while
        self._first: dict[str, asyncio.Lock] = {}  # whoever shows a card first uploads it

    async def show(self, card: Card, asked: Parameters) -> Outcome | None:
        """Send a text below its card; None if there is no picture, and the text goes alone."""
        if self._gallery is None:
            return None
        place = self._place(card, self._gallery.painter.edition)
        outcome = await self._again(self._gallery, place, asked)
        if outcome is None:
            outcome = await self._first_to_show(self._gallery, card, place, asked)
        if isinstance(outcome, Refused) and outcome.fault in _ABOUT_THE_PICTURE:
            _log.error("picture_refused", code=outcome.code, detail=outcome.detail)
            return None
        return outcome

    async def _first_to_show(
        self, gallery: Gallery, card: Card, place: str, asked: Parameters
    ) -> Outcome | None:
        """Let one draw and upload, and the others wait for it; a text does not wait for long."""
        lock = self._first.setdefault(place, asyncio.Lock())
        try:
            async with asyncio.timeout(gallery.patience_s):
                await lock.acquire()
        except TimeoutError:
            return None
        try:
            known = await self._again(gallery, place, asked)
            return known or await self._upload(gallery, card, place, asked)
        finally:
            lock.release()
            self._first.pop(place, None)

    async def send(self, document: Document, asked: Parameters) -> Outcome:
        """Send a document with its caption; a picture is shown at once."""
        file = InputFile(document.content, filename=document.name)
        is_picture = document.name.endswith(_PICTURE)
        method, field = (_PHOTO, "photo") if is_picture else (_DOCUMENT, "document")
        return (await self._calls.call(method, asked | {field: file})).outcome

    async def _again(self, gallery: Gallery, place: str, asked: Parameters) -> Outcome | None:
        """Send a picture that Telegram has; None if it has none, or not any more."""
        known = await gallery.known(place)
        if not known:
            return None
        outcome = (await self._calls.call(_PHOTO, asked | {"photo": known})).outcome
        if not (isinstance(outcome, Refused) and outcome.code == WRONG_FILE):
            return outcome
        await gallery.remember(place, "")
        return None

    async def _upload(
        self, gallery: Gallery, card: Card, place: str, asked: Parameters
    ) -> Outcome | None:
        if self._rests_until > self._monotonic():
            return None
        drawn = await gallery.painter.paint(card)
        if drawn is None:
            self._rests_until = self._monotonic() + _REST_S
            return None
        file = InputFile(drawn, filename="progress.png")
        answered = await self._calls.call(_PHOTO, asked | {"photo": file})
        if answered.file is not None:
            await gallery.remember(place, answered.file)
        return answered.outcome

    def _place(self, card: Card, edition: str) -> str:
        """Name where a picture's id is kept: by the bot, and by all that makes the picture."""
        made_of = msgspec.json.encode((edition, card))
        return f"telegram.picture.{self._bot_id}.{blake2b(made_of, digest_size=16).hexdigest()}"
