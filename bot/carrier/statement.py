"""The operator's list of top-ups as a CSV file: every line a record or a reason.

column   also called                                                 example
id       topup_id, provider_id, vorgang, buchung                     T000123
credit   credit_id, description, beschreibung, referenz, reference   a text with the credit's id
status   zustand                                                     completed (if missing)
amount   megabytes, mb, menge, volumen                               600 or 600,0; -600 taken back
units    einheit                                                     MB (if missing)
bucket   bucket_id                                                   B-491713920011
phone    msisdn, number, rufnummer, telefon                          491713920011
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

from bot.carrier.bodies import signed_megabytes_of
from bot.carrier.carrier import CarrierError, Record, Standing
from bot.csv_lines import UnusableLineError, header_of, lines_of

_COLUMNS = {
    "id": "id topup_id provider_id vorgang buchung",
    "credit": "credit credit_id description beschreibung referenz reference",
    "status": "status zustand",
    "amount": "amount megabytes mb menge volumen",
    "units": "units einheit",
    "bucket": "bucket bucket_id",
    "phone": "phone msisdn number rufnummer telefon",
}
_NAMES = {name: column for column, names in _COLUMNS.items() for name in names.split()}
_STANDINGS = {
    "": Standing.BOOKED,
    "completed": Standing.BOOKED,
    "booked": Standing.BOOKED,
    "gebucht": Standing.BOOKED,
    "erledigt": Standing.BOOKED,
    "created": Standing.UNDER_WAY,
    "accepted": Standing.UNDER_WAY,
    "offen": Standing.UNDER_WAY,
    "failed": Standing.FAILED,
    "cancelled": Standing.FAILED,
    "fehlgeschlagen": Standing.FAILED,
    "storniert": Standing.FAILED,
}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_AMOUNT = re.compile(r"-?\d{1,9}([.,]\d{1,6})?")


class UnusableStatementError(CarrierError):
    """The file as a whole is no list of top-ups; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class StatementRejected:
    """A line that cannot be used, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A whole file, line by line."""

    records: tuple[Record, ...]
    rejected: tuple[StatementRejected, ...]


def read_statement(body: bytes) -> Statement:
    """Read a file. Raises UnusableStatementError."""
    lines = lines_of(BytesIO(body))
    try:
        header = header_of(lines)
    except UnusableLineError as reason:
        raise UnusableStatementError(str(reason)) from None
    columns = [_NAMES.get(name) for name in header.names]
    for wanted in ("id", "credit"):
        if columns.count(wanted) != 1:
            raise UnusableStatementError(f"line 1 must have one column {wanted}")
    records: list[Record] = []
    rejected: list[StatementRejected] = []
    for n, line in lines:
        try:
            records.append(_record(_cells(header.fields(line), columns)))
        except UnusableLineError as reason:
            rejected.append(StatementRejected(n, str(reason)))
    return Statement(tuple(records), tuple(rejected))


def _cells(fields: list[str], columns: list[str | None]) -> Mapping[str, str]:
    found = {name: cell for name, cell in zip(columns, fields, strict=True) if name and cell}
    for name, cell in found.items():
        if "\ufffd" in cell or "\0" in cell:
            raise UnusableLineError(f"{name}: cannot be decoded")
    return found


def _record(row: Mapping[str, str]) -> Record:
    if "id" not in row:
        raise UnusableLineError("id: is missing")
    standing = _STANDINGS.get(row.get("status", "").lower())
    if standing is None:
        raise UnusableLineError("status: is none of the words known here")
    found = _UUID.search(row.get("credit", ""))
    return Record(
        provider_id=row["id"],
        credit=UUID(found[0]) if found else None,
        standing=standing,
        megabytes=_megabytes(row),
        bucket=row.get("bucket"),
        phone=row.get("phone"),
    )


def _megabytes(row: Mapping[str, str]) -> int | None:
    text = row.get("amount")
    if text is None:
        return None
    if not _AMOUNT.fullmatch(text):
        raise UnusableLineError("amount: is no number")
    quantity = {"amount": float(text.replace(",", ".")), "units": row.get("units", "MB")}
    megabytes = signed_megabytes_of(quantity)
    if megabytes is None:
        raise UnusableLineError("units: are none known here")
    return megabytes
