"""The films: which one a customer sees, and where it lies on the disk.

The general film explains a sample bill; it is made once per language and version of the terms. A
personal one explains the customer's own bill; it is made when it is first asked for and kept as
long as there is room. Neither ever makes a request wait.
"""

import contextlib
import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import msgspec

from bot.film.orders import FilmOrders
from bot.keys import Keys
from flows.campaign import Campaign
from messages.film.invoice import Invoice
from messages.film.sample import SAMPLE
from messages.film.storyboard import Speaker, Storyboard
from messages.film.telling import storyboard
from messages.film.texts import languages, texts_of

EDITION = "1"  # raised when films look different, so that none of the old ones is shown
MOST_FILMS, MOST_BYTES = 400, 400_000_000  # personal ones on the disk
ABANDONED_S = 600.0
UNUSED_S = 24 * 3600.0
FRESH = timedelta(minutes=30)  # how long a bill is not asked for again
_MOST_KNOWN = 1000
_GENERAL = "general"


class Invoices(Protocol):
    """Who knows what a customer was billed last."""

    async def invoice(self, customer: str) -> Invoice | None:
        """Give the latest invoice; None if there is none to be had now."""


class Readiness(StrEnum):
    """Whether a film can be shown."""

    READY = "ready"
    DRAWING = "drawing"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Film:
    """A film in all its languages; `owner` names no one, and is `general` for everybody's film."""

    id: str
    owner: str
    board: Storyboard

    @property
    def is_general(self) -> bool:
        """Tell whether this is the film for everybody."""
        return self.owner == _GENERAL


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many personal films are kept on the disk, and how many bytes of them."""

    films: int = MOST_FILMS
    bytes: int = MOST_BYTES


class Films:
    """Knows every film that is asked for, and has it drawn if need be."""

    def __init__(
        self,
        folder: Path,
        keys: Keys,
        clock: Callable[[], datetime],
        invoices: Invoices | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        """Take where films are kept, what hides their owners, and who knows the bills."""
        folder.mkdir(parents=True, exist_ok=True)
        _clear_away(folder, clock().timestamp())
        self._folder = folder
        self._keys = keys
        self._clock = clock
        self._invoices = invoices
        self._bounds = bounds or Bounds()
        self._general: dict[Speaker, Film] = {}  # one for each version of the terms
        self._latest: OrderedDict[str, tuple[Film, datetime]] = OrderedDict()
        self.orders = FilmOrders(self._take_in)

    # --- which film

    def general(self, terms: Campaign) -> Film:
        """Give the film for everybody."""
        speaker = _speaker(terms)
        known = self._general.get(speaker)
        if known is None:
            known = self._general[speaker] = _film(_GENERAL, SAMPLE, speaker)
        return known

    async def of(self, customer: str, terms: Campaign) -> Film:
        """Give a customer's own film, the general one if no bill can be read."""
        owner, now = self._owner(customer), self._clock()
        known = self._latest.get(owner)
        if known is not None and now - known[1] < FRESH:
            return known[0]
        invoice = await self._invoices.invoice(customer) if self._invoices else None
        film = _film(owner, invoice, _speaker(terms)) if invoice else known[0] if known else None
        film = film or self.general(terms)
        self._remember(owner, film, now)
        return film

    async def find(self, customer: str, terms: Campaign, id_: str) -> Film | None:
        """Find a film by its id, if it is this customer's or everybody's."""
        films = (await self.of(customer, terms), self.general(terms))
        return next((film for film in films if film.id == id_), None)

    def _owner(self, customer: str) -> str:
        return owner_of(customer, self._keys)

    def _remember(self, owner: str, film: Film, now: datetime) -> None:
        self._latest[owner] = (film, now)
        self._latest.move_to_end(owner)
        while len(self._latest) > _MOST_KNOWN:
            self._latest.popitem(last=False)

    # --- its files

    def prepare(self, film: Film, language: str) -> Readiness:
        """Have a film drawn unless it is there."""
        path, picture = (self._path(film, language, ending) for ending in ("mp4", "jpg"))
        if path.exists():
            return Readiness.READY
        is_ordered = self.orders.order(path, picture, film.board, language)
        return Readiness.DRAWING if is_ordered else Readiness.MISSING

    def file(self, film: Film, language: str, ending: str) -> Path | None:
        """Give the file of a film (`mp4`) or of its poster (`jpg`); None while it is not there."""
        path = self._path(film, language, ending)
        return path if self._note_use(path) else None

    def forget(self, customer: str) -> None:
        """Delete all films about one customer."""
        self._latest.pop(self._owner(customer), None)
        forget_films(self._folder, self._keys, customer)

    def drop_unused(self) -> None:
        """Delete personal films that nobody watched for a day.

        So one that another node drew is soon gone, of somebody who was erased here.
        """
        now_s = self._clock().timestamp()
        for film in tuple(self._kept()):
            with contextlib.suppress(FileNotFoundError):
                if now_s - film.stat().st_atime > UNUSED_S:
                    _delete(film)

    def _path(self, film: Film, language: str, ending: str) -> Path:
        return self._folder / f"{film.owner}-{film.id}-{language}.{ending}"

    def _note_use(self, path: Path) -> bool:
        """Remember when a file was used, by which the oldest ones go; False if it is not there."""
        try:
            os.utime(path, (self._clock().timestamp(), path.stat().st_mtime))
        except FileNotFoundError:
            return False
        return True

    def _take_in(self, path: Path) -> None:
        """Take in a new film, and delete the personal ones that were not used for longest."""
        self._note_use(path)
        films = sorted(self._kept(), key=lambda film: film.stat().st_atime, reverse=True)
        total = 0
        for place, film in enumerate(films):
            total += film.stat().st_size
            if place >= self._bounds.films or total > self._bounds.bytes:
                _delete(film)

    def _kept(self) -> Iterator[Path]:
        films = self._folder.glob("*.mp4")
        return (path for path in films if not path.name.startswith((".", _GENERAL)))


def owner_of(customer: str, keys: Keys) -> str:
    """Name whose film a file is, so that it names no one."""
    return keys.seal("film", customer)


def forget_films(folder: Path, keys: Keys, customer: str) -> None:
    """Delete all films about one customer, whether or not a server runs."""
    for path in folder.glob(f"{owner_of(customer, keys)}-*"):
        path.unlink(missing_ok=True)


def _delete(film: Path) -> None:
    """Delete a film and its poster."""
    film.unlink(missing_ok=True)
    film.with_suffix(".jpg").unlink(missing_ok=True)


def _clear_away(folder: Path, now_s: float) -> None:
    """Delete what killed studios left; younger drafts may be another node's, still at work."""
    for draft in folder.glob(".*"):
        with contextlib.suppress(FileNotFoundError):
            if now_s - draft.stat().st_mtime > ABANDONED_S:
                draft.unlink()


def _speaker(terms: Campaign) -> Speaker:
    return Speaker(
        brand=terms.operator.brand,
        hotline=terms.operator.hotline,
        portal=terms.operator.portal_url,
        terms=terms.version,
    )


def _film(owner: str, invoice: Invoice, speaker: Speaker) -> Film:
    board = storyboard(invoice, speaker)
    words = [texts_of(language) for language in languages()]
    told = msgspec.json.encode((EDITION, board, words))
    return Film(hashlib.sha256(told).hexdigest()[:24], owner, board)
