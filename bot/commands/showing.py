"""How commands show things: JSON for programs, tables for people, progress on stderr."""
# ruff: noqa: PLC0415 - rich is for those who show something; the bot itself only writes moments

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from rich.progress import Progress

_GAP = 2  # between two columns
_SHORTEST = 12  # that the last column of a table can do with

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


class Bar:
    """How far a file is read."""

    def __init__(self, progress: "Progress", stream: BinaryIO, size: int) -> None:
        self._progress, self._stream = progress, stream
        self._task = progress.add_task("0 rows", total=size)

    def tell(self, rows: int) -> None:
        """Show how many rows were taken so far."""
        self._progress.update(self._task, completed=self._stream.tell(), description=f"{rows} rows")


@contextmanager
def bar(stream: BinaryIO, path: Path) -> Iterator[Bar]:
    """Show a bar on a terminal while a file is read, and nothing elsewhere."""
    with _progress() as progress:
        yield Bar(progress, stream, path.stat().st_size)


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal while something is counted, and nothing elsewhere."""
    with _progress() as progress:
        task = progress.add_task(what, total=None)

        def tell(done: int, of: int) -> None:
            progress.update(task, completed=done, total=of)

        yield tell


def as_json(value: Json) -> None:
    """Write one value to stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def moment(at: datetime | None) -> str | None:
    """Write a moment for programs (RFC 3339), in UTC as it is kept."""
    return at.isoformat() if at else None


def wall(at: datetime | None, zone: ZoneInfo) -> str:
    """Write a moment for people, in their own wall time."""
    return f"{at.astimezone(zone):%a %d.%m.%Y %H:%M}" if at else "–"


def zoned(at: datetime | None, zone: ZoneInfo) -> str:
    """Write a moment that something is planned by: the wall time says whose it is."""
    return f"{wall(at, zone)} {at.astimezone(zone):%Z}" if at else "–"


def facts(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Write facts under one another, each with its name; those without a value are left out."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(title, style="bold", markup=False, soft_wrap=True)
    grid = Table.grid(padding=(0, 2))
    for name, value in rows:
        if value:
            grid.add_row(f"  {name}", _plain(value))
    console.print(grid)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table, unless it is empty."""
    if not rows:
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    shown = Table(box=None, header_style="dim", padding=(0, 1), pad_edge=False)
    longest = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    # What is broken in the middle cannot be copied; only the last column may be long.
    is_whole = sum(longest[:-1]) + _GAP * len(columns) + _SHORTEST <= console.width
    for name in columns[:-1]:
        shown.add_column(name, overflow="fold", no_wrap=is_whole)
    shown.add_column(columns[-1], overflow="fold")  # an id that is cut off is of no use
    for row in rows:
        shown.add_row(*map(_plain, row))
    console.print()
    console.print(shown)


def _progress() -> "Progress":
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True)
    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _plain(text: str) -> str:
    """Keep what others wrote from being read as markup."""
    return text.replace("[", r"\[")
