"""Stories as text: what is written is read as the same again."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import BERLIN
from bot.spans import read_span
from bot.stories import (
    Act,
    At,
    Cast,
    Happens,
    Invited,
    OpensLink,
    Reads,
    Silent,
    Stands,
    Story,
    StoryError,
    Taps,
    Waits,
    Writes,
    exact_span,
    gist,
    one_line,
    read,
    says,
    write,
)
from flows.customer import Channel

TEXT = """
# Alice earns her first credit

customer Alice sms en
at 2026-12-01 10:00
invited
< up to 3600 MB
> JOIN
link
t< Hello … go on here
t> STATUS
tap Next
event portal.registered
event hotline.called reason_code=fault duration_s=30 connected=true
event incident.opened {"incident_id":"I 1","customers":["100001"]}
wait P1M
wait PT1H without feeds
silent
state streak
"""
ALICE = Cast("Alice", Channel.SMS, "en")
STORY = Story(
    "Alice earns her first credit",
    ALICE,
    (
        At(datetime(2026, 12, 1, 10, tzinfo=BERLIN)),
        Invited(),
        Reads("up to 3600 MB"),
        Writes("JOIN"),
        OpensLink(),
        Reads("Hello … go on here", Channel.TELEGRAM),
        Writes("STATUS", Channel.TELEGRAM),
        Taps("Next"),
        Happens("portal.registered"),
        Happens("hotline.called", {"reason_code": "fault", "duration_s": 30, "connected": True}),
        Happens("incident.opened", {"incident_id": "I 1", "customers": ["100001"]}),
        Waits("P1M"),
        Waits("PT1H", feeds=False),
        Silent(),
        Stands("streak"),
    ),
)


def test_a_story_is_read_as_it_is_meant() -> None:
    assert read(TEXT) == STORY


def test_a_story_is_written_as_it_is_read() -> None:
    assert write(STORY) == TEXT.strip().replace("\n\n", "\n") + "\n"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("sing a song", "no act"),
        ("invited twice", "no act"),
        ("tap", "no act"),
        ("wait month", "ISO 8601"),
        ("wait P1M with feeds", "without feeds"),
        ("at noon", "does not match"),
        ("event hotline.called fault", "name=value"),
        ('event hotline.called {"reason_code"', "truncated"),
        ("customer Alice pigeon en", "pigeon"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, why: str) -> None:
    with pytest.raises(StoryError, match=f"line 3: .*{why}"):
        read(f"# Title\ncustomer Alice sms en\n{line}")


@pytest.mark.parametrize("text", ["", "# Title", "customer Alice sms en"])
def test_a_story_without_title_or_customer_is_none(text: str) -> None:
    with pytest.raises(StoryError, match="a title and a customer"):
        read(text)


words = st.text(min_size=1).map(one_line).filter(bool)
channels = st.sampled_from([Channel.SMS, Channel.TELEGRAM])
values = st.one_of(
    st.booleans(), st.integers(-(10**12), 10**12), st.text(), st.lists(st.text(), max_size=2)
)
acts = st.one_of(
    st.builds(Writes, words, channels),
    st.builds(Reads, words, channels),
    st.builds(Taps, words),
    st.builds(Happens, st.just("x.y"), st.dictionaries(st.text(), values, max_size=3)),
    st.builds(Waits, st.integers(0, 10**9).map(lambda s: exact_span(timedelta(seconds=s)))),
    st.sampled_from([Invited(), OpensLink(), Silent(), Stands("streak")]),
)


@given(st.lists(acts, max_size=5))
def test_every_story_is_read_back_as_it_was_written(played: list[Act]) -> None:
    story = Story("Title", ALICE, tuple(played))

    assert read(write(story)) == story


@given(st.text())
def test_a_text_says_its_own_gist(text: str) -> None:
    assert says(text, gist(text))


@given(st.integers(0, 10**9))
def test_an_exact_length_is_read_back(seconds: int) -> None:
    assert read_span(exact_span(timedelta(seconds=seconds))).rest == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "fragment", "is_said"),
    [
        ("600 MB\nare credited", "600 MB are", True),
        ("600 MB are credited", "600 … credited", True),
        ("600 MB are credited", "credited … 600", False),
        ("600 MB are credited", "1800 MB", False),
        ("anything", "…", True),
    ],
)
def test_a_fragment_is_compared_blank_by_blank(text: str, fragment: str, *, is_said: bool) -> None:
    assert says(text, fragment) is is_said


def test_a_link_is_left_open_because_its_code_is_new_each_time() -> None:
    assert gist("Telegram: https://t.me/bot?start=abc") == "Telegram: …"


def test_the_time_of_day_is_left_open_because_a_replay_takes_its_own_time() -> None:
    assert (
        gist("Ihr Anruf vom 15.07.2027, 10:05 Uhr zählt") == "Ihr Anruf vom 15.07.2027, … Uhr zählt"
    )
