"""What must stand in the texts stands there, whatever the language and the channel."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from flows import lines
from flows.customer import Channel
from flows.lines import Mark, StepMark
from messages.samples import LONG_LINKS
from messages.segments import count
from messages.wording import NO_LINKS, FixedLinks, Wordbook
from tests.messages.speaking import TERMS, say

APRIL = datetime(2027, 4, 30, 10, tzinfo=UTC)
LANGUAGES = pytest.mark.parametrize("language", ["de", "en"])
CHANNELS = pytest.mark.parametrize("channel", [Channel.SMS, Channel.TELEGRAM])
THREE = tuple(StepMark(step, 600, Mark.CREDITED) for step in ("registration", "video", "app"))


@LANGUAGES
@CHANNELS
@pytest.mark.parametrize("step", ["registration", "video", "app"])
def test_a_credit_is_told_with_its_exact_figure(language: str, channel: Channel, step: str) -> None:
    line = lines.Credited(step, 600, 1200, 2, 3, APRIL, "app")

    text = say(line, language, channel)

    assert "+600 MB" in text
    assert {"de": "2 von 3", "en": "2 of 3"}[language] in text
    assert "2027" in text


@LANGUAGES
@CHANNELS
def test_the_goal_is_told_with_its_exact_figure(language: str, channel: Channel) -> None:
    text = say(lines.GoalReached(1800, 3600, 9, APRIL), language, channel)

    assert "+1800 MB" in text
    assert {"de": "3,6 GB", "en": "3.6 GB"}[language] in text


@LANGUAGES
@CHANNELS
def test_a_credit_without_a_known_end_names_none(language: str, channel: Channel) -> None:
    text = say(lines.Credited("app", 600, 1800, 3, 3, None, None), language, channel)

    assert "20" not in text.replace("600", "")
    assert "None" not in text


@CHANNELS
@pytest.mark.parametrize("month", [1, 4, 8])
def test_a_month_is_counted_aloud(channel: Channel, month: int) -> None:
    line = lines.MonthDone(month, 9, 143, APRIL, 1800)

    assert f"{month} von 9 Monaten" in say(line, "de", channel)
    assert "143 Tage" in say(line, "de", channel)
    assert f"{month} of 9 months" in say(line, "en", channel)
    assert "143 days" in say(line, "en", channel)


@CHANNELS
def test_the_last_month_is_counted_aloud_and_promises_no_credit_yet(channel: Channel) -> None:
    line = lines.LastMonthDone(9, 9, 1800, APRIL)

    assert "9 von 9 Monaten" in say(line, "de", channel)
    assert "9 of 9 months" in say(line, "en", channel)
    assert "1800 MB" not in say(line, "de", channel)


@CHANNELS
def test_the_status_names_the_month_that_is_running(channel: Channel) -> None:
    line = lines.StatusStreak(THREE, 1800, 4, 9, 143, APRIL, 1800)

    assert "Monat 5 von 9" in say(line, "de", channel)
    assert "4 von 9 Monaten" in say(line, "de", channel)
    assert "month 5 of 9" in say(line, "en", channel)
    assert "4 of 9 months" in say(line, "en", channel)


def test_progress_in_telegram_is_drawn_and_checked() -> None:
    text = say(lines.StatusStreak(THREE, 1800, 4, 9, 143, APRIL, 1800), "de", Channel.TELEGRAM)

    assert "▰▰▰▰▱▱▱▱▱" in text
    assert text.count("✅") == 3


def test_the_invitation_says_who_why_what_and_how() -> None:
    german = say(lines.Invitation(3600, 9), "de")
    english = say(lines.Invitation(3600, 9), "en")

    for word in ("Nordlicht Mobil", "Vertrag", "3,6 GB", "0 Euro", "JA", "NEIN", "STOPP"):
        assert word in german
    for word in ("Nordlicht Mobil", "contract", "3.6 GB", "0 euros", "JOIN", "NO", "STOP"):
        assert word in english
    assert "BEDINGUNGEN" in german
    assert "TERMS" in english
    assert LONG_LINKS.telegram is not None
    assert LONG_LINKS.telegram in german


def test_the_german_invitation_with_its_link_fits_two_segments() -> None:
    operator = replace(TERMS.operator, brand="Musterfunk AG")
    book = Wordbook.load(replace(TERMS, operator=operator))
    links = FixedLinks(telegram="https://t.me/MusterfunkBot?start=2bGx0ZkQ8vYw5rTn1LsPqA")

    text = book.word(lines.Invitation(3600, 9), "de", Channel.SMS, links).text

    assert "https://t.me/" in text
    assert count(text).segments == 2


@CHANNELS
def test_an_invitation_without_telegram_has_no_link(channel: Channel) -> None:
    text = say(lines.Invitation(3600, 9), "de", channel, NO_LINKS)

    assert "t.me" not in text
    assert "None" not in text


@CHANNELS
def test_the_consent_names_purpose_version_proof_and_withdrawal(channel: Channel) -> None:
    german = say(lines.ConsentAsked("2027-01"), "de", channel)
    english = say(lines.ConsentAsked("2027-01"), "en", channel)

    for word in ("Callcenter einen Kontakt", "vermerkt hat", "2027-01", "Nachweis", "AUSSTEIGEN"):
        assert word in german
    for word in ("look at whether our call centre recorded a contact", "2027-01", "proof", "LEAVE"):
        assert word in english
    assert TERMS.operator.terms_url in german
    assert TERMS.operator.terms_url in english


@CHANNELS
def test_whoever_starts_the_months_learns_what_never_counts(channel: Channel) -> None:
    line = lines.StreakStarted(9, 1800, APRIL)

    for word in ("Störung", "Beschwerde", "Kündigung", "Verlust", "Betrug", "Datenschutz"):
        assert word in say(line, "de", channel)
    assert "Barrierefreiheit" in say(line, "de", channel)
    for word in ("faults", "complaints", "cancellation", "loss", "fraud", "accessibility"):
        assert word in say(line, "en", channel)
    assert "You can call any time at 030 23125 100" in say(line, "en", channel)


@LANGUAGES
@CHANNELS
def test_an_emergency_is_answered_with_where_help_is(language: str, channel: Channel) -> None:
    text = say(lines.Emergency(), language, channel, NO_LINKS)

    assert "112" in text
    assert "110" in text
    assert "Nordlicht" not in text
