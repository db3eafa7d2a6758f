"""The breaker keeps the worker from an operator who refuses everybody or no longer answers."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.carrier.carrier import CarrierAnswer, Halted, Unclear

_FAILURES = 5
_SHORTEST = timedelta(minutes=1)
_LONGEST = timedelta(minutes=15)


class Breaker:
    """Pauses at once when nobody is served, and after five unclear answers in a row."""

    def __init__(self, alarm: Callable[[str], None]) -> None:
        """Take whom to tell when the pausing begins."""
        self._alarm = alarm
        self._failures = 0
        self._pause = _SHORTEST
        self._until: datetime | None = None
        self._is_known = False
        self.is_well = False  # the last answer was a plain one

    def pauses_until(self, now: datetime) -> datetime | None:
        """Tell until when nothing may be asked; None if something may."""
        return self._until if self._until is not None and now < self._until else None

    def note(self, answer: CarrierAnswer | None, now: datetime) -> None:
        """Learn from an answer; a pause is longer each time that it did not help."""
        self.is_well = not isinstance(answer, Halted | Unclear)
        match answer:
            case Halted():
                self._open(now, answer.why, answer.retry_after)
            case Unclear():
                self._failures += 1
                if self._failures >= _FAILURES:
                    self._open(now, f"{_FAILURES} answers in a row were unclear: {answer.why}")
            case _:
                self._failures = 0
                self._pause = _SHORTEST
                self._is_known = False

    def _open(self, now: datetime, why: str, pause: timedelta | None = None) -> None:
        # Several requests may come back refused at once; that is one refusal.
        if self.pauses_until(now) is None:
            self._until = now + (pause or self._pause)
            self._pause = min(self._pause * 2, _LONGEST)
        if not self._is_known:
            self._is_known = True
            self._alarm(f"The operator's charging system is left alone for a while: {why}")
