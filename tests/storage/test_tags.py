"""Tags: names of attempts that nobody can guess, in the order of their time."""

from itertools import count

import pytest

from storage.outbox import fresh_tag


def test_tags_of_later_milliseconds_come_later(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count(1_796_000_000_000_000_000, 1_000_000)
    monkeypatch.setattr("time.time_ns", lambda: next(ticks))

    tags = [fresh_tag() for _ in range(100)]

    assert tags == sorted(tags)


def test_tags_of_the_same_millisecond_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_796_000_000_000_000_000)

    tags = {fresh_tag() for _ in range(1000)}

    assert len(tags) == 1000
    assert len({tag[:11] for tag in tags}) == 1
