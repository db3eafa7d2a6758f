"""The look of the film: its size, its calm colours, its type."""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 720, 1280  # portrait: it is watched on phones
MARGIN = 52
INSIDE = WIDTH - 2 * MARGIN

Colour = tuple[int, int, int]

INK: Colour = (22, 48, 71)
MUTED: Colour = (78, 102, 122)
PAPER: Colour = (255, 255, 255)
TEAL: Colour = (18, 113, 122)
AMBER: Colour = (166, 92, 14)
GREEN: Colour = (33, 118, 70)
FAINT: Colour = (203, 217, 227)
_SKY: Colour = (232, 242, 245)  # one colour: a soft passage would show as stripes
_SMOOTH = 3  # round shapes are drawn this much larger and made smaller again


class NoFontError(Exception):
    """The font of the film is missing; matplotlib brings it."""


@dataclass(frozen=True, slots=True)
class Type:
    """A size of the film's typeface, in pixels of its em."""

    size: int
    is_bold: bool = False

    @property
    def font(self) -> ImageFont.FreeTypeFont:
        """Give the font."""
        return _font(self.size, "DejaVuSans-Bold.ttf" if self.is_bold else "DejaVuSans.ttf")

    def width(self, text: str) -> float:
        """Measure a line of text."""
        return self.font.getlength(text)

    def fitting(self, text: str, width: int, least: int = 26) -> "Type":
        """Give the largest size, up to this one, in which a line fits."""
        sizes = range(self.size, least, -2)
        fits = (t for t in (Type(size, self.is_bold) for size in sizes) if t.width(text) <= width)
        return next(fits, Type(least, self.is_bold))

    def lines(self, text: str, width: int) -> tuple[str, ...]:
        """Break a text into lines; a word that is wider than a line is cut."""
        lines, line = [], ""
        for word in text.split(" "):
            longer = f"{line} {word}" if line else word
            if line and self.width(longer) > width:
                lines.append(line)
                longer = word
            line = self.cut(longer, width)
        return (*lines, line)

    def cut(self, text: str, width: int) -> str:
        """Shorten a line to a width."""
        if self.width(text) <= width:
            return text
        while text and self.width(f"{text}…") > width:
            text = text[:-1]
        return f"{text.rstrip()}…"


@cache
def _font(size: int, name: str) -> ImageFont.FreeTypeFont:
    # DejaVu comes with matplotlib under its own free licence; importing matplotlib is not needed.
    spec = find_spec("matplotlib")
    if spec is None or not spec.submodule_search_locations:
        raise NoFontError
    folder = Path(spec.submodule_search_locations[0], "mpl-data", "fonts", "ttf")
    return ImageFont.truetype(folder / name, size, layout_engine=ImageFont.Layout.BASIC)


def background() -> Image.Image:
    """Draw what lies behind every scene: a calm sky and two hills."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _SKY)
    large = Image.new("RGBA", (WIDTH * 2, 520), (196, 222, 226, 0))
    draw = ImageDraw.Draw(large)
    draw.ellipse((-520, 190, 1180, 1240), fill=(196, 222, 226, 150))
    draw.ellipse((420, 260, 2120, 1320), fill=(176, 210, 214, 150))
    hills = large.resize((WIDTH, 260), Image.Resampling.LANCZOS)
    image.paste(hills, (0, HEIGHT - 260), hills)
    return image


def rounded(size: tuple[int, int], radius: int, colour: Colour) -> Image.Image:
    """Draw a rounded rectangle with smooth corners."""
    width, height = size
    large = Image.new("L", (width * _SMOOTH, height * _SMOOTH), 0)
    corner = (0, 0, large.width - 1, large.height - 1)
    ImageDraw.Draw(large).rounded_rectangle(corner, radius * _SMOOTH, fill=255)
    image = Image.new("RGBA", size, (*colour, 0))
    image.putalpha(large.resize(size, Image.Resampling.LANCZOS))
    return image


def lettering(text: str, kind: Type, colour: Colour) -> Image.Image:
    """Draw one line of text; its height is the same for every text of one type."""
    ascent, descent = kind.font.getmetrics()
    size = (max(1, round(kind.width(text)) + 2), ascent + descent)
    image = Image.new("RGBA", size, (*colour, 0))
    ImageDraw.Draw(image).text((0, 0), text, font=kind.font, fill=(*colour, 255))
    return image
