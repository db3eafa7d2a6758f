"""Draws a funnel as PNG: how many came how far, and what became of all others."""

from io import BytesIO

from PIL import Image, ImageDraw

from messages.film.palette import FAINT, INK, MUTED, PAPER, TEAL, Colour, Type
from messages.funnels import Bar, Funnel

WIDTH = 1080
_SCALE = 2  # drawn this much larger and made smaller again, for smooth edges
_MARGIN, _ROW, _BAR_AT = 56, 62, 330
_AMBER: Colour = (224, 165, 61)


def draw(funnel: Funnel) -> bytes:
    """Draw a funnel; the same funnel always gives the same picture."""
    height = 2 * _MARGIN + 110 + _ROW * len(funnel.bars) + 50
    image = Image.new("RGB", (WIDTH * _SCALE, height * _SCALE), PAPER)
    pen = ImageDraw.Draw(image)
    _write(pen, funnel.title, (_MARGIN, _MARGIN), Type(44 * _SCALE, is_bold=True), INK)
    top = _MARGIN + 92
    for row, bar in enumerate(funnel.bars):
        _row(pen, bar, funnel.whole, top + row * _ROW)
    _write(pen, funnel.below, (_MARGIN, height - _MARGIN - 30), Type(24 * _SCALE), MUTED)
    written = BytesIO()
    image.resize((WIDTH, height), Image.Resampling.LANCZOS).save(written, "PNG", optimize=True)
    return written.getvalue()


def _row(pen: ImageDraw.ImageDraw, bar: Bar, whole: int, y: int) -> None:
    room = WIDTH - _MARGIN - _BAR_AT - 210
    length = round(room * bar.number / whole) if whole else 0
    share = f"  {100 * bar.number / whole:.0f} %" if whole else ""
    label, colour = Type(26 * _SCALE), MUTED if bar.is_lost else INK
    _write(pen, bar.label, (_MARGIN, y + 9), label, colour, _BAR_AT - _MARGIN - 16)
    _strip(pen, _BAR_AT, room, y, FAINT)
    if bar.number:
        _strip(pen, _BAR_AT, max(length, 8), y, _AMBER if bar.is_lost else TEAL)
    place = (_BAR_AT + room + 18, y + 9)
    _write(pen, f"{bar.number:,}".replace(",", " ") + share, place, Type(26 * _SCALE), INK)


def _strip(pen: ImageDraw.ImageDraw, left: int, length: int, y: int, colour: Colour) -> None:
    box = (left, y + 6, left + length, y + _ROW - 16)
    scaled = tuple(side * _SCALE for side in box)
    pen.rounded_rectangle(scaled, 8 * _SCALE, fill=colour)


def _write(
    pen: ImageDraw.ImageDraw,
    text: str,
    at: tuple[int, int],
    kind: Type,
    colour: Colour,
    width: int = WIDTH - 2 * _MARGIN,
) -> None:
    room = min(width, WIDTH - _MARGIN - at[0]) * _SCALE
    fitting = kind.fitting(text, room, least=16 * _SCALE)
    place = (at[0] * _SCALE, at[1] * _SCALE)
    pen.text(place, fitting.cut(text, room), font=fitting.font, fill=colour)
