"""The journal: what happened is read back as it was, and a changed row is found."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.turns.journal import entry, event_of, first_broken, recompute
from flows.advance import advance
from flows.customer import Channel
from flows.events import Event, Feed, Invited
from flows.intent import Intent, Remark
from flows.journey import Journey
from storage.reading import JournalRow
from tests.cast import NOON, TERMS

moments = st.builds(
    lambda minutes, hours: (NOON + timedelta(minutes=minutes)).astimezone(
        timezone(timedelta(hours=hours))
    ),
    st.integers(0, 600_000),
    st.integers(-12, 14),
)
VALUES: dict[str, st.SearchStrategy[object]] = {
    "at": moments,
    "known_at": st.none(),
    "is_held_out": st.just(value=False),
    "slot": st.sampled_from(["calendar", "hotline", "portal"]),
    "watermarks": st.lists(st.tuples(st.sampled_from(Feed), moments), max_size=2).map(tuple),
    "intent": st.sampled_from(Intent),
    "channel": st.sampled_from(Channel),
    "language": st.sampled_from(["de", "en"]),
    "version": st.just(TERMS.version),
    "voided": st.lists(st.sampled_from(["video", "app"]), max_size=2).map(tuple),
    "step": st.sampled_from(["registration", "video", "app", "streak"]),
    "share": st.floats(0, 1),
    "call_id": st.sampled_from("abc"),
    "duration_s": st.integers(0, 600),
    "reason": st.sampled_from(["bill", "fault", "other"]),
    "usable_until": st.none() | moments,
    "topic": st.none() | st.text(max_size=9),
    "offered": st.lists(st.text(max_size=9), max_size=3).map(tuple),
    "pick": st.none() | st.integers(1, 3),
    "remark": st.none() | st.sampled_from(Remark),
}


def an_event(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Make events of a kind: what is not named above is text, or true or false."""
    values = {
        field.name: VALUES.get(
            field.name, st.booleans() if "bool" in str(field.type) else st.text()
        )
        for field in fields(kind)
    }
    return st.builds(kind, **values)


# By name: of a class with slots, the one without them may still be there.
KINDS = {kind.__name__: kind for kind in Event.__subclasses__()}
events = st.one_of(*map(an_event, KINDS.values()))


def journal(happened: list[Event]) -> tuple[JournalRow, ...]:
    """Write a journal of these events."""
    rows: list[JournalRow] = []
    for n, event in enumerate(happened, start=1):
        tail = rows[-1].hash if rows else b""
        row = entry("100001", n=n, tail=tail, event=event, source="test", effects=())
        at, known_at = row.at.astimezone(UTC), row.known_at.astimezone(UTC)  # as they are kept
        kept = (row.kind, row.body, row.source, row.effects, row.hash)
        rows.append(JournalRow(row.n, at, known_at, *kept))
    return tuple(rows)


@given(events)
def test_every_event_is_read_back_as_it_was(event: Event) -> None:
    [row] = journal([event])

    assert event_of(row) == event


@given(st.lists(events, max_size=12))
def test_a_journey_recomputed_from_its_journal_is_the_same_journey(happened: list[Event]) -> None:
    def step(journey: Journey, event: Event) -> Journey:
        return advance(journey, event, TERMS).journey

    lived = reduce(step, happened, Journey("100001", "en"))

    assert recompute("100001", "en", journal(happened), TERMS) == lived
    assert first_broken(journal(happened)) is None


CHANGES: list[dict[str, object]] = [
    {"body": "{}"},
    {"kind": "PortalUsed"},
    {"source": "somebody"},
    {"at": datetime(2027, 1, 1, tzinfo=UTC)},
    {"hash": b"x" * 32},
    {"n": 9},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
@given(st.lists(events, min_size=3, max_size=3))
def test_a_row_that_was_changed_is_found(change: dict[str, object], happened: list[Event]) -> None:
    rows = list(journal(happened))
    rows[1] = replace(rows[1], **change)  # type: ignore[arg-type]
    if rows[1] == journal(happened)[1]:
        return

    assert first_broken(rows) in (2, 9)


@given(st.lists(events, min_size=3, max_size=3))
def test_a_row_that_is_missing_is_noticed(happened: list[Event]) -> None:
    first, _, last = journal(happened)

    assert first_broken([first, last]) == 3


def test_what_an_event_led_to_is_named() -> None:
    invited = Invited(at=NOON)

    row = entry(
        "100001",
        n=1,
        tail=b"",
        event=invited,
        source="manager",
        effects=advance(Journey("100001"), invited, TERMS).effects,
    )

    assert row.effects == "Say Invitation, Wake invitation_reminder"
