"""Orders to the studio: one film is drawn at a time, each in a process of its own."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import structlog

from messages.film.storyboard import Storyboard

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

STUDIO = (sys.executable, "-P", "-m", "bot.film.studio")
MOST_WAITING = 12  # at some ten seconds each: who comes later sees the general film
_LONGEST_S = 180.0
_AGAIN_S = 600.0  # after a failure


class FilmOrders:
    """Has films drawn in the background; asking for one that is under way asks for it once."""

    def __init__(self, when_done: Callable[[Path], None], command: Sequence[str] = STUDIO) -> None:
        """Take whom to tell that a film is done, and how the studio is started."""
        self._when_done = when_done
        self._command = tuple(command)
        self._one_at_a_time = asyncio.Lock()
        self._open: dict[Path, asyncio.Task[None]] = {}
        self._failed: dict[Path, float] = {}

    def order(self, film: Path, picture: Path, board: Storyboard, language: str) -> bool:
        """Have a film drawn; False if that failed before, or too many are waiting."""
        if film in self._open:
            return True
        if len(self._open) >= MOST_WAITING or self._has_failed(film):
            return False
        job = msgspec.json.encode({"board": board, "language": language})
        self._open[film] = asyncio.create_task(self._make(film, picture, job))
        return True

    async def settle(self) -> None:
        """Wait until everything that was ordered is done."""
        while self._open:
            await asyncio.gather(*self._open.values())

    async def close(self) -> None:
        """Break off what is under way."""
        tasks = tuple(self._open.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _has_failed(self, film: Path) -> bool:
        """Tell whether a film failed lately; everything that failed longer ago is forgotten."""
        now = time.monotonic()
        self._failed = {path: at for path, at in self._failed.items() if now - at < _AGAIN_S}
        return film in self._failed

    async def _make(self, film: Path, picture: Path, job: bytes) -> None:
        try:
            async with self._one_at_a_time:
                fault = await self._run(film, picture, job)
            if fault:
                self._failed[film] = time.monotonic()
                log.error("film_failed", film=film.name, fault=fault)
            else:
                self._when_done(film)
        finally:
            del self._open[film]

    async def _run(self, film: Path, picture: Path, job: bytes) -> str:
        """Let the studio work; gives what went wrong, empty if nothing did."""
        pipe = asyncio.subprocess.PIPE
        try:
            studio = await asyncio.create_subprocess_exec(
                *self._command, str(film), str(picture), stdin=pipe, stderr=pipe
            )
        except OSError as error:
            return str(error)
        try:
            async with asyncio.timeout(_LONGEST_S):
                _, said = await studio.communicate(job)
        except TimeoutError:
            return f"not done after {_LONGEST_S:.0f} s"
        finally:
            if studio.returncode is None:
                studio.kill()
                await studio.wait()
        if studio.returncode == 0:
            return ""
        return said.decode(errors="replace")[-500:] or f"exit {studio.returncode}"
