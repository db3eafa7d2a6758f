"""The call centre's export: a CSV of hotline contacts, every line a report or a reason.

    column      also called                                          example
    call_id     id, anruf-id, anrufid, vorgang                       C-4711 (may be missing)
    customer    customer_number, kunde, kundennummer                 100001
    phone       number, msisdn, rufnummer, telefon                   0171 39200-11 (if no customer)
    date        datum, tag                                           01.12.2026 (if not in start)
    start       begin, beginn, anrufbeginn, von                      01.12.2026 10:15:00
    end         ende, anrufende, bis                                 01.12.2026 10:18:03
    duration    duration_s, dauer, dauer_s, gesprächsdauer           183 or 183,0 or 00:03:03
    connected   verbunden, angenommen                                ja (if missing: yes)
    reason      reason_code, grund, grundcode, anliegen              bill
    direction   richtung                                             eingehend (if missing)
    incident_id incident, störung, störungs-id                       INC-9

UTF-8 or cp1252, `;` or `,`. A line is a row, so what one line breaks cannot spoil the next. Times
without a zone are wall time in Berlin. Cells are only ever read, so a formula is a text like any.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from bot.addresses import UnusableAddressError, phone
from bot.carrier.carrier import CarrierError
from bot.carrier.cloudevents import digest_of
from bot.carrier.feed import Report
from bot.carrier.happenings import HOTLINE_CALLED, UnreadableError, in_utc
from bot.csv_lines import Header, UnusableLineError, header_of, lines_of
from flows.calendar import at_wall
from flows.events import HotlineCalled

_SOURCE = "calls"
_ZONE = ZoneInfo("Europe/Berlin")
_LONGEST = 128

_COLUMNS = {
    "call_id": "call_id id anruf-id anrufid vorgang",
    "customer": "customer customer_number kunde kundennummer",
    "phone": "phone number msisdn rufnummer telefon",
    "date": "date datum tag",
    "start": "start begin beginn anrufbeginn von",
    "end": "end ende anrufende bis",
    "duration": "duration duration_s dauer dauer_s gesprächsdauer",
    "connected": "connected verbunden angenommen",
    "reason": "reason reason_code grund grundcode anliegen",
    "direction": "direction richtung",
    "incident_id": "incident_id incident störung störungs-id",
}
_NAMES = {name: column for column, names in _COLUMNS.items() for name in names.split()}
_YES = frozenset({"", "1", "ja", "j", "yes", "y", "true", "wahr", "x"})
_NO = frozenset({"0", "nein", "n", "no", "false", "falsch", "-"})
_INBOUND = frozenset({"", "in", "ein", "inbound", "eingehend"})
_OUTBOUND = frozenset({"out", "aus", "outbound", "ausgehend"})

_GERMAN_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T,]+(.+))?")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?Uhr)?")
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{2})")
_NUMBER = re.compile(r"\d{1,9}([.,]\d{1,6})?")


class UnusableCallsError(CarrierError):
    """The file as a whole is no export of calls; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class CallRow:
    """A line that reports a call; the first line of a file is 1."""

    line: int
    report: Report


