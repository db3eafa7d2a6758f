"""A deadline for work of which there is much at once: one timer for all, not one for each.

`asyncio.timeout` sets a timer and takes it away again: a tenth of the CPU of a webhook or a send.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Deadline:
    """Lets every task wait for so many seconds, and no longer, for its work; one at a time."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._due: dict[asyncio.Task[object], float] = {}  # the oldest first
        self._overdue: set[asyncio.Task[object]] = set()
        self._watched_by: asyncio.AbstractEventLoop | None = None

    async def keep(self, work: Awaitable[T]) -> T:
        """Wait for some work; raises TimeoutError where it is cancelled for being late."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - whoever runs this is one
        loop = task.get_loop()
        self._due[task] = loop.time() + self._after_s
        if self._watched_by is not loop:
            self._watch(loop)
        try:
            return await work
        except asyncio.CancelledError as error:
            if task in self._overdue and task.uncancel() == 0:
                raise TimeoutError from error
            raise
        finally:
            self._overdue.discard(task)
            self._due.pop(task, None)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel what is overdue; look again when the next one is, if there is any."""
        while self._due:
            task, due = next(iter(self._due.items()))
            if due > loop.time():
                self._watched_by = loop
                loop.call_at(due, self._watch, loop)
                return
            del self._due[task]
            self._overdue.add(task)
            task.cancel()
        self._watched_by = None
