"""Folding keeps what a text says and drops how it is dressed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.folding import fold, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("LÖSCHEN", "loeschen"),
        ("Lo\u0308schen", "loeschen"),
        ("Größe", "groesse"),
        ("GRO\u1e9eE", "grosse"),
        ("café", "cafe"),
        ("don\u2019t", "dont"),
        ("\uff33\uff34\uff2f\uff30", "stop"),
        ("\u0661\u0661\u0662", "112"),
        ("S\u200bTOP", "stop"),
        ("\U0001f44d\U0001f3fd\ufe0f", "\U0001f44d"),
    ],
)
def test_dress_is_dropped(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_words_are_parted_by_whatever_is_no_letter() -> None:
    assert words(fold("Ja, bitte-gern\n(sofort)!")) == ("ja", "bitte", "gern", "sofort")


def test_a_letter_that_was_held_down_counts_once() -> None:
    assert words("stoppppp jaaaa 1112") == ("stop", "ja", "1112")


@given(st.text(max_size=200))
def test_folding_twice_changes_no_word(text: str) -> None:
    once = words(fold(text))

    assert words(fold(" ".join(once))) == once


@given(st.text(alphabet="aoubcxyz .", max_size=60))
def test_composed_and_loose_accents_are_the_same(text: str) -> None:
    dotted = text.replace("o", "ö").replace("a", "ä").replace("u", "ü")

    assert fold(unicodedata.normalize("NFD", dotted)) == fold(dotted)
