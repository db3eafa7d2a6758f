"""A CSV from elsewhere, line by line: UTF-8 or cp1252, `;` or `,`, cut wherever it may be.

A line is a row: what one line breaks cannot spoil the next, and files of any size need little
memory.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_LONGEST_LINE = 64 * 1024  # bytes
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t;,\r\n"


class UnusableLineError(ValueError):
    """The reason for which a line is rejected."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the first line names its columns: small letters, `_` for a space."""

    names: tuple[str, ...]
    delimiter: str

    def fields(self, line: str | None) -> list[str]:
        """Cut a line into as many fields as there are columns. Raises UnusableLineError."""
        fields = _fields(line, self.delimiter)
        if len(fields) < len(self.names) or any(fields[len(self.names) :]):
            raise UnusableLineError(f"has {len(fields)} fields where line 1 has {len(self.names)}")
        return fields[: len(self.names)]


def lines_of(stream: BinaryIO) -> Iterator[tuple[int, str | None]]:
    """Decode the lines and count them from 1: empty ones are skipped, one too long is None.

    The first line that is not ASCII decides between UTF-8 and cp1252, which suits every byte: a
    file that was cut in the middle of a letter is still the UTF-8 that it began as.
    """
    encoding: str | None = None
    for n, raw in enumerate(_raw(stream), start=1):
        if n == 1 and raw.startswith(_BOM):
            raw, encoding = raw.removeprefix(_BOM), "utf-8"  # noqa: PLW2901 - it is no part of it
        if encoding is None and not raw.isascii():
            encoding = "utf-8" if _is_utf8(raw) else "cp1252"
        if not raw:
            yield n, None
        elif raw.strip(_BLANK):
            yield n, raw.decode(encoding or "ascii", "replace").rstrip("\r\n")


def header_of(lines: Iterator[tuple[int, str | None]]) -> Header:
    """Read the first line. Raises UnusableLineError, whose words are about the file as a whole."""
    first = next(lines, None)
    if first is None:
        raise UnusableLineError("is empty")
    line = first[1]
    if line is None or "\0" in line or "\ufffd" in line:
        raise UnusableLineError("is no CSV text in UTF-8 or cp1252")
    delimiter = ";" if ";" in line else ","
    try:
        names = _fields(line, delimiter)
    except UnusableLineError as reason:
        raise UnusableLineError(f"line 1 {reason}") from None
    return Header(tuple(name.lower().replace(" ", "_") for name in names), delimiter)


def _raw(stream: BinaryIO) -> Iterator[bytes]:
    """Cut into lines; of one that is too long nothing is kept."""
    while raw := stream.readline(_LONGEST_LINE):
        is_whole = raw.endswith(b"\n") or len(raw) < _LONGEST_LINE
        while not is_whole and (rest := stream.readline(_LONGEST_LINE)):
            is_whole = rest.endswith(b"\n")
            raw = b""
        yield raw


def _fields(line: str | None, delimiter: str) -> list[str]:
    if line is None:
        raise UnusableLineError(f"is longer than {_LONGEST_LINE} bytes")
    if "\0" in line:  # PostgreSQL keeps none
        raise UnusableLineError("has a NUL character")
    try:
        row = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        raise UnusableLineError("has a quote that is not closed on its line") from None
    return [field.strip() for field in row]


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
