"""The pulse: a worker that hangs is seen, and one that naps is not."""

from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from bot.metrics import Metrics
from bot.pulse import SILENT_AFTER_S, Pulse
from storage.errors import StorageError


@dataclass
class Stopwatch:
    """Seconds, set by hand."""

    at: float = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def pulse(watch: Stopwatch) -> Pulse:
    return Pulse(Metrics(), watch)


def test_who_beats_is_not_silent(pulse: Pulse, watch: Stopwatch) -> None:
    pulse.beat("Timers")
    watch.at += SILENT_AFTER_S

    assert pulse.silent() == {}


def test_who_hangs_is_named_with_the_seconds(pulse: Pulse, watch: Stopwatch) -> None:
    pulse.beat("Timers")
    pulse.beat("Replayer")
    watch.at += 12
    pulse.beat("Replayer")

    assert pulse.silent() == {"Timers": 12}


def test_it_is_logged_once_and_again_after_it_has_beaten(pulse: Pulse, watch: Stopwatch) -> None:
    pulse.beat("Timers")
    with capture_logs() as logged:
        for _ in range(3):
            watch.at += 12
            pulse.look()
        pulse.beat("Timers")
        pulse.look()
        watch.at += 12
        pulse.look()

    assert [row["for_s"] for row in logged] == [12, 12]


def test_the_age_of_every_worker_is_a_figure(pulse: Pulse, watch: Stopwatch) -> None:
    pulse.beat("Timers")
    watch.at += 3
    pulse.look()

    assert b'statthotline_worker_age_seconds{worker="Timers"} 3.0' in pulse.metrics.exposition()


def test_a_database_that_is_gone_is_told_once_and_its_return_once(pulse: Pulse) -> None:
    gone = StorageError("gone")
    with capture_logs() as logged:
        pulse.trouble("Timers", gone)
        pulse.trouble("Replayer", gone)
        pulse.well("Caretaker")  # it asked nothing of the database
        pulse.well("Timers")
        pulse.trouble("Timers", gone)
        pulse.well("Replayer")
        pulse.well("Timers")

    assert [row["event"] for row in logged] == ["database_unusable", "database_usable_again"]