@dataclass(frozen=True, slots=True)
class CallRejected:
    """A line that cannot be used, and why; the cell itself is not repeated."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Calls:
    """A whole file, line by line."""

    rows: tuple[CallRow, ...]
    rejected: tuple[CallRejected, ...]


def read_calls(body: bytes, key: bytes) -> Calls:
    """Read an export; `key` makes the ids of calls that have none. Raises UnusableCallsError."""
    lines = lines_of(BytesIO(body))
    try:
        header = header_of(lines)
    except UnusableLineError as reason:
        raise UnusableCallsError(str(reason)) from None
    columns = _columns(header)
    rows: list[CallRow] = []
    rejected: list[CallRejected] = []
    for n, line in lines:
        try:
            row = _cells(header.fields(line), columns)
            rows.append(CallRow(n, _report(row, key)))
        except (UnusableLineError, UnusableAddressError) as reason:
            rejected.append(CallRejected(n, str(reason)))
    return Calls(tuple(rows), tuple(rejected))


# --- Columns and cells --------------------------------------------------------------------------


def _columns(header: Header) -> list[str | None]:
    columns = [_NAMES.get(name) for name in header.names]
    known = [column for column in columns if column is not None]
    if len(known) != len(set(known)):
        raise UnusableCallsError("line 1 names a column twice")
    for alternatives in (("start",), ("customer", "phone"), ("duration", "end")):
        if not set(alternatives) & set(known):
            wanted = " or ".join(alternatives)
            raise UnusableCallsError(f"line 1 has no column {wanted}")
    return columns


def _cells(fields: list[str], columns: list[str | None]) -> Mapping[str, str]:
    found = {name: cell for name, cell in zip(columns, fields, strict=True) if name and cell}
    for name, cell in found.items():
        if "\ufffd" in cell:
            raise UnusableLineError(f"{name}: cannot be decoded")
        if len(cell) > _LONGEST or not cell.isprintable():
            raise UnusableLineError(
                f"{name}: is too long, or has characters that cannot be printed"
            )
    return found


# --- Calls --------------------------------------------------------------------------------------


def _report(row: Mapping[str, str], key: bytes) -> Report:
    start = _moment(row, "start")
    if start is None:
        raise UnusableLineError("start: is missing")
    end = _end(row, start)
    number = phone(row["phone"]).value if "customer" not in row and "phone" in row else None
    if (who := row.get("customer") or number) is None:
        raise UnusableLineError("customer: is missing, and so is the phone")
    id_ = row.get("call_id") or _keyed(key, _SOURCE, who, start.isoformat(), end.isoformat())
    call = HotlineCalled(
        at=start,
        call_id=id_,
        duration_s=int((end - start).total_seconds()),
        is_connected=_is(row, "connected", _YES, _NO),
        is_inbound=_is(row, "direction", _INBOUND, _OUTBOUND),
        reason=row.get("reason"),
        has_incident="incident_id" in row,
    )
    return Report(
        source=_SOURCE,
        id=id_,
        type=HOTLINE_CALLED,
        customer=row.get("customer"),
        at=start,
        what=call,
        # A plain hash of a phone number can be turned back by trying them all.
        digest=digest_of(HOTLINE_CALLED, _keyed(key, who), start, call),
        phone=number,
    )


def _keyed(key: bytes, *parts: str) -> str:
    return hmac.new(key, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()[:32]


def _end(row: Mapping[str, str], start: datetime) -> datetime:
    """Give the end: the start and the duration, or what the end's own column says."""
    if "duration" in row:
        return start + _duration(row["duration"])
    end = _moment(row, "end")
    if end is None:
        raise UnusableLineError("duration: is missing, and so is the end")
    if end < start and _TIME.fullmatch(row["end"]):
        end += timedelta(days=1)  # times without a day: the call went past midnight
    if end < start:
        raise UnusableLineError("end: lies before the start")
    return end


def _duration(text: str) -> timedelta:
    """Read seconds with either decimal sign, or m:ss, or h:mm:ss."""
    if _NUMBER.fullmatch(text):
        return timedelta(seconds=int(float(text.replace(",", "."))))
    if (parts := _CLOCK.fullmatch(text)) is None:
        raise UnusableLineError("duration: is neither seconds nor h:mm:ss")
    hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _moment(row: Mapping[str, str], name: str) -> datetime | None:
    """Read a moment, German or ISO 8601; a bare time needs the column with the date."""
    text = row.get(name)
    if text is None:
        return None
    if time := _TIME.fullmatch(text):
        text = f"{row.get('date', '')} {time[1]}:{time[2]}:{time[3] or '00'}"
    if day := _GERMAN_DAY.fullmatch(text):
        clock = _TIME.fullmatch(day[4] or "")
        if clock is None:
            raise UnusableLineError(f"{name}: has no time of day")
        text = f"{day[3]}-{day[2]:0>2}-{day[1]:0>2} {clock[1]:0>2}:{clock[2]}:{clock[3] or '00'}"
    try:
        at = datetime.fromisoformat(text)
        return in_utc(at_wall(at, _ZONE) if at.tzinfo is None else at, name)
    except (ValueError, OverflowError):
        raise UnusableLineError(f"{name}: is no date with a time") from None
    except UnreadableError as reason:
        raise UnusableLineError(str(reason)) from None


def _is(row: Mapping[str, str], name: str, yes: frozenset[str], no: frozenset[str]) -> bool:
    text = row.get(name, "").lower()
    if text not in yes | no:
        raise UnusableLineError(f"{name}: is none of the words known here")
    return text in yes
