"""A typo is forgiven where only one meaning comes into question."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.intent import Intent
from messages.typos import guess, guess_opt_out
from messages.vocabulary import vocabularies

TONGUES = tuple(vocabularies().values())
OFFERED = (
    ("mitmachen", Intent.JOIN),
    ("abmelden", Intent.OPT_OUT),
    ("stopp", Intent.OPT_OUT),
    ("unsubscribe", Intent.OPT_OUT),
    ("aussteigen", Intent.LEAVE),
    ("bedingungen", Intent.TERMS),
    ("einspruch", Intent.OBJECT),
    ("loeschen", Intent.ERASE),
    ("status", Intent.STATUS),
    ("support", Intent.HELP),
)


@given(keyword=st.sampled_from(OFFERED), place=st.integers(0, 20))
def test_two_letters_that_changed_places_are_forgiven(
    keyword: tuple[str, Intent], place: int
) -> None:
    word, intent = keyword
    at = place % (len(word) - 1)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    if swapped != word:
        assert guess(swapped, TONGUES) == (intent, word)


@given(keyword=st.sampled_from(OFFERED), place=st.integers(0, 20))
def test_a_letter_that_is_missing_never_turns_into_something_else(
    keyword: tuple[str, Intent], place: int
) -> None:
    word, intent = keyword
    at = place % len(word)

    guessed = guess(word[:at] + word[at + 1 :], TONGUES)

    assert guessed is None or guessed[0] in (intent, Intent.MAYBE_OPT_OUT)


@given(st.text(alphabet=string.ascii_lowercase, max_size=3))
def test_a_word_of_three_letters_is_no_typo_of_anything(word: str) -> None:
    assert guess(word, TONGUES) is None


@pytest.mark.parametrize("word", ["anmelden", "subscribe", "shop", "sende", "mein"])
def test_a_word_of_its_own_is_no_typo(word: str) -> None:
    assert guess(word, TONGUES) is None


def test_the_customers_own_language_is_guessed_first() -> None:
    german, english = TONGUES

    assert guess("englich", (german, english)) == guess("englich", (english, german))


def test_a_sentence_that_begins_with_a_short_typo_is_asked_about() -> None:
    assert guess_opt_out("stpp", TONGUES) is Intent.OPT_OUT
    assert guess_opt_out("sotp", TONGUES) is Intent.MAYBE_OPT_OUT
    assert guess_opt_out("emde", TONGUES) is None
