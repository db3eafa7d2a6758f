"""Telegram's text: how long it is, and how a long one is cut without breaking anything."""

import re
from dataclasses import dataclass, field
from html import unescape

LIMIT = 4096  # UTF-16 units after the tags and entities are read (Bot API, sendMessage)

_TOKEN = re.compile(
    r"(?P<close></[a-z][a-z-]*>)|(?P<open><(?P<name>[a-z][a-z-]*)(?:\s[^<>]*)?>)"
    r"|(?P<entity>&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-f]{1,6});)|(?P<character>.)",
    re.DOTALL | re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_NAME_END = re.compile(r"[\s>]")
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)


def units(text: str) -> int:
    """Count the UTF-16 units of a text."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def plain(html: str) -> str:
    """Take the tags and entities out of a text."""
    bare = _TAG.sub("", html) if "<" in html else html
    return _ENTITY.sub(_character, bare) if "&" in bare else bare


def split(html: str, limit: int = LIMIT) -> tuple[str, ...]:
    """Cut a text into parts of at most `limit` shown UTF-16 units each, in its order.

    Cuts at an empty line, a line's end or a blank where the last half of a part has one, which
    then goes; never inside a tag, an entity or a character. What is open is closed at the cut and
    opened again after it. Parts that show nothing are left out.
    """
    if units(html) <= limit:  # tags and entities only ever make a text longer than it is shown
        return (html,) if plain(html).strip() else ()
    return _Cutter(limit).cut(html)


@dataclass(slots=True)
class _Part:
    """The pieces of the part being written, and the best place to cut it so far."""

    pieces: list[str] = field(default_factory=list)
    shown: int = 0
    cut_at: int = 0
    rank: int = 0
    open_at_cut: tuple[str, ...] = ()
    shown_at_cut: int = 0


class _Cutter:
    """Walks over a text once and closes a part whenever the next piece would not fit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: list[str] = []
        self._part = _Part()
        self._done: list[str] = []

    def cut(self, html: str) -> tuple[str, ...]:
        for token in _TOKEN.finditer(html):
            self._take(token)
        self._finish(len(self._part.pieces), tuple(self._open))
        return tuple(self._done)

    def _take(self, token: re.Match[str]) -> None:
        piece = token[0]
        if token["open"]:
            self._open.append(piece)
        elif token["close"]:
            self._close(piece)
        else:
            self._show(piece, units(_character(token) if token["entity"] else piece))
            return
        self._part.pieces.append(piece)

    def _close(self, piece: str) -> None:
        if self._open and _closing(self._open[-1]) == piece.lower():
            self._open.pop()

    def _show(self, piece: str, width: int) -> None:
        part = self._part
        if part.shown + width > self._limit:
            self._break()
            part = self._part
        part.pieces.append(piece)
        part.shown += width
        rank = _rank(piece, part.pieces)
        if rank >= part.rank and rank and part.shown * 2 > self._limit:
            part.cut_at, part.rank = len(part.pieces), rank
            part.open_at_cut, part.shown_at_cut = tuple(self._open), part.shown

    def _break(self) -> None:
        part = self._part
        if not part.rank:
            self._finish(len(part.pieces), tuple(self._open))
            self._part = _Part(pieces=list(self._open))
            return
        self._finish(part.cut_at, part.open_at_cut)
        rest = part.pieces[part.cut_at :]
        self._part = _Part([*part.open_at_cut, *rest], part.shown - part.shown_at_cut)

    def _finish(self, end: int, still_open: tuple[str, ...]) -> None:
        text = "".join(self._part.pieces[:end]).strip()
        if plain(text).strip():
            self._done.append(text + "".join(_closing(tag) for tag in reversed(still_open)))


def _closing(opening: str) -> str:
    return f"</{_NAME_END.split(opening[1:], maxsplit=1)[0].lower()}>"


def _character(entity: re.Match[str]) -> str:
    return unescape(entity[0])


def _rank(piece: str, pieces: list[str]) -> int:
    """Say how good it is to cut behind a piece: 3 an empty line, 2 a line's end, 1 a blank."""
    if piece == "\n":
        return 3 if pieces[-2:-1] == ["\n"] else 2
    return 1 if piece == " " else 0
