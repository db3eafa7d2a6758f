"""Remarks: what is no question about a topic is told apart, and no question is taken for one."""

import pytest

from flows.intent import Remark
from messages.remarks import remark_on
from messages.topics import shipped
from tests.messages.asking import OUTSIDE, questions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("😀😀", Remark.SIGNS),
        ("???", Remark.SIGNS),
        ("", Remark.SIGNS),
        ("Vielen Dank!", Remark.COURTESY),
        ("hello", Remark.COURTESY),
        ("thank you so much", Remark.COURTESY),
        ("faturam neden bu kadar yüksek geldi", Remark.FOREIGN),
        ("bonjour je ne comprends pas ma facture", Remark.FOREIGN),
        ("почему такой большой счёт", Remark.FOREIGN),
        ("لماذا الفاتورة", Remark.FOREIGN),
        ("dlaczego mój rachunek jest taki wysoki", Remark.FOREIGN),
        ("ihr seid alle Idioten", Remark.ANGER),
        ("you are useless", Remark.ANGER),
        ("Mein Hund hat Geburtstag", None),
        ("no", None),
        ("haha ok", None),
        ("x" * 1600, None),
    ],
)
def test_a_text_without_a_topic_is_told_apart(text: str, expected: Remark | None) -> None:
    assert remark_on(text, shipped()) is expected


@pytest.mark.parametrize("name", ["questions", "questions_held_out"])
def test_no_question_about_a_topic_is_taken_for_another_language_or_signs(name: str) -> None:
    asked = [one for one in questions(name) if one.topic != OUTSIDE]

    taken = [
        one.text for one in asked if remark_on(one.text, shipped()) not in (None, Remark.ANGER)
    ]

    assert taken == []


def test_telling_words_have_no_numbers_and_no_everyday_words() -> None:
    text = "Hallo, wann kommt Glasfaser nach 10115 Berlin? Tel 01713920012 wann Glasfaser"

    assert "glasfaser" in shipped().telling(text)
    assert not [word for word in shipped().telling(text) if not word.isalpha()]
    assert len(set(shipped().telling(text))) == len(shipped().telling(text))
