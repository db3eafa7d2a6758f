"""Draws progress cards as PNG: large words, and the way as dots, for the small screen of a chat."""

from io import BytesIO
from math import cos, pi, sin

from PIL import Image, ImageDraw

from messages.cards import Card
from messages.film.palette import INK, MUTED, TEAL, Colour, Type

WIDTH, HEIGHT = 1080, 640
_SCALE = 2  # drawn this much larger and made smaller again, for smooth edges
_MARGIN = 84
_MOST_DOTS = 12  # a longer way is drawn as a bar

_SKY: Colour = (232, 242, 245)
_FAR: Colour = (214, 232, 235)
_NEAR: Colour = (196, 222, 226)
_REST: Colour = (255, 255, 255)
_GOLD: Colour = (224, 165, 61)

_STAR = tuple(  # five points, the first one upwards
    (reach * sin(turn * pi / 5), -reach * cos(turn * pi / 5))
    for turn in range(10)
    for reach in (1.0 if turn % 2 == 0 else 0.42,)
)


def draw(card: Card) -> bytes:
    """Draw a card; the same card always gives the same picture."""
    image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), _SKY)
    pen = _Pen(ImageDraw.Draw(image))
    pen.hills()
    pen.words(card)
    if card.of <= _MOST_DOTS:
        pen.dots(card.done, card.of)
    else:
        pen.bar(card.done, card.of)
    image = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    written = BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


class _Pen:
    """Draws in the card's own pixels, whatever the scale."""

    def __init__(self, drawing: ImageDraw.ImageDraw) -> None:
        self._drawing = drawing

    def hills(self) -> None:
        """Draw what lies behind everything."""
        self._disc(250, 1230, 760, _FAR)
        self._disc(930, 1290, 780, _NEAR)

    def words(self, card: Card) -> None:
        """Write the words, each as large as its line allows."""
        self._write(card.brand, 58, Type(34 * _SCALE, is_bold=True), MUTED)
        self._write(card.above, 140, Type(50 * _SCALE), TEAL)
        self._write(card.headline, 205, Type(112 * _SCALE, is_bold=True), INK)
        self._write(card.below, 357, Type(46 * _SCALE), INK)

    def dots(self, done: int, of: int) -> None:
        """Draw the way as dots; what is done has a tick, the last one is the goal."""
        y, left, right = 530, _MARGIN + 40, WIDTH - _MARGIN - 40
        gap = (right - left) / max(of - 1, 1)
        radius = min(40, gap * 0.38)
        places = [left + gap * n for n in range(of)] if of > 1 else [WIDTH / 2]
        self._line(places[0], places[-1], y, 10, _REST)
        if done > 1:
            self._line(places[0], places[done - 1], y, 10, TEAL)
        for n, x in enumerate(places, start=1):
            is_goal = n == of
            self._dot(x, y, radius, is_done=n <= done, is_goal=is_goal)

    def bar(self, done: int, of: int) -> None:
        """Draw a long way as a bar."""
        y, left, right = 530, _MARGIN + 14, WIDTH - _MARGIN - 14
        self._line(left, right, y, 28, _REST)
        if done:
            self._line(left, left + (right - left) * done / of, y, 28, TEAL)

    def _write(self, text: str, y: int, kind: Type, colour: Colour) -> None:
        width = (WIDTH - 2 * _MARGIN) * _SCALE
        fitting = kind.fitting(text, width, least=30 * _SCALE)
        # What had to become smaller stands in the middle of its line.
        lower = (kind.size - fitting.size) // 2
        place = (_MARGIN * _SCALE, y * _SCALE + lower)
        self._drawing.text(place, fitting.cut(text, width), font=fitting.font, fill=colour)

    def _dot(self, x: float, y: float, radius: float, *, is_done: bool, is_goal: bool) -> None:
        radius *= 1.18 if is_goal else 1
        if not is_done:
            self._disc(x, y, radius, _GOLD if is_goal else TEAL)
            self._disc(x, y, radius - 5, _REST)
            if is_goal:
                self._star(x, y, radius * 0.55, _GOLD)
            return
        self._disc(x, y, radius, _GOLD if is_goal else TEAL)
        if is_goal:
            self._star(x, y, radius * 0.62, _REST)
        else:
            self._tick(x, y, radius)

    def _tick(self, x: float, y: float, radius: float) -> None:
        corners = ((-0.42, 0.02), (-0.1, 0.34), (0.44, -0.28))
        points = [((x + dx * radius) * _SCALE, (y + dy * radius) * _SCALE) for dx, dy in corners]
        width = round(radius * 0.2 * _SCALE)
        self._drawing.line(points, fill=_REST, width=width, joint="curve")
        for point in points:
            box = [point[0] - width / 2, point[1] - width / 2]
            self._drawing.ellipse((*box, box[0] + width, box[1] + width), fill=_REST)

    def _star(self, x: float, y: float, radius: float, colour: Colour) -> None:
        points = [((x + dx * radius) * _SCALE, (y + dy * radius) * _SCALE) for dx, dy in _STAR]
        self._drawing.polygon(points, fill=colour)

    def _disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        box = (x - radius, y - radius, x + radius, y + radius)
        self._drawing.ellipse(tuple(side * _SCALE for side in box), fill=colour)

    def _line(self, left: float, right: float, y: float, width: float, colour: Colour) -> None:
        half = width / 2
        box = (left - half, y - half, right + half, y + half)
        scaled = tuple(side * _SCALE for side in box)
        self._drawing.rounded_rectangle(scaled, half * _SCALE, fill=colour)
