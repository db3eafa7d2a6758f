"""The layout of a scene: which pieces it is made of, where they rest, and when they come in."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from PIL import Image

from messages.film.palette import (
    AMBER,
    FAINT,
    GREEN,
    INK,
    INSIDE,
    MARGIN,
    MUTED,
    PAPER,
    TEAL,
    WIDTH,
    Colour,
    Type,
    lettering,
    rounded,
)
from messages.film.storyboard import Kind, Storyboard
from messages.film.telling import Bar, Row, Telling

ABOVE, HEADING, FIGURE = Type(32, is_bold=True), Type(62, is_bold=True), Type(104, is_bold=True)
NAME, AMOUNT = Type(38), Type(42, is_bold=True)
NOTE, SAID = Type(36), Type(40)

_TOP, _HEADING_LINE, _PADDING, _ROW = 112, 74, 34, 112
_GAP = 40  # between heading, card and words
_SAID_LINE = 54
_STEP_MS = 260  # one piece after the other
_BAR_ROOM = 280  # how high the taller bar grows


class Coming(Enum):
    """How a piece comes into the picture."""

    THERE = "there"
    RISING = "rising"
    GROWING = "growing"  # from its lower edge


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a picture; it begins to come in `at_ms` after its scene began."""

    image: Image.Image
    x: int
    y: int
    at_ms: int = 0
    coming: Coming = Coming.RISING


def pieces(telling: Telling, board: Storyboard) -> tuple[Piece, ...]:
    """Lay out a scene."""
    top = list(_heading(telling))
    body = list(_body(telling, _below(top) + _GAP))
    body += _said(telling, _below(body) + _GAP)
    if telling.scene.from_ms == 0:
        # The first picture stands still before anybody taps on it, so it is complete at once.
        body = [Piece(p.image, p.x, p.y, 0, Coming.THERE) for p in body]
        top = [Piece(p.image, p.x, p.y, 0, Coming.THERE) for p in top]
    return (*_progress(telling, board), *top, *body)


def tint(kind: Kind) -> Colour:
    """Give the colour of a scene."""
    match kind:
        case Kind.EXTRA | Kind.MORE:
            return AMBER
        case Kind.DISCOUNT | Kind.LESS | Kind.CREDIT | Kind.NOTHING:
            return GREEN
        case _:
            return TEAL


def _progress(telling: Telling, board: Storyboard) -> Iterator[Piece]:
    """Show at the top how far the film has come."""
    count, gap = len(board.scenes), 10
    width = (INSIDE - gap * (count - 1)) // count
    here = board.scenes.index(telling.scene)
    for n in range(count):
        colour = TEAL if n <= here else FAINT
        yield Piece(
            rounded((width, 10), 5, colour), MARGIN + n * (width + gap), 52, 0, Coming.THERE
        )


def _heading(telling: Telling) -> Iterator[Piece]:
    colour = tint(telling.scene.kind)
    yield Piece(lettering(ABOVE.cut(telling.above, INSIDE), ABOVE, colour), MARGIN, _TOP)
    widest = max(telling.heading.split(" "), key=HEADING.width)
    kind = HEADING.fitting(widest, INSIDE, 40)
    for n, line in enumerate(kind.lines(telling.heading, INSIDE)):
        y = _TOP + 58 + n * _HEADING_LINE
        yield Piece(lettering(line, kind, INK), MARGIN, y, 80 + n * 80)


def _below(placed: list[Piece]) -> int:
    return max(piece.y + piece.image.height for piece in placed)


def _body(telling: Telling, y: int) -> Iterator[Piece]:
    if telling.bars:
        yield from _bars(telling.bars, y, tint(telling.scene.kind))
        return
    if telling.figure:
        small = [row.amount for row in telling.rows]
        yield from _figure(telling, telling.figure, [*small, telling.note], y)
        return
    if len(telling.rows) == 1:
        (row,) = telling.rows
        yield from _figure(telling, row.amount, [row.name], y)
        return
    if telling.scene.kind in (Kind.OPENING, Kind.OPENING_SAMPLE):
        yield from _leaf(telling, y)
        return
    yield from _table(telling, y)


def _said(telling: Telling, y: int) -> Iterator[Piece]:
    """Put the sentences beneath the picture, each when it is its turn."""
    for cue in telling.cues[: len(telling.said)]:
        at_ms = cue.from_ms - telling.scene.from_ms + 600
        for line in SAID.lines(cue.text, INSIDE):
            yield Piece(lettering(line, SAID, INK), MARGIN, y, at_ms)
            y += _SAID_LINE
        y += 20


# --- The kinds of pictures ----------------------------------------------------------------------


