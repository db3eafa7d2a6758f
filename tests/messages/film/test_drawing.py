"""The frames: everything within the picture, the first one complete, few while nothing moves."""

from itertools import pairwise

import pytest
from PIL import Image, ImageChops

from messages.film.drawing import RESTING_MS, frames, poster, still
from messages.film.invoice import Invoice
from messages.film.layout import pieces
from messages.film.palette import HEIGHT, WIDTH, Type
from messages.film.sample import SAMPLE
from messages.film.storyboard import FRAME_MS
from messages.film.telling import storyboard, tell
from tests.messages.film.bills import IN_CREDIT, PLAIN, SPEAKER, TOTAL_ONLY, with_fifty_lines


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("invoice", [SAMPLE, PLAIN, TOTAL_ONLY, IN_CREDIT, with_fifty_lines()])
def test_every_piece_lies_within_the_picture(invoice: Invoice, language: str) -> None:
    board = storyboard(invoice, SPEAKER)

    for telling in tell(board, language):
        for piece in pieces(telling, board):
            where = (telling.scene.kind, piece.x, piece.y, piece.image.size)
            assert 0 <= piece.x <= WIDTH - piece.image.width, where
            assert 0 <= piece.y <= HEIGHT - piece.image.height, where


def test_every_piece_has_come_in_before_its_scene_is_over() -> None:
    board = storyboard(SAMPLE, SPEAKER)

    for telling in tell(board, "de"):
        length = telling.scene.until_ms - telling.scene.from_ms
        assert max(piece.at_ms for piece in pieces(telling, board)) < length - 1000


def test_frames_come_in_order_and_few_while_nothing_moves() -> None:
    board = storyboard(TOTAL_ONLY, SPEAKER)

    drawn = [(frame.at_ms, frame.is_cut) for frame in frames(board, "de")]

    moments = [at for at, _ in drawn]
    assert moments[0] == 0
    assert all(FRAME_MS <= b - a <= RESTING_MS for a, b in pairwise(moments))
    assert all(at % FRAME_MS == 0 for at in moments)
    assert [at for at, is_cut in drawn if is_cut] == [scene.from_ms for scene in board.scenes]
    assert len(moments) < board.duration_ms / FRAME_MS / 2


def test_the_first_frame_is_the_poster() -> None:
    board = storyboard(PLAIN, SPEAKER)

    first = next(frames(board, "de")).image

    assert first.size == (WIDTH, HEIGHT)
    assert ImageChops.difference(first, poster(board, "de")).getbbox() is None


def test_each_language_has_its_own_pictures() -> None:
    board = storyboard(PLAIN, SPEAKER)

    german, english = (still(board, language, 1) for language in ("de", "en"))

    assert isinstance(german, Image.Image)
    assert ImageChops.difference(german, english).getbbox() is not None


def test_words_are_broken_and_cut_to_the_width() -> None:
    kind = Type(40)

    lines = kind.lines(
        "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz und mehr", 400
    )

    assert len(lines) == 2
    assert lines[0].endswith("…")
    assert all(kind.width(line) <= 400 for line in lines)
