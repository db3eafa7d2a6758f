"""Which reported ranges are believed."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.watching import LONGEST_GAP, Range, Viewing, begin, report, union
from tests.cast import NOON
from tests.soak import SOAK

FILM_MS = 50_000
SECOND = timedelta(seconds=1)


def opened() -> Viewing:
    return begin("100001", "film", FILM_MS, NOON)


def after(viewing: Viewing, *reports: tuple[float, tuple[Range, ...]]) -> Viewing:
    """Let these reports come, each so many seconds after the one before."""
    now = viewing.reported_at
    for wait_s, played in reports:
        now += wait_s * SECOND
        viewing = report(viewing, played, now)
    return viewing


def steadily(step_s: int, speed: int = 1) -> tuple[tuple[float, tuple[Range, ...]], ...]:
    """Play the whole film and report every few seconds."""
    step_ms = step_s * 1000 * speed
    starts = range(0, FILM_MS, step_ms)
    return tuple((step_s, ((start, min(start + step_ms, FILM_MS)),)) for start in starts)


@pytest.mark.parametrize("speed", [1, 2])
def test_a_film_that_is_played_is_watched(speed: int) -> None:
    assert after(opened(), *steadily(4, speed)).share == 1


def test_a_film_that_is_played_three_times_as_fast_is_not_watched() -> None:
    assert after(opened(), *steadily(4, speed=3)).share == pytest.approx(0.04)  # its last 2 seconds


def test_skipping_to_the_end_leaves_out_what_was_skipped() -> None:
    viewing = after(opened(), (4, ((0, 4000),)), (4, ((46_000, 50_000),)))

    assert viewing.watched == ((0, 4000), (46_000, 50_000))
    assert viewing.share == pytest.approx(0.16)


def test_what_was_watched_counts_on_after_the_page_was_loaded_again() -> None:
    first = after(opened(), (10, ((0, 10_000),)))

    second = after(first, (3600, ()), (10, ((9000, 19_000),)))

    assert second.watched == ((0, 19_000),)


@pytest.mark.parametrize(
    ("played", "why"),
    [
        (((0, FILM_MS),), "the whole film in four seconds"),
        (((0, 8001),), "a little more than twice the time"),
        (((0, 5000), (20_000, 25_000)), "in pieces, and still too much"),
        (((-1000, 2000),), "before the beginning"),
        (((49_000, 50_001),), "beyond the end"),
        (((2000, 1000),), "backwards"),
        (((1000, 1000),), "nothing at all"),
        (((0, 2000), (1000, 3000)), "overlapping"),
        (((3000, 4000), (0, 1000)), "out of order"),
        (tuple((n, n + 1) for n in range(0, 404, 4)), "more pieces than anybody makes"),
    ],
)
def test_a_report_that_cannot_be_true_is_believed_in_nothing(
    played: tuple[Range, ...], why: str
) -> None:
    assert after(opened(), (4, played)).watched == (), why


def test_a_refused_report_spends_the_time_that_passed() -> None:
    viewing = after(opened(), (10, ((0, FILM_MS),)), (0, ((0, 10_000),)))

    assert viewing.watched == ()


def test_a_report_that_is_sent_again_counts_for_nothing() -> None:
    once = after(opened(), (10, ((0, 10_000),)))

    again = after(once, (0, ((0, 10_000),)), (10, ((0, 10_000),)))

    assert again.watched == once.watched


def test_waiting_is_not_watching() -> None:
    assert after(opened(), (3600, ((0, 20_001),))).watched == ()
    assert after(opened(), (3600, ((0, 20_000),))).share == 0.4


def test_a_clock_that_goes_back_gives_no_time() -> None:
    viewing = after(opened(), (10, ()), (-8, ((0, 1000),)), (8, ((0, 1000),)))

    assert viewing.watched == ()


def test_pieces_that_touch_become_one() -> None:
    assert union(((4, 9), (0, 2), (2, 4), (20, 30), (5, 6))) == ((0, 9), (20, 30))


positions = st.integers(-2000, FILM_MS + 2000)
reports = st.tuples(
    st.floats(-5, 60), st.lists(st.tuples(positions, positions), max_size=4).map(tuple)
)


@settings(max_examples=150 * SOAK, deadline=None)
@given(st.lists(reports, max_size=25))
def test_never_more_is_believed_than_time_allows(
    told: list[tuple[float, tuple[Range, ...]]],
) -> None:
    viewing, now, passed = opened(), NOON, timedelta()
    for wait_s, played in told:
        now += wait_s * SECOND
        passed += min(max(now - viewing.reported_at, timedelta()), LONGEST_GAP)
        before, viewing = viewing, report(viewing, played, now)

        assert viewing.share >= before.share
        assert viewing.share * FILM_MS <= 2000 * passed.total_seconds() + 1e-6
        assert viewing.watched == union(viewing.watched)
        assert all(0 <= begins < ends <= FILM_MS for begins, ends in viewing.watched)


@settings(max_examples=50 * SOAK, deadline=None)
@given(st.lists(st.floats(0.05, 10), min_size=80, max_size=80), st.sampled_from([0.5, 1.0, 2.0]))
def test_an_honest_player_earns_however_it_reports(gaps_s: list[float], speed: float) -> None:
    viewing, now, at = opened(), NOON, 0
    for gap_s in gaps_s * 8:
        now += gap_s * SECOND
        ends = min(FILM_MS, at + int(gap_s * 1000 * speed))
        viewing = report(viewing, ((at, ends),) if ends > at else (), now)
        at = ends

    assert viewing.share == at / FILM_MS
