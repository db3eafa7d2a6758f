"""The studio draws and encodes one film; it runs as a process of its own and then ends.

`python -P -m bot.film.studio FILM POSTER` reads a storyboard as JSON on its standard input. Nothing
else loads PyAV and the film's drawing, so the bot never carries their memory.
"""

import os
import sys
from fractions import Fraction
from pathlib import Path

import av
import msgspec
from av.video.frame import PictureType
from av.video.reformatter import Colorspace
from PIL import Image

from messages.film.drawing import frames, poster
from messages.film.palette import HEIGHT, WIDTH
from messages.film.storyboard import FRAME_MS, Storyboard

_PER_SECOND = 1000 // FRAME_MS
_BT709 = 1  # said in the file: players would otherwise guess, and shift the colours
_LAST_OF_ALL = 19  # niceness: whatever answers customers goes first
# One thread and a short look-ahead: the film may take longer, not more memory or both cores. No
# B-frames: over resting pictures they would delay its beginning by a second.
_X264 = {
    "preset": "veryfast",
    "crf": "27",
    "threads": "1",
    "x264-params": "rc-lookahead=10:scenecut=0:keyint=250:bframes=0",
}


class Job(msgspec.Struct, frozen=True):
    """What is to be drawn, and in which language."""

    board: Storyboard
    language: str


def make(job: Job, film: Path, picture: Path) -> None:
    """Draw and encode a film and its poster; a file appears only when it is whole."""
    drafts = [path.with_name(f".{path.name}.{os.getpid()}") for path in (film, picture)]
    try:
        poster(job.board, job.language).save(drafts[1], "jpeg", quality=82, optimize=True)
        _encode(job, drafts[0])
        drafts[1].replace(picture)
        drafts[0].replace(film)
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)


def _encode(job: Job, path: Path) -> None:
    """Encode H.264 in MP4, its index first, so that it plays while it is still being loaded."""
    options = {"movflags": "+faststart"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=_PER_SECOND, options=_X264)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        # A resting picture is held by its moment alone: few frames, and none of them doubled.
        stream.codec_context.time_base = Fraction(1, _PER_SECOND)
        for name in ("colorspace", "color_primaries", "color_trc"):
            setattr(stream.codec_context, name, _BT709)
        last_ms = job.board.duration_ms - FRAME_MS
        image, shown_ms = None, -1
        for drawn in frames(job.board, job.language):
            image, shown_ms = drawn.image, drawn.at_ms
            frame = _frame(image, shown_ms)
            frame.pict_type = PictureType.I if drawn.is_cut else PictureType.NONE
            container.mux(stream.encode(frame))
        if image is not None and shown_ms < last_ms:
            container.mux(stream.encode(_frame(image, last_ms)))
        container.mux(stream.encode(None))


def _frame(image: Image.Image, at_ms: int) -> av.VideoFrame:
    drawn: av.VideoFrame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
    frame = drawn.reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, interpolation="FAST_BILINEAR", threads=1
    )
    frame.pts = at_ms // FRAME_MS
    frame.time_base = Fraction(1, _PER_SECOND)
    return frame


def main() -> None:
    """Make the film that standard input describes."""
    os.nice(_LAST_OF_ALL)
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    make(job, Path(sys.argv[1]), Path(sys.argv[2]))


if __name__ == "__main__":
    main()
