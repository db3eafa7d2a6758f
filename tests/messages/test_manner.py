"""Facts are written as people of that language write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from markupsafe import Markup

from flows.customer import Channel
from messages.manner import Manner

# Half past midnight in Berlin, still the day before in UTC.
NIGHT = datetime(2027, 4, 29, 22, 30, tzinfo=UTC)


def manner(locale: str, channel: Channel) -> Manner:
    return Manner(Locale.parse(locale), ZoneInfo("Europe/Berlin"), channel)


@pytest.mark.parametrize(
    ("locale", "channel", "day"),
    [
        ("de_DE", Channel.TELEGRAM, "30. April 2027"),
        ("de_DE", Channel.EMAIL, "30. April 2027"),
        ("de_DE", Channel.SMS, "30.04.2027"),
        ("en_GB", Channel.TELEGRAM, "30 April 2027"),
        ("en_GB", Channel.SMS, "30 Apr 2027"),
    ],
)
def test_a_day_is_that_of_the_campaigns_zone(locale: str, channel: Channel, day: str) -> None:
    assert manner(locale, channel).day(NIGHT) == day


@pytest.mark.parametrize(
    ("locale", "moment"), [("de_DE", "30.04.2027, 00:30"), ("en_GB", "30 Apr 2027, 00:30")]
)
def test_a_moment_has_its_time(locale: str, moment: str) -> None:
    assert manner(locale, Channel.SMS).moment(NIGHT) == moment


@pytest.mark.parametrize(
    ("megabytes", "german", "english"),
    [
        (0, "0 MB", "0 MB"),
        (600, "600 MB", "600 MB"),
        (999, "999 MB", "999 MB"),
        (1000, "1 GB", "1 GB"),
        (1800, "1,8 GB", "1.8 GB"),
        (1234, "1,234 GB", "1.234 GB"),
        (1_234_567, "1.234,567 GB", "1,234.567 GB"),
    ],
)
def test_a_volume_is_exact(megabytes: int, german: str, english: str) -> None:
    assert manner("de_DE", Channel.SMS).volume(megabytes) == german
    assert manner("en_GB", Channel.SMS).volume(megabytes) == english


def test_emphasis_exists_where_the_channel_has_it() -> None:
    assert manner("de_DE", Channel.SMS).bold("a < b") == "a < b"
    assert manner("de_DE", Channel.TELEGRAM).bold("a < b") == Markup("<b>a &lt; b</b>")


def test_an_address_hides_behind_words_where_the_channel_can() -> None:
    url = 'https://x.example/?a=1&b="2"'

    assert manner("de_DE", Channel.EMAIL).link(url, "hier") == url
    shown = manner("de_DE", Channel.TELEGRAM).link(url, "hier")
    assert shown == '<a href="https://x.example/?a=1&amp;b=&#34;2&#34;">hier</a>'


def test_progress_is_drawn_in_blocks() -> None:
    assert manner("de_DE", Channel.TELEGRAM).bar(4, 9) == "▰▰▰▰▱▱▱▱▱"
