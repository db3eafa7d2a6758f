"""Records: what is written is read again, and what later versions add does no harm."""

import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from flows.journey import Journey, Question
from storage.records import (
    attributes_from_json,
    attributes_to_json,
    journey_from_json,
    journey_to_json,
    names_from_json,
    names_to_json,
    to_int,
    to_moment,
)
from tests.cast import NOON, invited, on_streak

MOMENTS = st.datetimes(timezones=st.just(UTC))
st.register_type_strategy(datetime, MOMENTS)
WORDS = st.text(max_size=12)


@given(st.from_type(Journey))
def test_every_journey_comes_back_as_it_was(journey: Journey) -> None:
    assert journey_from_json(journey_to_json(journey)) == journey


@given(MOMENTS)
def test_every_moment_comes_back_to_the_microsecond(moment: datetime) -> None:
    assert to_moment(to_int(moment)) == moment


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_a_moment_is_the_same_in_every_zone(moment: datetime, minutes: int) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))

    assert to_int(elsewhere) == to_int(moment)


@given(st.dictionaries(WORDS, WORDS))
def test_attributes_come_back_in_their_order(attributes: dict[str, str]) -> None:
    pairs = tuple(attributes.items())

    assert attributes_from_json(attributes_to_json(pairs)) == pairs


@given(st.lists(WORDS).map(tuple))
def test_names_come_back(names: tuple[str, ...]) -> None:
    assert names_from_json(names_to_json(names)) == names


def test_what_has_its_usual_value_is_not_written() -> None:
    written = json.loads(journey_to_json(invited()))

    assert written == {
        "customer": "100001",
        "language": "en",
        "stage": "invited",
        "invited_at": "2026-12-01T11:00:00Z",
    }
    assert attributes_to_json(()) is None


def test_a_field_of_a_later_version_is_ignored() -> None:
    later = json.loads(journey_to_json(on_streak()))
    later["horoscope"] = "lion"
    later["reached"][0]["mood"] = "good"

    assert journey_from_json(json.dumps(later).encode()) == on_streak()


def test_a_field_that_is_missing_takes_its_usual_value() -> None:
    journey = journey_from_json(b'{"customer":"100001"}')

    assert journey == Journey("100001")
    assert journey.question is not Question.LEAVE
    assert to_moment(to_int(NOON)) == NOON