def _card(y: int, height: int, at_ms: int = 200) -> Iterator[Piece]:
    shade = rounded((INSIDE, height), 32, (150, 178, 190))
    shade.putalpha(shade.getchannel("A").point(lambda a: a // 4))
    yield Piece(shade, MARGIN, y + 8, at_ms)
    yield Piece(rounded((INSIDE, height), 32, PAPER), MARGIN, y, at_ms)


def _figure(telling: Telling, text: str, beneath: list[str], y: int) -> Iterator[Piece]:
    """One large amount or day, and beneath it what belongs to it."""
    room = INSIDE - 2 * _PADDING
    small = [line for words in beneath if words for line in NOTE.lines(words, room)]
    kind = FIGURE.fitting(text, room, 44)
    yield from _card(y, 250 + 56 * len(small))
    figure = lettering(text, kind, tint(telling.scene.kind))
    middle = y + 125 - figure.height // 2
    yield Piece(figure, _centred(figure), middle, 200 + _STEP_MS)
    for n, words in enumerate(small):
        line = lettering(words, NOTE, MUTED)
        yield Piece(line, _centred(line), y + 218 + n * 56, 200 + (n + 2) * _STEP_MS)


def _table(telling: Telling, y: int) -> Iterator[Piece]:
    """Let the rows come one after the other."""
    yield from _card(y, _ROW * len(telling.rows) + 2 * _PADDING - 18)
    colour = tint(telling.scene.kind)
    for n, row in enumerate(telling.rows):
        at_ms = 200 + (n + 1) * _STEP_MS * 2
        yield from _row(row, y + _PADDING + n * _ROW, at_ms, colour)
        if n:
            rule = Image.new("RGBA", (INSIDE - 2 * _PADDING, 2), (*FAINT, 255))
            yield Piece(rule, MARGIN + _PADDING, y + _PADDING + n * _ROW - 9, 200)


def _row(row: Row, y: int, at_ms: int, colour: Colour) -> Iterator[Piece]:
    left, room = MARGIN + _PADDING, INSIDE - 2 * _PADDING
    if row.amount:
        amount = lettering(row.amount, AMOUNT, colour)
        yield Piece(amount, WIDTH - left - amount.width, y + 22, at_ms)
        room -= amount.width + 24
    lines = NAME.lines(row.name, room) if row.amount else (row.name,)
    kind = NAME if row.amount else AMOUNT.fitting(row.name, room)
    if len(lines) > 2:  # noqa: PLR2004  a row has room for two lines
        lines = (lines[0], NAME.cut(" ".join(lines[1:]), room))
    top = y + (24 if len(lines) == 1 else 1)
    for n, line in enumerate(lines):
        yield Piece(lettering(line, kind, INK), left, top + n * 46, at_ms)


def _bars(bars: tuple[Bar, ...], y: int, colour: Colour) -> Iterator[Piece]:
    """Two amounts side by side; the taller one is the larger, whatever its sign."""
    tallest = max(1, *(abs(bar.cents) for bar in bars))
    yield from _card(y, _BAR_ROOM + 210)
    floor, column = y + _BAR_ROOM + 96, INSIDE // len(bars)
    longest = max((bar.name for bar in bars), key=NAME.width)
    beneath = NAME.fitting(longest, column - 16, 22)
    for n, bar in enumerate(bars):
        is_last = n == len(bars) - 1
        height = max(8, _BAR_ROOM * abs(bar.cents) // tallest)
        middle = MARGIN + column * n + column // 2
        block = rounded((150, height), min(18, height // 2), colour if is_last else FAINT)
        yield Piece(block, middle - 75, floor - height, 400 + n * 500, Coming.GROWING)
        kind = AMOUNT.fitting(bar.amount, column - 20)
        amount = lettering(bar.amount, kind, colour if is_last else MUTED)
        top = floor - height - amount.height - 8
        yield Piece(amount, middle - amount.width // 2, top, 800 + n * 500)
        name = lettering(bar.name, beneath, INK)
        yield Piece(name, middle - name.width // 2, floor + 24, 400 + n * 500)


def _leaf(telling: Telling, y: int) -> Iterator[Piece]:
    """Draw a sheet of paper with lines on it, as a bill looks from afar."""
    width, height, left = 360, 460, (WIDTH - 360) // 2
    shade = rounded((width, height), 28, (150, 178, 190))
    shade.putalpha(shade.getchannel("A").point(lambda a: a // 3))
    yield Piece(shade, left + 6, y + 12)
    yield Piece(rounded((width, height), 28, PAPER), left, y)
    yield Piece(rounded((150, 26), 13, TEAL), left + 40, y + 48)
    lines = ((170, 70, FAINT), (140, 70, FAINT), (200, 90, FAINT), (120, 80, GREEN))
    for n, (name, amount, colour) in enumerate(lines):
        top = y + 122 + n * 58
        yield Piece(rounded((name, 20), 10, FAINT), left + 40, top)
        yield Piece(rounded((amount, 20), 10, colour), left + width - 40 - amount, top)
    yield Piece(rounded((width - 80, 4), 2, INK), left + 40, y + 356)
    yield Piece(rounded((130, 34), 17, INK), left + width - 170, y + 384)
    kind = NOTE.fitting(telling.note, INSIDE)
    note = lettering(telling.note, kind, MUTED)
    yield Piece(note, _centred(note), y + height + 30)


def _centred(image: Image.Image) -> int:
    return (WIDTH - image.width) // 2
