"""The easel draws one progress card; it runs as a process of its own and then ends.

`python -P -m bot.easel` reads a card as JSON and writes its PNG. Nothing else loads Pillow, so the
bot never carries its memory, and its loop never waits for a drawing.
"""

import asyncio
import sys
from collections.abc import Sequence

import msgspec
import structlog

from messages.cards import EDITION, Card

COMMAND = (sys.executable, "-P", "-m", "bot.easel")
_LONGEST_S = 20.0  # for a place at the easel and the drawing; the text waits that long

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class DrawingFailedError(Exception):
    """The process ended without a picture."""


class Easel:
    """Draws a card at a time; a card that cannot be drawn is done without."""

    edition = EDITION

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        """Take how the process is started."""
        self._command = tuple(command)
        self._one_at_a_time = asyncio.Lock()

    async def paint(self, card: Card) -> bytes | None:
        """Draw a card as PNG; None if it cannot be drawn now."""
        try:
            async with asyncio.timeout(_LONGEST_S), self._one_at_a_time:
                return await self._run(msgspec.json.encode(card))
        except (OSError, TimeoutError, DrawingFailedError) as error:
            fault = str(error) or type(error).__name__
        log.error("card_not_drawn", fault=fault)
        return None

    async def _run(self, card: bytes) -> bytes:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, stderr=pipe
        )
        try:
            drawn, said = await process.communicate(card)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode or not drawn:
            raise DrawingFailedError(said.decode(errors="replace")[-500:])
        return drawn


def main() -> None:
    """Draw the card that standard input describes."""
    from messages.pictures import draw  # noqa: PLC0415 - only this process loads Pillow

    card = msgspec.json.decode(sys.stdin.buffer.read(), type=Card)
    sys.stdout.buffer.write(draw(card))


if __name__ == "__main__":
    main()
