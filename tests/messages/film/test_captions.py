"""Captions and transcript say what the film shows, and nothing else."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from messages.film.captions import captions, cues, reading_s, transcript
from messages.film.figures import money
from messages.film.invoice import Invoice, Item, Part
from messages.film.sample import SAMPLE
from messages.film.telling import storyboard
from tests.messages.film.bills import IN_CREDIT, PLAIN, SPEAKER, with_fifty_lines

LANGUAGES = ("de", "en")
TIMING = re.compile(r"(\d\d):(\d\d)\.(\d{3}) --> (\d\d):(\d\d)\.(\d{3})")
AMOUNT = re.compile(r"-?€[\d,]+\.\d\d|-?[\d.]+,\d\d\xa0€")


def parse(text: str) -> list[tuple[int, int, str]]:
    """Read WebVTT as its grammar has it: blocks of a name, a timing and a text."""
    head, *blocks = text.strip().split("\n\n")
    assert head == "WEBVTT"
    read = []
    for block in blocks:
        _, timing, *lines = block.split("\n")
        found = TIMING.fullmatch(timing)
        assert found is not None, timing
        m1, s1, f1, m2, s2, f2 = map(int, found.groups())
        begins, ends = (m1 * 60 + s1) * 1000 + f1, (m2 * 60 + s2) * 1000 + f2
        read.append((begins, ends, "\n".join(lines)))
    return read


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("invoice", [SAMPLE, PLAIN, IN_CREDIT, with_fifty_lines()])
def test_captions_fill_the_film_from_end_to_end(invoice: Invoice, language: str) -> None:
    board = storyboard(invoice, SPEAKER)

    read = parse(captions(board, language))

    assert read[0][0] == 0
    assert read[-1][1] == board.duration_ms
    assert all(before[1] == after[0] for before, after in pairwise(read))
    assert all(ends - begins >= 1000 for begins, ends, _ in read)
    assert all(text and "\n" not in text for _, _, text in read)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_caption_can_be_read_in_its_time(language: str) -> None:
    for cue in cues(storyboard(PLAIN, SPEAKER), language):
        assert len(cue.text) / (cue.until_ms - cue.from_ms) * 1000 <= 20, cue.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_transcript_tells_the_amounts_that_the_captions_tell(language: str) -> None:
    board = storyboard(with_fifty_lines(), SPEAKER)
    passages = transcript(board, language)
    read = " ".join(
        text for p in passages for text in (*p.sentences, *(row.amount for row in p.rows))
    )

    told = captions(board, language)

    assert sorted(AMOUNT.findall(read)) == sorted(AMOUNT.findall(told))
    assert money(board.invoice.cents, "EUR", language) in read


def test_markup_in_a_name_stays_text() -> None:
    evil = Item("a --> <b>b</b> & <script>", Part.EXTRA, 100)
    invoice = replace(PLAIN, items=(evil,), cents=100)

    told = captions(storyboard(invoice, SPEAKER), "de")

    assert "a --&gt; &lt;b&gt;b&lt;/b&gt; &amp; &lt;script&gt;: 1,00\xa0€" in told
    assert len(parse(told)) == told.count(" --> ")


def test_reading_takes_a_while() -> None:
    board = storyboard(PLAIN, SPEAKER)

    assert 15 <= reading_s(transcript(board, "de")) <= 40
    assert reading_s(()) == 8
