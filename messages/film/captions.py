"""Captions and transcript: what the film tells, as WebVTT and as text."""

from dataclasses import dataclass

from messages.film.storyboard import Storyboard
from messages.film.telling import Cue, Row, tell

_READ_S_PER_WORD = 0.17  # about 350 words a minute: faster than nearly everybody reads
_LEAST_READING_S = 8


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of the transcript: a heading, sentences, rows of a table."""

    heading: str
    sentences: tuple[str, ...]
    rows: tuple[Row, ...]


def cues(board: Storyboard, language: str) -> tuple[Cue, ...]:
    """Give the captions of a film in one language; each scene's fill its time."""
    return tuple(cue for telling in tell(board, language) for cue in telling.cues)


def captions(board: Storyboard, language: str) -> str:
    """Write the captions as a WebVTT file."""
    blocks = (
        f"{n}\n{_clock(cue.from_ms)} --> {_clock(cue.until_ms)}\n{_escaped(cue.text)}\n"
        for n, cue in enumerate(cues(board, language), start=1)
    )
    return "\n".join(["WEBVTT\n", *blocks])


def transcript(board: Storyboard, language: str) -> tuple[Passage, ...]:
    """Write what the film tells, to be read instead of watched."""
    return tuple(
        Passage(telling.heading, telling.said, tuple(r for r in telling.rows if r.amount))
        for telling in tell(board, language)
    )


def reading_s(passages: tuple[Passage, ...]) -> int:
    """Give the least time that somebody needs to read a transcript."""
    words = " ".join(
        text
        for passage in passages
        for text in (passage.heading, *passage.sentences, *(row.sentence for row in passage.rows))
    )
    return max(_LEAST_READING_S, round(len(words.split()) * _READ_S_PER_WORD))


def _clock(ms: int) -> str:
    minutes, rest = divmod(ms, 60_000)
    return f"{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
