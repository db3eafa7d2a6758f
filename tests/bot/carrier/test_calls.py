"""The call centre's export: German dialects, cut files, and lines that are no calls."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.carrier.calls import CallRejected, Calls, UnusableCallsError, read_calls
from bot.carrier.feed import Report
from flows.events import HotlineCalled
from tests.cast import NOON

KEY = b"a key of this installation"
ENGLISH = "call_id,customer,start,duration,connected,reason\n"
GERMAN = "Anruf-ID;Kundennummer;Datum;Beginn;Ende;Dauer;Verbunden;Grund;Richtung;Störung\n"
CALL = HotlineCalled(at=NOON, call_id="C-1", duration_s=183, reason="bill")


def only(text: str | bytes) -> Report:
    """Read a file that must hold one good line."""
    found = read_calls(text.encode() if isinstance(text, str) else text, KEY)
    assert found.rejected == ()
    (row,) = found.rows
    return row.report


def why(line: str, header: str = ENGLISH) -> str:
    """Read a file whose one line must be rejected."""
    found = read_calls((header + line).encode(), KEY)
    assert found.rows == ()
    (rejected,) = found.rejected
    assert rejected.line == 2
    return rejected.reason


def test_an_english_line_is_a_report() -> None:
    found = only(ENGLISH + "C-1,100001,2026-12-01T12:00:00+01:00,183,yes,bill\n")

    assert (found.source, found.id, found.customer) == ("calls", "C-1", "100001")
    assert found.what == CALL


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_german_line_is_the_same_report(encoding: str, newline: str) -> None:
    text = GERMAN + "C-1;100001;01.12.2026;12:00:00;12:03:03;183,0;ja;bill;eingehend;\n"

    assert only(text.replace("\n", newline).encode(encoding)).what == CALL


@pytest.mark.parametrize(
    ("start", "at"),
    [
        ("01.12.2026 12:00", NOON),
        ("1.12.2026 12:00:00", NOON),
        ("2026-12-01 12:00:00", NOON),
        ("2026-12-01T11:00:00Z", NOON),
        ("01.07.2026 12:00 Uhr", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("29.03.2026 02:30", datetime(2026, 3, 29, 1, tzinfo=UTC)),  # skipped by summer time
    ],
)
def test_a_time_without_a_zone_is_wall_time_in_berlin(start: str, at: datetime) -> None:
    assert only(ENGLISH + f"C-1,100001,{start},183,,\n").at == at


@pytest.mark.parametrize(
    ("duration", "seconds"), [("183", 183), ('"183,9"', 183), ("3:03", 183), ("00:03:03", 183)]
)
def test_a_duration_is_read_as_people_write_it(duration: str, seconds: int) -> None:
    found = only(ENGLISH + f"C-1,100001,2026-12-01T12:00+01:00,{duration},,\n")

    assert isinstance(found.what, HotlineCalled)
    assert found.what.duration_s == seconds


def test_a_call_past_midnight_ends_on_the_next_day() -> None:
    found = only("customer;date;start;end\n100001;01.12.2026;23:59:00;00:01:00\n")

    assert isinstance(found.what, HotlineCalled)
    assert found.what.duration_s == 120


def test_what_was_not_connected_inbound_or_free_of_incident_is_kept() -> None:
    text = GERMAN + "C-1;100001;01.12.2026;12:00;;60;nein;bill;ausgehend;INC-1\n"

    what = only(text.encode("cp1252")).what

    assert isinstance(what, HotlineCalled)
    assert (what.is_connected, what.is_inbound, what.has_incident) == (False, False, True)


def test_a_line_may_name_a_phone_instead_of_a_customer() -> None:
    found = only("rufnummer;start;dauer\n0171 39200-11;01.12.2026 12:00;60\n")

    assert (found.customer, found.phone) == (None, "+491713920011")
    assert "3920011" not in found.id


def test_a_call_without_an_id_gets_the_same_one_each_time_and_nobody_else_can_make_it() -> None:
    text = b"customer;start;dauer\n100001;01.12.2026 12:00;60\n"

    first, second = only(text), only(text)
    other = read_calls(text, b"another key").rows[0].report

    assert first == second
    assert first.id != other.id
    assert first.digest != other.digest


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("C-1,100001,2026-12-01T12:00", "has 3 fields where line 1 has 6"),
        ("C-1,100001,2026-12-01T12:00,1,,,,extra", "has 8 fields where line 1 has 6"),
        ('C-1,"100001,2026-12-01T12:00,1,,', "has a quote that is not closed on its line"),
        ("C\0-1,100001,2026-12-01T12:00,1,,", "has a NUL character"),
        ("C-1,,2026-12-01T12:00,1,,", "customer: is missing, and so is the phone"),
        ("C-1,100001,,1,,", "start: is missing"),
        ("C-1,100001,01.12.1926 12:00,1,,", "start: lies outside the years 2000 to 2099"),
        ("C-1,100001,31.02.2026 12:00,1,,", "start: is no date with a time"),
        ("C-1,100001,01.12.2026,1,,", "start: has no time of day"),
        ("C-1,100001,12:00,1,,", "start: is no date with a time"),
        ("C-1,100001,yesterday,1,,", "start: is no date with a time"),
        ("C-1,100001,2026-12-01T12:00,,,", "duration: is missing, and so is the end"),
        ("C-1,100001,2026-12-01T12:00,long,,", "duration: is neither seconds nor h:mm:ss"),
        ("C-1,100001,2026-12-01T12:00,-5,,", "duration: is neither seconds nor h:mm:ss"),
        ("C-1,100001,2026-12-01T12:00,1,maybe,", "connected: is none of the words known here"),
        (
            f"C-1,{'9' * 129},2026-12-01T12:00,1,,",
            "customer: is too long, or has characters that cannot be printed",
        ),
    ],
)
def test_a_line_that_is_no_call_is_rejected_with_its_reason(line: str, reason: str) -> None:
    assert why(line) == reason


def test_an_end_before_its_start_is_rejected() -> None:
    line = "100001;01.12.2026 12:00;01.12.2026 11:00"

    assert why(line, "customer;start;end\n") == "end: lies before the start"


def test_a_number_that_is_none_is_rejected() -> None:
    assert why("12;01.12.2026 12:00;9", "phone;start;duration\n") == "is no phone number"


def test_a_formula_is_a_text_like_any() -> None:
    found = only(ENGLISH + "C-1,100001,2026-12-01T12:00+01:00,183,,\"=cmd|' /C calc'!A0\"\n")

    assert isinstance(found.what, HotlineCalled)
    assert found.what.reason == "=cmd|' /C calc'!A0"


def test_a_file_that_was_cut_loses_only_its_last_line() -> None:
    line = "C-{};100001;01.12.2026;12:00:00;;60;ja;bill;eingehend;Störung Süd\n"
    whole = (GERMAN + "".join(line.format(n) for n in range(5))).encode()
    cut = whole[: -len("d\n") - 1]  # in the middle of a letter

    found = read_calls(cut, KEY)

    assert [row.line for row in found.rows] == [2, 3, 4, 5]
    assert found.rejected == (CallRejected(6, "incident_id: cannot be decoded"),)


def test_ten_thousand_bad_lines_are_ten_thousand_reasons() -> None:
    text = ENGLISH + "x\n" * 10_000 + "C-1,100001,2026-12-01T12:00+01:00,183,yes,bill\n"

    found = read_calls(text.encode(), KEY)

    assert len(found.rejected) == 10_000
    assert found.rows[0].report.what == CALL


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n ;;\n", "is empty"),
        (b"customer;duration\n", "line 1 has no column start"),
        (b"start;duration\n", "line 1 has no column customer or phone"),
        (b"start;customer\n", "line 1 has no column duration or end"),
        (b"start;beginn;kunde;dauer\n", "line 1 names a column twice"),
        (b'start;"kunde;dauer\n', "line 1 has a quote that is not closed on its line"),
        ("start;kunde;dauer\n".encode("utf-16"), "is no CSV text in UTF-8 or cp1252"),
        (b"PK\x03\x04\0\0", "is no CSV text in UTF-8 or cp1252"),
    ],
)
def test_a_file_that_is_no_export_is_refused_as_a_whole(body: bytes, reason: str) -> None:
    with pytest.raises(UnusableCallsError, match=f"^{reason}$"):
        read_calls(body, KEY)


@given(st.binary(max_size=300))
def test_whatever_follows_a_header_is_rows_and_reasons(body: bytes) -> None:
    found = read_calls(ENGLISH.encode() + body, KEY)

    assert isinstance(found, Calls)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001  wall time
    st.integers(0, 100_000),
)
def test_a_german_date_comes_back_as_the_same_moment(wall: datetime, seconds: int) -> None:
    wall = wall.replace(microsecond=0)
    german = only(ENGLISH.replace(",", ";") + f"C;1;{wall:%d.%m.%Y %H:%M:%S};{seconds};;\n")
    iso = only(ENGLISH + f"C,1,{wall.isoformat()},{seconds},,\n")

    assert german == iso
    assert isinstance(german.what, HotlineCalled)
    assert timedelta(seconds=german.what.duration_s) == timedelta(seconds=seconds)
