"""Our credits against the operator's books: what differs is named, once, and rightly."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.carrier.carrier import Record, Standing
from bot.carrier.reconcile import Kind, Match
from bot.carrier.statement import UnusableStatementError, read_statement
from flows.credit import CreditState
from storage.reading import OwnedCredit
from tests.bot.carrier.ledger import PHONE, earned
from tests.cast import NOON

S = CreditState
LONG_AGO = NOON - timedelta(days=9)
VIDEO = earned("video", LONG_AGO)
OURS = OwnedCredit(VIDEO, "B-491713920011", (PHONE,))
THEIRS = Record("T1", VIDEO.id, Standing.BOOKED, 600, "B-491713920011", "491713920011")


def ours(
    state: CreditState, provider_id: str | None = None, at: datetime = LONG_AGO
) -> OwnedCredit:
    return replace(OURS, credit=replace(VIDEO, state=state, provider_id=provider_id, moved_at=at))


def compared(*records: Record, owned: OwnedCredit | None) -> Match:
    match = Match(NOON)
    match.put(records)
    match.compare([owned] if owned else [])
    match.close()
    return match


@pytest.mark.parametrize(
    ("owned", "records"),
    [
        pytest.param(ours(S.CONFIRMED, "T1"), [THEIRS], id="booked on both sides"),
        pytest.param(
            ours(S.CONFIRMED, "T1"), [Record("T1", VIDEO.id, Standing.BOOKED)], id="tells little"
        ),
        pytest.param(
            ours(S.CONFIRMED, "T1"),
            [replace(THEIRS, provider_id="T0", standing=Standing.FAILED), THEIRS],
            id="an attempt that failed before",
        ),
        pytest.param(ours(S.CONFIRMED), [THEIRS], id="settled by hand without their id"),
        pytest.param(ours(S.REVERSED, "T1"), [THEIRS], id="taken back by another record"),
    ],
)
def test_both_sides_agree(owned: OwnedCredit, records: list[Record]) -> None:
    match = compared(*records, owned=owned)

    assert (match.ok, match.matched) == (True, 1)


@pytest.mark.parametrize(
    ("owned", "records"),
    [
        pytest.param(ours(S.EARNED), [], id="not asked for yet"),
        pytest.param(
            ours(S.ACCEPTED, "T1"), [replace(THEIRS, standing=Standing.UNDER_WAY)], id="taken"
        ),
        pytest.param(ours(S.ACCEPTED, "T1", NOON), [THEIRS], id="booked a moment ago"),
        pytest.param(
            ours(S.CONFIRMED, "T1", NOON + timedelta(seconds=1)), [], id="after the list was read"
        ),
        pytest.param(
            ours(S.FAILED), [replace(THEIRS, standing=Standing.FAILED)], id="failed on both sides"
        ),
    ],
)
def test_what_is_under_way_is_no_difference(owned: OwnedCredit, records: list[Record]) -> None:
    match = compared(*records, owned=owned)

    assert (match.ok, match.matched, match.pending) == (True, 0, 1)


@pytest.mark.parametrize(
    ("owned", "records", "kind", "why"),
    [
        (ours(S.CONFIRMED, "T1"), [], Kind.MISSING, "the operator has no booking of it"),
        (
            ours(S.CONFIRMED, "T1"),
            [replace(THEIRS, standing=Standing.FAILED)],
            Kind.MISMATCH,
            "we hold it as confirmed, the operator as failed",
        ),
        (
            ours(S.CONFIRMED, "T1"),
            [replace(THEIRS, standing=Standing.UNDER_WAY)],
            Kind.MISMATCH,
            "we hold it as confirmed, the operator as under way",
        ),
        (
            ours(S.CONFIRMED, "T1"),
            [replace(THEIRS, megabytes=6000)],
            Kind.MISMATCH,
            "we ordered 600 MB, the operator has 6000 MB",
        ),
        (
            ours(S.CONFIRMED, "T1"),
            [replace(THEIRS, bucket="B-4")],
            Kind.MISMATCH,
            "it went into another bucket",
        ),
        (
            replace(ours(S.CONFIRMED, "T1"), bucket=None),
            [replace(THEIRS, phone="+49 171 3920012")],
            Kind.MISMATCH,
            "it went to another number",
        ),
        (
            ours(S.CONFIRMED, "T9"),
            [THEIRS],
            Kind.MISMATCH,
            "we know it as T9, the operator as T1",
        ),
        (
            ours(S.CONFIRMED, "T1"),
            [THEIRS, replace(THEIRS, provider_id="T2")],
            Kind.ORPHAN,
            "the credit is there twice",
        ),
        (
            ours(S.REJECTED),
            [THEIRS],
            Kind.MISMATCH,
            "we hold it as rejected, the operator as booked",
        ),
        (
            ours(S.EARNED),
            [replace(THEIRS, standing=Standing.UNDER_WAY)],
            Kind.MISMATCH,
            "we hold it as earned, the operator as under way",
        ),
        (None, [THEIRS], Kind.ORPHAN, "we have no such credit"),
        (None, [replace(THEIRS, credit=None)], Kind.ORPHAN, "it carries no credit id"),
    ],
)
def test_each_difference_is_named(
    owned: OwnedCredit | None, records: list[Record], kind: Kind, why: str
) -> None:
    match = compared(*records, owned=owned)

    assert [(found.kind, found.why) for found in match.deviations] == [(kind, why)]
    assert not match.ok


@pytest.mark.parametrize("state", [S.EARNED, S.FAILED, S.UNKNOWN, S.ACCEPTED])
def test_a_booking_that_only_they_know_can_be_taken_over(state: CreditState) -> None:
    match = compared(THEIRS, owned=ours(state))

    assert [found.is_repairable for found in match.deviations] == [True]


@pytest.mark.parametrize(
    ("state", "record"),
    [
        (S.REJECTED, THEIRS),
        (S.UNKNOWN, replace(THEIRS, megabytes=1)),
        (S.EARNED, replace(THEIRS, standing=Standing.UNDER_WAY)),
        (S.CONFIRMED, replace(THEIRS, megabytes=1)),
    ],
)
def test_what_is_not_plainly_ours_is_left_to_people(state: CreditState, record: Record) -> None:
    match = compared(record, owned=ours(state))

    assert [found.is_repairable for found in match.deviations] == [False]


def test_before_the_list_begins_nothing_is_missed() -> None:
    match = Match(NOON, since=NOON - timedelta(days=1))

    match.compare([ours(S.CONFIRMED, "T1")])

    assert match.ok


# --- As a file ----------------------------------------------------------------------------------

HEADER = "Vorgang;Status;Menge;Einheit;Beschreibung;Rufnummer\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_the_operators_file_says_the_same(encoding: str) -> None:
    text = HEADER + f"T1;gebucht;0,6;GB;Bonus für {VIDEO.id};0049171\n"

    statement = read_statement(text.encode(encoding))

    assert statement.rejected == ()
    assert statement.records == (Record("T1", VIDEO.id, Standing.BOOKED, 600, None, "0049171"),)


def test_a_line_that_cannot_be_used_is_named_and_the_next_is_read() -> None:
    text = (
        HEADER
        + f"T1;vielleicht;600;MB;{VIDEO.id};1\n"
        + f";gebucht;600;MB;{VIDEO.id};1\n"
        + "T3;gebucht;=1+1;MB;x;1\n"
        + 'T4;gebucht;600;"MB;x;1\n'
        + "T5;gebucht;600;Furlong;x;1\n"
        + "T6;gebucht;600;MB;ohne;1\n"
        + "T7;gebu"
    )

    statement = read_statement(text.encode())

    assert [(row.line, row.reason) for row in statement.rejected] == [
        (2, "status: is none of the words known here"),
        (3, "id: is missing"),
        (4, "amount: is no number"),
        (5, "has a quote that is not closed on its line"),
        (6, "units: are none known here"),
        (8, "has 2 fields where line 1 has 6"),
    ]
    assert [record.provider_id for record in statement.records] == ["T6"]


@pytest.mark.parametrize("text", ["", "a;b\n", "id;id;credit\n", "id\n"])
def test_a_file_without_the_columns_is_refused(text: str) -> None:
    with pytest.raises(UnusableStatementError):
        read_statement(text.encode())
