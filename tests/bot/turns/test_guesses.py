"""Guesses: too many wrong tokens in a minute are not even looked up."""

from dataclasses import dataclass

import pytest

from bot.keys import Keys
from bot.turns.guesses import MOST_WRONG, WINDOW_S, Guesses


@dataclass
class Seconds:
    at: float = 0.0

    def __call__(self) -> float:
        return self.at


def guesses(seconds: Seconds | None = None) -> Guesses:
    return Guesses(Keys(b"key", lambda: "token"), seconds or Seconds())


def test_after_a_minute_everybody_may_try_again() -> None:
    seconds = Seconds()
    counted = guesses(seconds)
    for n in range(MOST_WRONG):
        counted.was_wrong("203.0.113.1", f"t{n}")

    now = counted.may_try("203.0.113.1", "t")
    seconds.at += WINDOW_S

    assert (now, counted.may_try("203.0.113.1", "t")) == (False, True)


def test_others_are_not_concerned() -> None:
    counted = guesses()
    for n in range(MOST_WRONG):
        counted.was_wrong("203.0.113.1", f"t{n}")

    assert counted.may_try("203.0.113.2", "t")


@pytest.mark.parametrize("other", ["2001:db8::1", "2001:db8::ffff:1"])
def test_a_network_of_ones_own_gives_no_more_tries(other: str) -> None:
    counted = guesses()
    for n in range(MOST_WRONG):
        counted.was_wrong(f"2001:db8::{n:x}", f"t{n}")

    assert not counted.may_try(other, "t")
    assert counted.may_try("2001:db8:0:1::1", "t")


def test_a_token_that_worked_still_works_until_it_does_not() -> None:
    counted = guesses()
    counted.was_right("good")
    for n in range(MOST_WRONG):
        counted.was_wrong("203.0.113.1", f"t{n}")

    before = counted.may_try("203.0.113.1", "good")
    counted.was_wrong("203.0.113.1", "good")

    assert (before, counted.may_try("203.0.113.1", "good")) == (True, False)
