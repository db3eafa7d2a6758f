"""The customers' file: a CSV is read line by line, and every line is a customer or has a reason.

A line is a row: what one line breaks cannot spoil the next, and files of any size need little
memory. The file may be UTF-8, with or without byte order mark, or cp1252, with `;` or `,`.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from bot.addresses import UnusableAddressError, mailbox, phone
from bot.inviting.repeats import Repeats
from flows.customer import Address, Basis, Contact, Customer

REQUIRED = ("customer", "phone", "email", "language", "basis")
_OWN = (*REQUIRED, "bucket", "account")
_LONGEST_LINE = 64 * 1024  # bytes
_LONGEST_FIELD = 500
_DEFAULT_LANGUAGE = "de"
_BOM = b"\xef\xbb\xbf"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_LANGUAGE = re.compile(r"([a-z]{2})([-_][a-z]{2})?")
# Control characters, and marks that nobody sees but that turn or hide text.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
# What a spreadsheet would run; a sign before a number is no formula.
_FORMULA = re.compile(r"[=@]|[+-](?![\d .,()/-]*$)")


class UnusableFileError(Exception):
    """The file as a whole cannot be read; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line that names a customer; the first line of a file is 1."""

    line: int
    customer: Customer


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that cannot be used, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Repeated(Rejected):
    """A line about a customer who stands further up in the same file."""


class _Unusable(ValueError):
    """The reason for which a line is rejected."""


def read_customers(stream: BinaryIO) -> Iterator[Row | Rejected]:
    """Read a file of customers (design 1.7), one line after the other; empty lines are skipped.

    Raises UnusableFileError before the first row if the header cannot be used.
    """
    lines = _lines(stream)
    header = _header(next(lines, None))
    with Repeats() as repeats:
        for n, line in lines:
            try:
                fields = _fields(line, header.delimiter)
                if any(fields):
                    yield _unless_repeated(Row(n, _customer(header.names, fields)), repeats)
            except (_Unusable, UnusableAddressError) as reason:
                yield Rejected(n, str(reason))


# --- Lines and fields -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Header:
    names: tuple[str, ...]
    delimiter: str


def _lines(stream: BinaryIO) -> Iterator[tuple[int, str | None]]:
    """Decode the lines and count them from 1; one that is too long is None.

    The first line that is not ASCII decides between UTF-8 and cp1252, which suits every byte.
    """
    encoding: str | None = None
    n = 0
    while raw := stream.readline(_LONGEST_LINE):
        n += 1
        is_whole = raw.endswith(b"\n") or len(raw) < _LONGEST_LINE
        while not is_whole and (rest := stream.readline(_LONGEST_LINE)):
            is_whole = rest.endswith(b"\n")
            raw = b""
        if n == 1 and raw.startswith(_BOM):
            raw, encoding = raw.removeprefix(_BOM), "utf-8"
        if encoding is None and not raw.isascii():
            encoding = "utf-8" if _is_utf8(raw) else "cp1252"
        yield n, raw.decode(encoding or "ascii", "replace").rstrip("\r\n") if raw else None


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _header(first: tuple[int, str | None] | None) -> _Header:
    if first is None:
        raise UnusableFileError(f"is empty; its first line must be {','.join(REQUIRED)}")
    line = first[1]
    if line is None or "\0" in line or "\ufffd" in line:
        raise UnusableFileError("is no CSV text in UTF-8 or cp1252")
    delimiter = ";" if ";" in line else ","
    try:
        names = tuple(field.lower().replace(" ", "_") for field in _fields(line, delimiter))
    except _Unusable as reason:
        raise UnusableFileError(f"line 1 {reason}") from None
    if missing := [name for name in REQUIRED if name not in names]:
        raise UnusableFileError(f"line 1 lacks {', '.join(missing)}; it needs {','.join(REQUIRED)}")
    for n, name in enumerate(names, start=1):
        if name and (name in names[: n - 1] or not _NAME.fullmatch(name)):
            raise UnusableFileError(f"line 1, column {n}: is named twice or not by a plain word")
    return _Header(names, delimiter)


def _fields(line: str | None, delimiter: str) -> list[str]:
    if line is None:
        raise _Unusable(f"is longer than {_LONGEST_LINE} bytes")
    try:
        row = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        raise _Unusable("has a quote that is not closed on its line") from None
    return [field.strip() for field in row]


# --- Customers ------------------------------------------------------------------------------------


def _customer(names: Sequence[str], fields: list[str]) -> Customer:
    if len(fields) < len(names) or any(fields[len(names) :]):
        raise _Unusable(f"has {len(fields)} fields where line 1 has {len(names)}")
    row = dict(zip(names, fields, strict=False))
    for name, field in row.items():
        _refuse_harmful(name, field)
    return Customer(
        number=_number(row["customer"]),
        language=_language(row["language"]),
        basis=_basis(row["basis"]),
        contacts=tuple(Contact(address) for address in _addresses(row)),
        attributes=tuple((n, f) for n, f in row.items() if n and f and n not in _OWN),
        bucket=row.get("bucket") or None,
        account=row.get("account") or None,
    )


def _refuse_harmful(name: str, field: str) -> None:
    if field and not name:
        raise _Unusable("has a value in a column without a name")
    if len(field) > _LONGEST_FIELD:
        raise _Unusable(f"{name}: is longer than {_LONGEST_FIELD} characters")
    if "\ufffd" in field:
        raise _Unusable(f"{name}: has a character in another encoding than the lines above")
    if _CONTROL.search(field):
        raise _Unusable(f"{name}: has a control character")
    if _FORMULA.match(field):
        raise _Unusable(f"{name}: looks like a formula")


def _number(field: str) -> str:
    if not field:
        raise _Unusable("customer: is missing")
    if not _NUMBER.fullmatch(field):
        raise _Unusable("customer: must be of letters, digits, and . _ / - between them")
    return field


def _addresses(row: dict[str, str]) -> Iterator[Address]:
    if not (row["phone"] or row["email"]):
        raise _Unusable("phone, email: one of them is needed")
    for name, read in (("phone", phone), ("email", mailbox)):
        if row[name]:
            try:
                yield read(row[name])
            except UnusableAddressError as reason:
                raise _Unusable(f"{name}: {reason}") from None


def _language(field: str) -> str:
    found = _LANGUAGE.fullmatch((field or _DEFAULT_LANGUAGE).lower())
    if found is None:
        raise _Unusable("language: must be a code such as de or en")
    return found[1]


def _basis(field: str) -> Basis | None:
    if not field:
        return None
    try:
        return Basis(field.lower())
    except ValueError:
        raise _Unusable(f"basis: must be {' or '.join(Basis)}, or empty") from None


def _unless_repeated(row: Row, repeats: Repeats) -> Row | Rejected:
    """Let the first line of a customer pass, and no address twice."""
    number = row.customer.number
    if above := repeats.line_of(f"customer:{number}"):
        return Repeated(row.line, f"customer {number} stands in line {above} already")
    addresses = [contact.address.uri for contact in row.customer.contacts]
    for uri in addresses:
        if above := repeats.line_of(uri):
            kind = "phone" if uri.startswith("tel:") else "email"
            return Rejected(row.line, f"{kind}: belongs to the customer of line {above} already")
    for key in (f"customer:{number}", *addresses):
        repeats.note(key, row.line)
    return row
