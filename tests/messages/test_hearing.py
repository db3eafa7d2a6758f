"""What is meant is found: by table, and whatever else is typed."""

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flows.customer import Channel
from flows.intent import Intent
from messages.hearing import Hearing, hear
from messages.vocabulary import vocabularies
from tests.messages.said import ROWS

LANGUAGES = st.sampled_from(["de", "en", "fr", ""])
CHANNELS = st.sampled_from(Channel)
STOPS = st.sampled_from(["STOPP", "stop", "Ende", "ABMELDEN", "abbestellen", "Unsubscribe"])
ALARMS = st.sampled_from(["112", "110", "Notruf", "Feuer", "Unfall", "Überfall", "suicide", "fire"])
ANYTHING = st.text(max_size=300)


@pytest.mark.parametrize(("text", "language", "channel", "meant", "why"), ROWS)
def test_people_are_understood(
    text: str, language: str, channel: Channel, meant: Intent, why: str
) -> None:
    assert hear(text, language, channel).intent is meant, why


def test_the_table_says_nothing_twice() -> None:
    said = [(text, language, channel) for text, language, channel, _, _ in ROWS]

    assert len(said) == len(set(said))
    assert len(said) >= 150


def test_a_language_is_named_when_it_is_asked_for() -> None:
    assert hear("ENGLISH", "de") == Hearing(Intent.LANGUAGE, "en")
    assert hear("Deutsch bitte", "en") == Hearing(Intent.LANGUAGE, "de")
    assert hear("englisch", "de") == Hearing(Intent.LANGUAGE, "en")
    assert hear("/language", "de", Channel.TELEGRAM) == Hearing(Intent.LANGUAGE, None)


def test_a_misspelt_language_is_named_too() -> None:
    assert hear("deutsh", "en") == Hearing(Intent.LANGUAGE, "de", is_exact=False)


def test_a_typo_is_known_as_one() -> None:
    assert hear("STATUS", "de").is_exact
    assert not hear("STAUTS", "de").is_exact


def test_every_label_of_a_button_means_the_same_when_it_is_typed() -> None:
    for language, vocabulary in vocabularies().items():
        for labels in (vocabulary.labels, *vocabulary.labels_of.values()):
            for intent, label in labels.items():
                assert hear(label, language, Channel.TELEGRAM).intent is intent, label


def test_every_word_that_is_listed_is_understood_in_both_languages() -> None:
    for vocabulary in vocabularies().values():
        for phrase, intent in vocabulary.phrases.items():
            for language in vocabularies():
                assert hear(phrase, language, Channel.TELEGRAM).intent is intent, phrase


@given(text=ANYTHING, language=LANGUAGES, channel=CHANNELS)
def test_nothing_that_can_be_typed_is_an_error(text: str, language: str, channel: Channel) -> None:
    assert hear(text, language, channel).intent in Intent


@given(before=ANYTHING, alarm=ALARMS, after=ANYTHING, language=LANGUAGES, channel=CHANNELS)
def test_an_emergency_is_heard_before_everything(
    before: str, alarm: str, after: str, language: str, channel: Channel
) -> None:
    # Set off from its neighbours, for a figure or a unit would make the number an amount.
    text = f"{before} x {alarm} ! {after}"

    assert hear(text, language, channel).intent is Intent.EMERGENCY


@given(stop=STOPS, after=ANYTHING, language=LANGUAGES, channel=CHANNELS)
def test_a_stop_word_at_the_beginning_holds_at_once(
    stop: str, after: str, language: str, channel: Channel
) -> None:
    heard = hear(f"{stop}, {after}", language, channel)

    assume(heard.intent is not Intent.EMERGENCY)
    assert heard.intent is Intent.OPT_OUT


@pytest.mark.parametrize(
    "piece", ["stop ", "x", "\u0301\u0323", "feuxr ", "1 ", "112MB ", "\ufdfa", "\u05d0 ", "🏳️‍🌈"]
)
def test_a_long_text_takes_no_more_than_its_length(piece: str) -> None:
    short, long = piece * (400 // len(piece)), piece * (6400 // len(piece))

    hear(short, "de")
    costs = [_seconds(short), _seconds(long)]

    assert costs[1] < 0.05 + 16 * 8 * costs[0]  # 16 times the length; quadratic would be 256 times
    assert costs[1] < 1


def _seconds(text: str) -> float:
    begun = time.process_time()
    hear(text, "de")
    return time.process_time() - begun
