"""A running bot looks seldom for what only refers to itself, and finds it all the same."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from bot.sparing import SELDOM, sweep_seldom, unswept


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    usual = gc.get_threshold()
    yield
    gc.set_threshold(*usual)
    gc.unfreeze()


class Knot:
    """Refers to itself."""

    def __init__(self) -> None:
        self.own = self


def test_what_the_start_has_brought_is_not_looked_at_again() -> None:
    brought = gc.get_objects()

    sweep_seldom()

    assert gc.get_freeze_count() >= len(brought) - 1
    assert gc.get_threshold() == SELDOM


def test_a_start_does_without_until_it_serves() -> None:
    with unswept():
        starting = gc.isenabled()
        sweep_seldom()
        serving = gc.isenabled()

    assert (starting, serving, gc.isenabled()) == (False, True, True)


def test_knots_that_are_tied_later_are_found_by_themselves() -> None:
    sweep_seldom()
    knot = weakref.ref(Knot())

    waste = [[[n] for n in range(SELDOM[0])] for _ in range(3)]

    assert waste
    assert knot() is None
