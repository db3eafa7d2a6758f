"""The customers' file: a CSV is read line by line, and every line is a customer or has a reason.

A line is a row: what one line breaks cannot spoil the next, and files of any size need little
memory. The file may be UTF-8, with or without byte order mark, or cp1252, with `;` or `,`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from bot.addresses import UnusableAddressError, mailbox, phone
from bot.csv_lines import Header, UnusableLineError, header_of, lines_of
from bot.inviting.repeats import Repeats
from flows.customer import Address, Basis, Contact, Customer

REQUIRED = ("customer", "phone", "email", "language", "basis")
_OWN = (*REQUIRED, "bucket", "account")
_LONGEST_FIELD = 500
_DEFAULT_LANGUAGE = "de"
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


def read_customers(stream: BinaryIO) -> Iterator[Row | Rejected]:
    """Read a file of customers (design 1.7), one line after the other; empty lines are skipped.

    Raises UnusableFileError before the first row if the header cannot be used.
    """
    lines = lines_of(stream)
    header = _header(lines)
    with Repeats() as repeats:
        for n, line in lines:
            try:
                row = Row(n, _customer(header.names, header.fields(line)))
                yield _unless_repeated(row, repeats)
            except (UnusableLineError, UnusableAddressError) as reason:
                yield Rejected(n, str(reason))


def _header(lines: Iterator[tuple[int, str | None]]) -> Header:
    try:
        header = header_of(lines)
    except UnusableLineError as reason:
        raise UnusableFileError(f"{reason}; its first line must be {','.join(REQUIRED)}") from None
    if missing := [name for name in REQUIRED if name not in header.names]:
        raise UnusableFileError(f"line 1 lacks {', '.join(missing)}; it needs {','.join(REQUIRED)}")
    for n, name in enumerate(header.names, start=1):
        if name and (name in header.names[: n - 1] or not _NAME.fullmatch(name)):
            raise UnusableFileError(f"line 1, column {n}: is named twice or not by a plain word")
    return header


# --- Customers ------------------------------------------------------------------------------------


def _customer(names: Sequence[str], fields: list[str]) -> Customer:
    row = dict(zip(names, fields, strict=True))
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
        raise UnusableLineError("has a value in a column without a name")
    if len(field) > _LONGEST_FIELD:
        raise UnusableLineError(f"{name}: is longer than {_LONGEST_FIELD} characters")
    if "\ufffd" in field:
        raise UnusableLineError(f"{name}: has a character in another encoding than the lines above")
    if _CONTROL.search(field):
        raise UnusableLineError(f"{name}: has a control character")
    if _FORMULA.match(field):
        raise UnusableLineError(f"{name}: looks like a formula")


def _number(field: str) -> str:
    if not field:
        raise UnusableLineError("customer: is missing")
    if not _NUMBER.fullmatch(field):
        raise UnusableLineError("customer: must be of letters, digits, and . _ / - between them")
    return field


def _addresses(row: dict[str, str]) -> Iterator[Address]:
    if not (row["phone"] or row["email"]):
        raise UnusableLineError("phone, email: one of them is needed")
    for name, read in (("phone", phone), ("email", mailbox)):
        if row[name]:
            try:
                yield read(row[name])
            except UnusableAddressError as reason:
                raise UnusableLineError(f"{name}: {reason}") from None


def _language(field: str) -> str:
    found = _LANGUAGE.fullmatch((field or _DEFAULT_LANGUAGE).lower())
    if found is None:
        raise UnusableLineError("language: must be a code such as de or en")
    return found[1]


def _basis(field: str) -> Basis | None:
    if not field:
        return None
    try:
        return Basis(field.lower())
    except ValueError:
        raise UnusableLineError(f"basis: must be {' or '.join(Basis)}, or empty") from None


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
