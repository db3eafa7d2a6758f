"""Captions and transcript: what the film tells, as WebVTT and as text."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from messages.film.storyboard import Storyboard
from messages.film.telling import CHARACTER_MS, SENTENCE_MS, Row, Telling, tell

_READ_S_PER_WORD = 0.17  # about 350 words a minute: faster than nearly everybody reads
_LEAST_READING_S = 8


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption and when it is shown."""

    from_ms: int
    until_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of the transcript: a heading, sentences, rows of a table."""

    heading: str
    sentences: tuple[str, ...]
    rows: tuple[Row, ...]


def cues(board: Storyboard, language: str) -> tuple[Cue, ...]:
    """Give the captions of a film in one language; each scene's fill its time."""
    return tuple(cue for telling in tell(board, language) for cue in _cues(telling))


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


def _cues(telling: Telling) -> Iterator[Cue]:
    """Share a scene's time among its sentences, by what each takes to read."""
    scene, sentences = telling.scene, telling.sentences
    weights = [SENTENCE_MS + CHARACTER_MS * len(sentence) for sentence in sentences]
    span, total = scene.until_ms - scene.from_ms, sum(weights)
    ends = [scene.from_ms + done * span // total for done in accumulate(weights)]
    begins = [scene.from_ms, *ends[:-1]]
    for begin, end, sentence in zip(begins, ends, sentences, strict=True):
        yield Cue(begin, end, sentence)


def _clock(ms: int) -> str:
    minutes, rest = divmod(ms, 60_000)
    return f"{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
