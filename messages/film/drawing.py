"""Draws the frames: pieces come in one after the other, rest while they are read, and go together.

What rests is not drawn again: a resting picture is given once and shown for longer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from messages.film.layout import Coming, Piece, pieces
from messages.film.palette import background
from messages.film.storyboard import FRAME_MS, Storyboard
from messages.film.telling import Telling, tell

COMING_MS, GOING_MS = 520, 240
RESTING_MS = 480  # between two frames of a resting picture
_WAY = 26  # pixels that a rising piece comes from below


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture, from when it is shown, and whether a scene begins with it."""

    image: Image.Image
    at_ms: int
    is_cut: bool = False


def frames(board: Storyboard, language: str) -> Iterator[Frame]:
    """Draw a film, frame by frame, in its order."""
    ground = background()
    for telling in tell(board, language):
        is_last = telling.scene is board.scenes[-1]
        yield from _scene(telling, pieces(telling, board), ground, is_last=is_last)


def poster(board: Storyboard, language: str) -> Image.Image:
    """Draw the picture that stands before the film is played."""
    return _scene_at_rest(tell(board, language)[0], board)


def still(board: Storyboard, language: str, scene: int) -> Image.Image:
    """Draw one scene as it rests."""
    return _scene_at_rest(tell(board, language)[scene], board)


def _scene_at_rest(telling: Telling, board: Storyboard) -> Image.Image:
    image = background()
    for piece in pieces(telling, board):
        _put(image, piece, piece.at_ms + COMING_MS)
    return image


def _scene(
    telling: Telling, placed: tuple[Piece, ...], ground: Image.Image, *, is_last: bool
) -> Iterator[Frame]:
    begins, length = telling.scene.from_ms, telling.scene.until_ms - telling.scene.from_ms
    goes = length if is_last else length - GOING_MS
    image, waiting = _settle(ground, placed, 0)
    base = image
    for at in _moments(placed, goes):
        if waiting:
            base, waiting = _settle(base, waiting, at)
            image = _composed(base, waiting, at)
        yield Frame(image, begins + at, is_cut=at == 0)
    for at in range(goes, length, FRAME_MS):
        share = (at - goes + FRAME_MS) / GOING_MS
        yield Frame(Image.blend(image, ground, min(1.0, share)), begins + at)


def _moments(placed: tuple[Piece, ...], goes: int) -> Iterator[int]:
    """Name the moments of frames: every one while something moves, few while all rests."""
    moving = [piece.at_ms for piece in placed if piece.coming is not Coming.THERE]
    at = 0
    while at < goes:
        yield at
        if any(begins <= at <= begins + COMING_MS for begins in moving):
            at += FRAME_MS
        else:
            coming = min((_on_frame(begins) for begins in moving if begins > at), default=goes)
            at = min(at + RESTING_MS, coming)


def _on_frame(at_ms: int) -> int:
    """Give the first moment of a frame that is not before this one."""
    return -(-at_ms // FRAME_MS) * FRAME_MS


def _settle(
    base: Image.Image, placed: tuple[Piece, ...], at_ms: int
) -> tuple[Image.Image, tuple[Piece, ...]]:
    """Draw what rests by now into the picture, once; what lies above a moving piece waits."""
    resting = 0
    for piece in placed:
        if not _is_at_rest(piece, at_ms):
            break
        resting += 1
    if not resting:
        return base, placed
    image = base.copy()
    for piece in placed[:resting]:
        _put(image, piece, at_ms)
    return image, placed[resting:]


def _is_at_rest(piece: Piece, at_ms: int) -> bool:
    return piece.coming is Coming.THERE or at_ms >= piece.at_ms + COMING_MS


def _composed(base: Image.Image, waiting: tuple[Piece, ...], at_ms: int) -> Image.Image:
    image = base.copy()
    for piece in waiting:
        _put(image, piece, at_ms)
    return image


def _put(image: Image.Image, piece: Piece, at_ms: int) -> None:
    share = 1.0 if piece.coming is Coming.THERE else _eased((at_ms - piece.at_ms) / COMING_MS)
    if share <= 0:
        return
    if piece.coming is Coming.GROWING:
        shown = max(1, round(piece.image.height * share))
        part = piece.image.crop((0, 0, piece.image.width, shown))
        image.paste(part, (piece.x, piece.y + piece.image.height - shown), part)
        return
    way = round(_WAY * (1 - share)) if piece.coming is Coming.RISING else 0
    mask = piece.image.getchannel("A")
    if share < 1:
        mask = mask.point(lambda alpha: round(alpha * share))
    image.paste(piece.image, (piece.x, piece.y + way), mask)


def _eased(share: float) -> float:
    """Slow down towards the end."""
    rest = 1 - min(1.0, max(0.0, share))
    return 1 - rest * rest * rest
