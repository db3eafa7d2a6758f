"""Lines of an operator's CSV: UTF-8 or cp1252, `;` or `,`, a line a row, cut wherever it may be."""

import csv
from collections.abc import Iterator


class UnusableLineError(ValueError):
    """The reason for which a line is rejected."""


def lines_of(body: bytes) -> Iterator[tuple[int, str]]:
    """Decode the lines and count them from 1; empty ones are skipped.

    The first line that is not ASCII decides between UTF-8 and cp1252: a file that was cut in the
    middle of a letter is still the UTF-8 that it began as.
    """
    encoding = "utf-8" if body.startswith(b"\xef\xbb\xbf") else None
    for n, raw in enumerate(body.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        if encoding is None and not raw.isascii():
            encoding = "utf-8" if _is_utf8(raw) else "cp1252"
        if raw.strip(b" \t;,"):
            yield n, raw.decode(encoding or "ascii", "replace")


def cells_of(line: str, delimiter: str) -> list[str]:
    """Cut a line into cells. Raises UnusableLineError for a quote that stays open."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        raise UnusableLineError("has a quote that is not closed on its line") from None


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
