"""Segments are counted as providers bill them."""

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from messages.alphabet import BASIC, EXTENDED
from messages.segments import Encoding, Segments, cost_cents, count, normalise, offenders

GSM, UCS = Encoding.GSM_7, Encoding.UCS_2
# Several code points that are one picture are a matter of taste between counters.
PICTURES = st.characters(blacklist_categories=("Cs", "Mn", "Me", "Cf", "Sk", "So"))


@pytest.mark.parametrize(
    ("text", "counted", "why"),
    [
        ("", Segments(GSM, 1, 0), "an empty message is still one"),
        ("a" * 160, Segments(GSM, 1, 160), "the most that one holds"),
        ("a" * 161, Segments(GSM, 2, 161), "each of several holds 153"),
        ("a" * 306, Segments(GSM, 2, 306), "two full ones"),
        ("a" * 307, Segments(GSM, 3, 307), "and one more letter"),
        ("\u20ac" * 80, Segments(GSM, 1, 160), "a euro is an escape and a character"),
        ("\u20ac" * 153, Segments(GSM, 3, 306), "no escape straddles two segments"),
        ("a" * 152 + "\u20ac" + "a" * 8, Segments(GSM, 2, 162), "the euro moves on, whole"),
        ("ÄÖÜäöüß§É", Segments(GSM, 1, 9), "umlauts cost nothing extra"),
        ("^{}\\[~]|\f", Segments(GSM, 1, 18), "the extension table"),
        ("ç", Segments(UCS, 1, 1), "the small one is not in GSM-7, the large one is"),
        ("Ç", Segments(GSM, 1, 1), "the large one is"),
        ("ł" * 70, Segments(UCS, 1, 70), "the most that one holds outside GSM-7"),
        ("ł" * 71, Segments(UCS, 2, 71), "each of several holds 67"),
        ("\U0001f600" * 35, Segments(UCS, 1, 70), "an emoji is a pair"),
        ("\U0001f600" * 67, Segments(UCS, 3, 134), "no pair straddles two segments"),
        ("a" * 146 + "–", Segments(UCS, 3, 147), "one dash makes three of one"),
        ("line\nline", Segments(GSM, 1, 9), "a line end counts one"),
    ],
)
def test_an_edge_is_counted_right(text: str, counted: Segments, why: str) -> None:
    assert count(text) == counted, why


@given(st.text(alphabet=sorted((BASIC | EXTENDED) - {"\f"}), min_size=1, max_size=700))
def test_gsm_texts_are_counted_as_another_library_counts_them(text: str) -> None:
    assert count(text).segments == len(smsutil.split(text).parts)


@given(st.text(alphabet=PICTURES, min_size=1, max_size=300))
def test_other_texts_are_counted_as_another_library_counts_them(text: str) -> None:
    assert count(text).segments == len(smsutil.split(text).parts)


@given(st.text(alphabet=st.sampled_from("aß€\U0001f600[–x"), max_size=400))
def test_more_text_never_costs_less(text: str) -> None:
    assert count(text).segments <= count(text + "a").segments


def test_offenders_are_named_once_in_their_order() -> None:
    assert offenders("a–b\u2026c–ä€") == ("–", "\u2026")


def test_the_price_is_that_of_the_segments() -> None:
    assert cost_cents("a" * 161, cents_per_segment=7.5) == 15


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\u201eGut\u201c \u2013 \u2018ja\u2019 \u2026", "\"Gut\" - 'ja' ..."),
        ("10\u00a0000\u202fMB\u2009x", "10 000 MB x"),
        ("a\tb\r\nc\rd", "a b\nc\nd"),
        ("STRA\u1e9eE", "STRASSE"),
        ("Lo\u0308schen", "Löschen"),
        ("a\u00adb\u200bc", "abc"),
        ("\u2022 Punkt", "- Punkt"),
    ],
)
def test_typography_is_written_with_gsm_characters(text: str, plain: str) -> None:
    assert normalise(text) == plain
    assert not offenders(normalise(text))


@given(st.text(max_size=200))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(alphabet=sorted((BASIC | EXTENDED) - {"\r", "`"}), max_size=200))
def test_what_is_gsm_already_stays_as_it_is(text: str) -> None:
    assert normalise(text) == text
    assert normalise(text + "\u2026") == text + "..."
